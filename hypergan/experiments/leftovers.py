"""What killed runs left behind and nothing will use again."""

from itertools import chain
from pathlib import Path

from hypergan.data.downloads import UNFINISHED as DOWNLOADING
from hypergan.experiments import records
from hypergan.experiments.cells import outdated
from hypergan.paths import PROJECT, UNFINISHED, abandoned, downloads, published, runs


def leftovers() -> list[Path]:
    """Unfinished files, and the saved progress of runs that have since left a record.

    Locks stay: they are empty, and once one is deleted, two processes can hold it.
    """
    files = (abandoned(folder, f"**/{UNFINISHED}") for folder in (runs(), published()))
    states = (outdated(path) for path in records.paths(runs()))
    folders = abandoned(downloads(), DOWNLOADING)
    return sorted({*chain(*files, *states), *abandoned(PROJECT), *folders})
