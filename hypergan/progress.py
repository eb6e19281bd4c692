"""Progress bars for long work, in a terminal, a notebook and a log."""

import os
import sys
from typing import Any

from tqdm import tqdm


def progress_bar(shown: bool, **options: Any) -> tqdm:
    """A bar with tqdm's options.

    In the environment ``TQDM_DISABLE=1`` silences all of them, ``TQDM_MININTERVAL`` sets the least
    seconds between two updates.
    """
    if not shown or sys.stderr is None:
        options["disable"] = True  # given as False, it would overrule the environment
    if "TQDM_MININTERVAL" not in os.environ:  # which tqdm reads itself
        options["mininterval"] = 0.5
    return tqdm(**options)
