"""The paper's own values, transcribed in ``data/paper``."""

from pathlib import Path

import pandas as pd

from hypergan.errors import DataError
from hypergan.paths import PROJECT

DECIMALS = 2
"""Of the accuracies in Table 2."""


def table(number: int) -> pd.DataFrame:
    """A table of the paper, one value per row.

    Raises:
        DataError: If it was not transcribed, or there is no checkout.
    """
    return pd.read_csv(transcribed(f"table{number}.csv"))


def accuracies(dataset: str) -> pd.DataFrame:
    """``accuracy`` and ``plus_minus`` of Table 2 on a data set, by ``method`` and ``networks``.

    Raises:
        DataError: As :func:`table` does.
    """
    rows = table(2)
    return rows[rows["dataset"] == dataset].set_index(["method", "networks"])


def reaches(own: float, printed: float) -> bool:
    """Whether an accuracy of ours is at or above one of the paper's, to the paper's decimals."""
    return round(printed - own, DECIMALS) <= 0


def transcribed(name: str) -> Path:
    """A file of ``data/paper``.

    Raises:
        DataError: If it was not transcribed, or there is no checkout.
    """
    path = PROJECT / "data" / "paper" / name
    if not path.exists():
        raise DataError(f"there is no {path}; work in a checkout of the project's repository")
    return path
