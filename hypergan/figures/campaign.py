"""Progress of the campaign: the cells of the profile ``full``, method by method."""

from collections import Counter
from collections.abc import Iterator

import pandas as pd

from hypergan.data.datasets import DATASETS
from hypergan.experiments.methods import METHODS, title_of
from hypergan.experiments.records import Cell
from hypergan.experiments.state import state
from hypergan.figures.tables import Table
from hypergan.paths import PROJECT, published

CELLS = PROJECT / "data" / "campaign" / "cells.txt"


def cells() -> Iterator[Cell]:
    """The cells in the order in which they are run; how many was fixed before the first."""
    for line in CELLS.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            method, dataset, seed = line.split()
            yield Cell(method, dataset, int(seed), "full")


def progress() -> Table:
    """How many of the planned seeds have a published record, by method and data set."""
    planned, done = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for cell in cells():
        planned[cell.method, cell.dataset] += 1
        done[cell.method, cell.dataset] += state(cell, [published()]).record is not None
    words = {pair: f"{done[pair]} of {planned[pair]}" for pair in planned}
    frame = pd.Series(words).unstack(sort=False).fillna("–")
    frame = frame.reindex(index=[name for name in METHODS if name in frame.index])
    frame = frame[[name for name in DATASETS if name in frame]].rename(index=title_of)
    caption = f"Seeds with a record in full: {done.total()} of {planned.total()} cells."
    return Table(frame.rename_axis("method"), caption, name="campaign")
