"""What killed runs left behind and nothing will use again."""

from itertools import chain
from pathlib import Path

from hypergan.experiments import records
from hypergan.experiments.cells import outdated
from hypergan.paths import PART, PROJECT, abandoned, downloads, published, runs


def leftovers() -> list[Path]:
    """Files that were never finished, and the states of runs that have a record since.

    Locks stay: they are empty, and one that is deleted can be held by two.
    """
    below = (abandoned(folder, f"**/.*{PART}") for folder in (runs(), published(), downloads()))
    states = (outdated(path) for path in records.paths(runs()))
    return sorted({*chain(*below, *states), *abandoned(PROJECT)})
