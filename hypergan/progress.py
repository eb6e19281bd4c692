"""Progress bars for long work, in a terminal, a notebook and a log."""

from typing import Any

from tqdm import tqdm


def progress_bar(shown: bool, **options: Any) -> tqdm:
    """A bar with tqdm's options; ``TQDM_DISABLE=1`` in the environment silences all of them."""
    if not shown:
        options["disable"] = True  # given as False, it would overrule the environment
    return tqdm(mininterval=0.5, **options)
