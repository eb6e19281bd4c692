"""The paper's own values, transcribed in ``data/paper``."""

import pandas as pd

from hypergan.errors import DataError
from hypergan.paths import PROJECT


def table(number: int) -> pd.DataFrame:
    """A table of the paper, one value a row.

    Raises:
        DataError: If it was not transcribed, or the checkout is not there.
    """
    path = PROJECT / "data" / "paper" / f"table{number}.csv"
    if not path.exists():
        raise DataError(f"there is no {path}; work in a checkout of the project's repository")
    return pd.read_csv(path)
