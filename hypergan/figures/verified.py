"""Cells that were run a second time, as tests/verified.py compared them."""

import pandas as pd

from hypergan.data.datasets import DATASETS
from hypergan.experiments.methods import title_of
from hypergan.figures.page import listed
from hypergan.figures.tables import Table
from hypergan.paths import PROJECT

COMPARED = PROJECT / "data" / "bench" / "verified.csv"


def read() -> pd.DataFrame:
    """One row per cell: how many metrics there are, and how many come out again."""
    return pd.read_csv(COMPARED)


def table(compared: pd.DataFrame) -> Table:
    """Each cell with how its record was made, its metrics within tolerances, and one of them."""
    frame = pd.DataFrame(
        {
            "record made": compared["made"].str.removeprefix("made "),
            "within": compared["within"].astype(str) + " of " + compared["metrics"].astype(str),
            "metric": compared["metric"],
            "record": compared["published"].map("{:g}".format),
            "again": compared["again"].map("{:g}".format),
        }
    )
    frame["record made"] = frame["record made"].mask(compared["identical"], "alike, identical")
    titles = compared["dataset"].map(lambda name: DATASETS[name].title)
    frame.index = pd.MultiIndex.from_arrays(
        [compared["method"].map(title_of), titles], names=["method", "data set"]
    )
    seeds = listed([*map(str, sorted(set(compared["seed"])))])
    caption = (
        f"Cells of full that were run a second time, seed {seeds}: how the published record was "
        "made, how many metrics are within their tolerances, and one of them in both."
    )
    return Table(frame, caption, name="verified")
