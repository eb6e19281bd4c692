"""Progress bars for terminals, notebooks and logs."""

import os
import sys
from typing import Any

from hypergan.errors import SettingsError

try:
    from tqdm import tqdm
except ValueError as error:  # it takes its defaults from the environment
    found = ", ".join(name for name in sorted(os.environ) if name.startswith("TQDM_"))
    raise SettingsError(f"tqdm cannot read {found} ({error}); correct or unset them") from error


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
