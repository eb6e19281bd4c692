"""Cells that were run a second time, as tests/verified.py compared them."""

import pandas as pd

from hypergan.data.datasets import DATASETS
from hypergan.experiments.methods import title_of
from hypergan.figures.tables import Table
from hypergan.paths import PROJECT

COMPARED = PROJECT / "data" / "bench" / "verified.csv"


def read() -> pd.DataFrame:
    """One row per cell: how many metrics there are, and how many come out again."""
    return pd.read_csv(COMPARED)


def table(compared: pd.DataFrame) -> Table:
    """Each cell with how it was made anew, its metrics within tolerances, and one of them."""
    within = compared["within"].astype(str) + " of " + compared["metrics"].astype(str)
    frame = pd.DataFrame(
        {
            "seed": compared["seed"].astype(str),
            "the published record was": compared["made"].mask(
                compared["identical"], "made alike and is identical"
            ),
            "metrics within tolerances": within,
            "metric": compared["metric"],
            "published": compared["published"].map("{:g}".format),
            "again": compared["again"].map("{:g}".format),
        }
    )
    frame.index = pd.MultiIndex.from_arrays(
        [
            compared["method"].map(title_of),
            compared["dataset"].map(lambda name: DATASETS[name].title),
        ],
        names=["method", "data set"],
    )
    return Table(frame, "Cells of full that were run a second time.", name="verified")
