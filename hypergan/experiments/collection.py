"""The records behind a page: those available, and how to make the missing ones."""

import math
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal

from hypergan.errors import SettingsError
from hypergan.experiments import cells, records
from hypergan.experiments.effects import Sample, effect
from hypergan.experiments.intervals import Interval, interval
from hypergan.experiments.measures import Measure, bounds, measure
from hypergan.experiments.methods import compared
from hypergan.experiments.profiles import PUBLISHED
from hypergan.experiments.records import Cell, Record
from hypergan.experiments.series import series
from hypergan.experiments.state import state

NOT_RUN, NONE = "not run", "–"
"""Shown in a table where nothing was run, and where the records lack the number."""

Run = Literal["never", "smoke", "always"]

TRIED = ("hypergan", "ensemble")
"""Methods that are enough to try a comparison in the profile ``smoke``."""


@dataclass(frozen=True)
class Collection:
    """Records of some methods, on one data set or on several, of which :meth:`on` picks one.

    Attributes:
        records: The usable records, in the order in which they were asked for.
        missing: Cells without a usable record.
    """

    records: list[Record]
    missing: list[Cell]

    @property
    def stand_in(self) -> bool:
        """Whether any numbers come from embedded stand-ins."""
        return any(record.stand_in for record in self.records)

    @property
    def shown(self) -> dict[str, Record]:
        """The first record of each method, for figures with room for only one."""
        methods = dict.fromkeys(record.method for record in self.records)
        return {method: self.of(method)[0] for method in methods}

    def __add__(self, other: "Collection") -> "Collection":
        """The records and missing cells of both."""
        return Collection(self.records + other.records, self.missing + other.missing)

    def on(self, dataset: str) -> "Collection":
        """The records and missing cells of one data set."""
        return Collection(
            [record for record in self.records if record.dataset == dataset],
            [cell for cell in self.missing if cell.dataset == dataset],
        )

    def on_cpu(self) -> "Collection":
        """The records made on a CPU, whose times compare with each other."""
        return replace(self, records=[record for record in self.records if record.on_cpu])

    def of(self, method: str) -> list[Record]:
        """A method's records, one per seed."""
        return [record for record in self.records if record.method == method]

    def values(self, method: str, measured: str | Measure) -> list[float]:
        """One number per record of a method, leaving out records without it."""
        number, found = measure(measured) if isinstance(measured, str) else measured, []
        for record in self.of(method):
            with suppress(KeyError):
                found.append(number(record))
        return found

    def average(self, method: str, measured: str | Measure) -> float | None:
        """The mean over seeds alone; None without values."""
        values = self.values(method, measured)
        return interval(values).mean if values else None

    def sample(self, method: str, measured: str) -> Sample | None:
        """A measure of a method's records; None if they lack it."""
        found = series(self.of(method), measured)
        return found.sample if found.values else None

    def difference(self, method: str, other: str, measured: str) -> Interval | None:
        """A measure of one method minus another's, over seeds and images; None if one lacks it.

        The seeds of two methods are not paired (Welch).
        """
        samples = self.sample(method, measured), self.sample(other, measured)
        if samples[0] is None or samples[1] is None:
            return None
        return effect(samples[0], samples[1], bounds=None).interval()

    def mean(self, method: str, measured: str | Measure) -> Interval | str:
        """The mean with its interval; else :data:`NOT_RUN` or :data:`NONE`.

        The interval is one over seeds and, for a measure by name, also over test images if each
        one's contribution is known.
        """
        if not isinstance(measured, str):
            if values := self.values(method, measured):
                return interval(values)
        elif sample := self.sample(method, measured):
            return effect(sample, bounds=bounds(measured)).interval()
        return NONE if self.of(method) else NOT_RUN


def require_parameters(profile: str, seed: int | None, seeds: str = "") -> list[int] | None:
    """Refuse a notebook's parameters before anything is drawn.

    Args:
        profile: Profile's name.
        seed: The seed to show; None for all.
        seeds: Several seeds, separated by spaces, instead of one.

    Returns:
        The seeds to show, in this order; None for all.

    Raises:
        SettingsError: If there is no such profile, or a seed is invalid.
    """
    chosen: list[Any] = [] if seed is None else [seed]
    if words := str(seeds).replace(",", " ").split():
        if not all(word.isdecimal() and len(word) < 20 for word in words):
            raise SettingsError(f'seeds are {seeds!r}; they must be numbers such as "0 1 2"')
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
        seeds: Only these; by default every seed that has a record, and for a method without any,
            seed 0 counts as missing.
        run: When to run cells without a record: never, only in the profile ``smoke``, where it
            takes seconds, or always. They are announced first, with the minutes they will take.

    Returns:
        The records found. One that is damaged or has other settings counts as missing.
    """
    found: list[Record] = []
    missing: list[Cell] = []
    chosen = [cell for pair in product(methods, datasets) for cell in _cells(*pair, profile, seeds)]
    if run == "always" or run == profile == "smoke":
        lacking = [cell for cell in chosen if state(cell).name in ("none", "begun")]
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
    """The cells of the given seeds; by default of all that have a record, or else of seed 0."""
    some = Cell(method, dataset, profile=profile)
    every = (records.seeds(some) or [0]) if seeds is None else seeds
    return [replace(some, seed=seed) for seed in every]


def announced(lacking: Sequence[Cell]) -> str:
    """The cells about to be run, and how long they will take, judging by other seeds."""
    names = ", ".join(cell.name for cell in lacking)
    takes = duration([_minutes(cell) for cell in lacking])
    return f"No record yet, so running now ({takes}): {names}"


def duration(minutes: Sequence[float | None]) -> str:
    """How long cells take on one core, in words; None is a cell that no one has run on a CPU."""
    known = [each for each in minutes if each is not None]
    if not known:
        return "duration unknown"
    unknown = len(minutes) - len(known)
    more = f", plus {unknown} of unknown duration" if unknown else ""
    return f"about {math.ceil(sum(known))} min on one core{more}"


def _minutes(cell: Cell) -> float | None:
    """What another seed of a cell took on a CPU."""
    for other in _cells(cell.method, cell.dataset, cell.profile, None):
        if (record := state(other).record) and record.on_cpu:
            return record.minutes
    return None


def compare(
    dataset: str,
    seeds: Sequence[int] | None = None,
    profile: str = PUBLISHED,
    methods: Sequence[str] | None = None,
    *,
    run: Run = "smoke",
) -> Collection:
    """Methods to compare on a data set. The first seed is the one shown.

    Args:
        dataset: Data set's name.
        seeds: As :func:`require_parameters` gives them.
        profile: Profile's name.
        methods: Methods' names, by default those of Table 2.
        run: See :func:`collect`; in ``smoke``, only :data:`TRIED` are run.
    """
    if run == profile == "smoke":
        collect(TRIED, [dataset], profile, seeds, run=run)
        run = "never"
    return collect(methods or compared(), [dataset], profile, seeds, run=run)
