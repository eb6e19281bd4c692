"""The records behind a table: those that are there, and how to make the others."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import reduce
from itertools import product
from operator import getitem

import pandas as pd

from hypergan import records
from hypergan.errors import RecordError
from hypergan.intervals import interval
from hypergan.records import Cell, Record

NAMES = {
    "hypergan": "HyperGAN",
    "apd": "APD",
    "sgld": "SGLD",
    "mnf": "MNF",
    "mc-dropout": "MC dropout",
    "ensemble": "standard ensemble",
    "ensemble-normal-init": "standard ensemble, as released",
}
"""Methods as tables call them."""

NOT_RUN, NONE = "not run", "–"
"""In a cell without a record, and without this number in its records."""

Measure = Callable[[Record], float]
"""A number of a record; a KeyError where it has none."""


def metric(*keys: str) -> Measure:
    """The measure at some keys of the metrics."""
    return lambda record: float(reduce(getitem, keys, record.metrics))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Collection:
    """Records of some methods on some data sets.

    Attributes:
        found: Records by method and data set, in the order of their seeds.
        missing: Cells without a record that can be shown, each with its state.
    """

    found: dict[tuple[str, str], list[Record]]
    missing: dict[Cell, str]

    @property
    def records(self) -> list[Record]:
        """All of them."""
        return [record for each in self.found.values() for record in each]

    @property
    def stand_in(self) -> bool:
        """Whether some numbers come from embedded stand-ins."""
        return any(record.stand_in for record in self.records)

    def values(self, method: str, dataset: str, measure: Measure) -> list[float]:
        """A number of each record that has it, by seed; none where nothing was run."""
        found = []
        for record in self.found.get((method, dataset), []):
            with suppress(KeyError):
                found.append(measure(record))
        return found

    def text(self, method: str, dataset: str, measure: Measure) -> str:
        """The mean over seeds with its interval, or that there is none."""
        values = self.values(method, dataset, measure)
        if values:
            return str(interval(values))
        return NONE if (method, dataset) in self.found else NOT_RUN

    def not_run(self) -> pd.DataFrame:
        """The cells without a record that can be shown, and the commands that make one."""
        rows = [
            {"method": NAMES.get(cell.method, cell.method), "data set": cell.dataset,
             "seed": cell.seed, "state": state,
             "run it with": cell.command + " --force" * (state != NOT_RUN)}
            for cell, state in self.missing.items()
        ]  # fmt: skip
        columns = ["method", "data set", "seed", "state", "run it with"]
        return pd.DataFrame(rows, columns=columns).set_index(["method", "data set"])


def collect(
    methods: Iterable[str],
    datasets: Iterable[str],
    profile: str = "lite",
    seed: int | None = None,
) -> Collection:
    """Look for records in ``runs/`` and among the published ones; nothing is run.

    Args:
        methods: Methods' names.
        datasets: Data sets' names.
        profile: Profile's name.
        seed: Look at this seed alone; by default at every seed that has a record.

    Returns:
        What there is. A method without any record of a data set is missing with one cell; a record
        that is damaged or not of today's settings is missing with its own.
    """
    found: dict[tuple[str, str], list[Record]] = {}
    missing: dict[Cell, str] = {}
    for method, dataset in product(methods, datasets):
        first = Cell(method, dataset, seed or 0, profile)
        usable = []
        for own in [seed] if seed is not None else records.seeds(first):
            cell = replace(first, seed=own)
            try:
                record = records.find(cell)
            except RecordError:
                missing[cell] = "damaged or of other settings"
                continue
            if record is not None:
                usable.append(record[0])
        if usable:
            found[method, dataset] = usable
        elif first not in missing:
            missing[first] = NOT_RUN
    return Collection(found, missing)
