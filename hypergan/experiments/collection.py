"""The records behind a page: those that are there, and how to make the others."""

import math
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal

from hypergan.errors import SettingsError
from hypergan.experiments import cells, records
from hypergan.experiments.intervals import Interval, interval
from hypergan.experiments.measures import Measure, bounds, measure
from hypergan.experiments.methods import compared
from hypergan.experiments.profiles import PUBLISHED
from hypergan.experiments.records import Cell, Record
from hypergan.experiments.state import state

NOT_RUN, NONE = "not run", "–"
"""In a cell without a record, and without this number in its records."""

Run = Literal["never", "smoke", "always"]


@dataclass(frozen=True)
class Collection:
    """Records of some methods, on one data set; on several until :meth:`on` takes one out.

    Attributes:
        records: Those that can be shown, in the order in which they were asked for.
        missing: Cells without a record that can be shown.
    """

    records: list[Record]
    missing: list[Cell]

    @property
    def stand_in(self) -> bool:
        """Whether some numbers come from embedded stand-ins."""
        return any(record.stand_in for record in self.records)

    @property
    def shown(self) -> dict[str, Record]:
        """The first record of each method, where there is room for one."""
        methods = dict.fromkeys(record.method for record in self.records)
        return {method: self.of(method)[0] for method in methods}

    def __add__(self, other: "Collection") -> "Collection":
        """Both."""
        return Collection(self.records + other.records, self.missing + other.missing)

    def on(self, dataset: str) -> "Collection":
        """What there is of a data set."""
        return Collection(
            [record for record in self.records if record.dataset == dataset],
            [cell for cell in self.missing if cell.dataset == dataset],
        )

    def of(self, method: str) -> list[Record]:
        """A method's records, one per seed."""
        return [record for record in self.records if record.method == method]

    def values(self, method: str, measured: str | Measure) -> list[float]:
        """A number of each of a method's records that has it; none where nothing was run."""
        number, found = measure(measured) if isinstance(measured, str) else measured, []
        for record in self.of(method):
            with suppress(KeyError):
                found.append(number(record))
        return found

    def mean(self, method: str, measured: str | Measure) -> Interval | str:
        """The mean over seeds with its interval, as a cell of a table, or that there is none."""
        if values := self.values(method, measured):
            return interval(values, bounds(measured) if isinstance(measured, str) else None)
        return NONE if self.of(method) else NOT_RUN


def require_parameters(profile: str, seed: int | None, seeds: str = "") -> list[int] | None:
    """Refuse a notebook's parameters before anything is drawn.

    Args:
        profile: Profile's name.
        seed: The seed to show; None for every one.
        seeds: Several, separated by spaces, in place of one.

    Returns:
        The seeds to show, in this order; None for every one.

    Raises:
        SettingsError: If there is no such profile, or a seed is none.
    """
    chosen: list[Any] = [] if seed is None else [seed]
    if words := str(seeds).replace(",", " ").split():
        if not all(word.isdecimal() for word in words):
            raise SettingsError(f'seeds has to be numbers such as "0 1 2", not {seeds!r}')
        chosen = [int(word) for word in words]
    for each in chosen or [0]:
        Cell("hypergan", "mnist", each, profile)
    return [*dict.fromkeys(chosen)] or None


def collect(
    methods: Iterable[str],
    datasets: Iterable[str],
    profile: str = PUBLISHED,
    seeds: Sequence[int] | None = None,
    *,
    run: Run = "never",
) -> Collection:
    """Look for records in ``runs/`` and among the published ones.

    Args:
        methods: Methods' names.
        datasets: Data sets' names.
        profile: Profile's name.
        seeds: Look at these alone; by default at every seed that has a record, and where a method
            has none, 0 is missing.
        run: Whether to run now what has no record: never, in the profile ``smoke`` alone, where it
            takes seconds, or always. It is said before, with the minutes that it takes.

    Returns:
        What there is. A record that is damaged or not of today's settings is missing.
    """
    found: list[Record] = []
    missing: list[Cell] = []
    chosen = [cell for pair in product(methods, datasets) for cell in _cells(*pair, profile, seeds)]
    if run in ("always", profile):
        lacking = [cell for cell in chosen if state(cell).record is None]
        if lacking:
            print(announced(lacking), file=sys.stderr, flush=True)
        for cell in lacking:
            cells.get(cell, progress=False)
    for cell in chosen:
        if record := state(cell).record:
            found.append(record)
        else:
            missing.append(cell)
    return Collection(found, missing)


def _cells(method: str, dataset: str, profile: str, seeds: Sequence[int] | None) -> list[Cell]:
    """The cells of some seeds, by default of every one that has a record, or else of 0."""
    some = Cell(method, dataset, profile=profile)
    every = (records.seeds(some) or [0]) if seeds is None else seeds
    return [replace(some, seed=seed) for seed in every]


def announced(lacking: Sequence[Cell]) -> str:
    """What is about to be run, and for how long, as far as records of other seeds tell."""
    minutes = [_minutes(cell) for cell in lacking]
    names = ", ".join(cell.path.with_suffix("").as_posix() for cell in lacking)
    known = [each for each in minutes if each is not None]
    takes = (
        f"about {math.ceil(sum(known))} min on one core" if known else "no record tells how long"
    )
    if 0 < len(known) < len(minutes):
        takes += f", and {len(minutes) - len(known)} of which no record tells"
    return f"Not run yet, and run now ({takes}): {names}"


def _minutes(cell: Cell) -> float | None:
    """What another seed of a cell took."""
    for other in _cells(cell.method, cell.dataset, cell.profile, None):
        if record := state(other).record:
            return record.wall_seconds / 60
    return None


def compare(
    dataset: str,
    seeds: Sequence[int] | None = None,
    profile: str = PUBLISHED,
    methods: Sequence[str] | None = None,
    *,
    run: Run = "smoke",
) -> Collection:
    """Methods beside each other on a data set. The first seed is the one shown.

    Args:
        dataset: Data set's name.
        seeds: As :func:`require_parameters` gives them.
        profile: Profile's name.
        methods: Methods' names, by default those of Table 2.
        run: See :func:`collect`.
    """
    return collect(methods or compared(), [dataset], profile, seeds, run=run)
