"""What killed runs left behind and nothing will use again."""

from itertools import chain
from pathlib import Path

from hypergan.experiments import records
from hypergan.experiments.cells import outdated
from hypergan.paths import PART, PROJECT, abandoned, downloads, published, runs


def leftovers() -> list[Path]:
    """Unfinished files, and the saved progress of runs that have since left a record.

    Locks stay: they are empty, and once one is deleted, two processes can hold it.
    """
    below = (abandoned(folder, f"**/.*{PART}") for folder in (runs(), published(), downloads()))
    states = (outdated(path) for path in records.paths(runs()))
    return sorted({*chain(*below, *states), *abandoned(PROJECT)})
