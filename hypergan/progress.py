"""Progress bars for terminals, notebooks and logs."""

import os
import sys
from typing import Any

from tqdm import tqdm


def progress_bar(shown: bool, **options: Any) -> tqdm:
    """A tqdm progress bar with the given options.

    The environment variable ``TQDM_DISABLE=1`` hides all bars; ``TQDM_MININTERVAL`` sets the
    minimum seconds between updates.
    """
    if not shown or sys.stderr is None:
        options["disable"] = True  # given as False, it would overrule the environment
    if "TQDM_MININTERVAL" not in os.environ:  # which tqdm reads itself
        options["mininterval"] = 0.5
    return tqdm(**options)
