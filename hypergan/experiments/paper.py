"""The paper's own values, transcribed in ``data/paper``."""

from pathlib import Path

import pandas as pd

from hypergan.errors import DataError
from hypergan.paths import PROJECT


def table(number: int) -> pd.DataFrame:
    """A table of the paper, one value per row.

    Raises:
        DataError: If it was not transcribed, or there is no checkout.
    """
    return pd.read_csv(transcribed(f"table{number}.csv"))


def transcribed(name: str) -> Path:
    """A file of ``data/paper``.

    Raises:
        DataError: If it was not transcribed, or there is no checkout.
    """
    path = PROJECT / "data" / "paper" / name
    if not path.exists():
        raise DataError(f"there is no {path}; work in a checkout of the project's repository")
    return path
