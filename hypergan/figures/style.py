"""What all figures share: their look, and where their numbers come from."""

from typing import Any

import matplotlib as mpl
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from hypergan.experiments.collection import NOT_RUN, Collection

PAPER, OURS = "paper", "ours"
SEE_COMMANDS = "not run: the commands are at the end of this page"
"""What a figure without records says, on a page that ends with the commands that make them."""

LINES: tuple[Any, ...] = ("-", "--", ":", "-.", (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1)))
"""Line styles, so that curves differ by more than their colour."""


def use_style() -> None:
    """The look of every figure, colour-blind safe and legible on a phone, and of tables."""
    pd.set_option("display.max_colwidth", None)  # or a command would lose its end
    pd.set_option("display.max_rows", None)  # or a table would lose its middle
    sns.set_theme(context="notebook", style="ticks", palette="colorblind")
    mpl.rcParams |= {
        "figure.constrained_layout.use": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "legend.frameon": False,
        "svg.hashsalt": "hypergan",  # the same figure is the same file
    }


def say_not_run(axes: Axes, y: float = 0.05, *, row: bool = False) -> None:
    """Say on a panel, or on a row of it at height ``y``, that there is no record to draw."""
    across = axes.get_yaxis_transform() if row else axes.transAxes
    axes.text(0.5, y, NOT_RUN, transform=across, ha="center", color="tab:red", fontsize="small")


def on(collection: Collection, before: str = " on ") -> str:
    """The data set, for pages with one figure per data set; empty without records."""
    return "".join(f"{before}{record.dataset}" for record in collection.records[:1])


def ours(collection: Collection) -> str:
    """Title of our columns, which says so if numbers come from stand-in data."""
    return f"{OURS}, on STAND-IN DATA" if collection.stand_in else OURS
