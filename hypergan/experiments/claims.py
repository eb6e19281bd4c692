"""The claims ledger: what the paper says, judged from records by rules written beforehand.

``data/paper/claims.toml`` decides: a claim names what is measured, by a name of
:mod:`hypergan.experiments.measures`, what it is compared with and where the threshold lies.
"""

import json
import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import TypeAdapter, ValidationError

from hypergan.errors import DataError, SettingsError
from hypergan.experiments import records
from hypergan.experiments.intervals import Interval, interval
from hypergan.experiments.measures import Unmeasured, measure
from hypergan.experiments.paper import transcribed
from hypergan.experiments.records import Cell
from hypergan.experiments.state import state
from hypergan.experiments.values import STRICT, Count

Verdict = Literal["confirmed", "contradicted", "undecided", "not run"]
"""Undecided: the interval holds the threshold, or there are too few seeds."""

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

Values = dict[int, tuple[float, Path]]
"""A number and its record for each seed."""


@dataclass(frozen=True)
class Quantity:
    """What is measured of a method on a data set.

    Raises:
        SettingsError: If a name is unknown.
    """

    method: str
    dataset: str
    measure: str

    def __post_init__(self) -> None:
        """Refuse unknown names at once."""
        Cell(self.method, self.dataset)
        measure(self.measure)

    def values(self, profile: str, folders: Sequence[Path] | None) -> Values:
        """Value and record of each seed; a record that cannot be used is as good as none.

        Raises:
            SettingsError: If there is no such number in any record.
        """
        found: Values = {}
        some = Cell(self.method, self.dataset, profile=profile)
        for seed in records.seeds(some, folders):
            record = state(replace(some, seed=seed), folders).record
            if record is None or record.path is None or record.stand_in:
                continue
            try:
                found[seed] = measure(self.measure)(record), record.path
            except Unmeasured:
                continue
            except KeyError as error:
                raise SettingsError(
                    f"{self.measure!r} has {error.args[0]!r}, which {record.path} does not"
                ) from None
        return found


@dataclass(frozen=True)
class Claim:
    """A claim of the ledger.

    Attributes:
        id: Its name.
        claim: What the paper says, in our words.
        short: The same in at most five words, for the marks on the pages.
        place: Where it says so.
        quote: A few of its words.
        rule: The decision rule in words.
        history: When the rule was written or changed.
        method: Of what is measured.
        dataset: Of what is measured.
        measure: What is measured.
        seeds: The fewest that decide; where it is 1, one value decides without an interval.
        figure: Page of the book that shows it, and the anchor there.
        against: What is subtracted, one quantity after the other, each by what it does not share
            with what is measured: the claim is about each of them.
        above: Where the effect has to lie: above this number,
        below: or below this one,
        between: or between these two.
        unit: Of the effect.

    Raises:
        SettingsError: If a name is unknown, or there is not one threshold.
    """

    __pydantic_config__ = STRICT

    id: str
    claim: str
    short: str
    place: str
    quote: str
    rule: str
    history: str
    method: str
    dataset: str
    measure: str
    seeds: Count
    figure: str
    against: tuple[dict[Literal["method", "dataset", "measure"], str], ...] = ()
    above: float | None = None
    below: float | None = None
    between: tuple[float, float] | None = None
    unit: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be judged."""
        _ = self.quantities
        if [self.above, self.below, self.between].count(None) != 2:
            raise SettingsError("give it one of above, below and between")

    @property
    def quantities(self) -> list[Quantity]:
        """What is measured, then what is subtracted."""
        own = {"method": self.method, "dataset": self.dataset, "measure": self.measure}
        return [Quantity(**(own | other)) for other in ({}, *self.against)]

    @property
    def region(self) -> tuple[float, float]:
        """Where the effect has to lie."""
        if self.between is not None:
            return self.between
        low = -math.inf if self.above is None else self.above
        return low, math.inf if self.below is None else self.below

    @property
    def goal(self) -> str:
        """The same in words."""
        low, high = (f"{end:g}".replace("-", "−") for end in self.region)
        if self.between is not None:
            return f"between {low} and {high}"
        return f"> {low}" if self.below is None else f"< {high}"


_FORM = TypeAdapter(Claim)


@dataclass(frozen=True)
class Finding:
    """What the records say about a claim.

    Attributes:
        claim: The claim.
        verdict: One of :data:`VERDICTS`.
        effect: The measured quantity, less what it is compared with: of several the one that is
            hardest to beat among those that the verdict rests on. None without records.
        records: The records behind it.
        missing: Cells whose records it waits for.
    """

    claim: Claim
    verdict: Verdict
    effect: Interval | None
    records: tuple[Path, ...]
    missing: tuple[Cell, ...]


def all_claims() -> list[Claim]:
    """The claims as they were written down.

    Raises:
        DataError: If the checkout is not there, or a claim cannot be read; the message names it.
    """
    path = transcribed("claims.toml")
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path} is damaged ({error}); take it from git again") from error
    if not tables:
        raise DataError(f"{path} has no claims; take it from git again")
    return [read(name, table) for name, table in tables.items()]


def read(name: str, table: Any) -> Claim:
    """A claim from its table.

    Raises:
        DataError: If it is none; the message names the claim and the field.
    """
    try:
        return _FORM.validate_json(json.dumps({"id": name, **table}))
    except (TypeError, SettingsError) as error:
        raise DataError(f"claim {name}: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise DataError(f"claim {name}: {place}: {first['msg']}") from None


def evaluate(
    claim: Claim,
    profile: str = "lite",
    folders: Sequence[Path] | None = None,
    seed: int | None = None,
) -> Finding:
    """Judge a claim from the records that are there.

    A claim about several methods is confirmed if it is of each of them, contradicted if of one, and
    compares each over the seeds that it shares with what is measured.

    Args:
        claim: The claim.
        profile: Profile's name.
        folders: Where the records lie, the first folder first; by default ``runs/`` and then the
            published ones.
        seed: Look at this seed alone.
    """
    try:
        values = {quantity: quantity.values(profile, folders) for quantity in claim.quantities}
    except SettingsError as error:
        raise DataError(f"claim {claim.id}: {error}") from None
    if seed is not None:
        values = {
            name: {s: v for s, v in found.items() if s == seed} for name, found in values.items()
        }
    measured, *others = values.values()
    pairs: list[tuple[Values, ...]] = [(measured, other) for other in others] or [(measured,)]
    effects = [_effect(*pair) for pair in pairs]
    verdicts = [judge(effect, claim.region, claim.seeds) for effect in effects]
    weakest: tuple[Verdict, ...] = ("contradicted", "not run", "undecided")
    verdict: Verdict = next((v for v in weakest if v in verdicts), "confirmed")
    deciding = [e for e, each in zip(effects, verdicts, strict=True) if e and each == verdict]
    hardest = min if claim.below is None else max
    return Finding(
        claim,
        verdict,
        hardest(deciding, key=lambda effect: effect.mean, default=None),
        tuple(
            dict.fromkeys(
                found[s][1] for pair in pairs for found in pair for s in _common_seeds(*pair)
            )
        ),
        _missing(values, profile, claim.seeds) if seed is None else (),
    )


def _effect(measured: Values, *other: Values) -> Interval | None:
    """What is measured, less what it is compared with if anything, over the seeds of both."""
    seeds = _common_seeds(measured, *other)
    numbers = [measured[s][0] - sum(found[s][0] for found in other) for s in seeds]
    return interval(numbers) if numbers else None


def _common_seeds(*values: Values) -> list[int]:
    return sorted(set.intersection(*map(set, values)))


def judge(effect: Interval | None, region: tuple[float, float], seeds: int) -> Verdict:
    """The verdict on an effect.

    The claim is confirmed if the whole interval lies in the region, contradicted if none of it
    does.
    """
    if effect is None:
        return "not run"
    if effect.n < seeds:
        return "undecided"
    ends = (effect.mean, effect.mean) if effect.n == 1 else (effect.low, effect.high)
    low, high = region
    if low < ends[0] and ends[1] < high:
        return "confirmed"
    return "contradicted" if ends[1] <= low or ends[0] >= high else "undecided"


def _missing(values: dict[Quantity, Values], profile: str, seeds: int) -> tuple[Cell, ...]:
    """The cells that lack a record, of as many seeds as decide."""
    cells = (
        Cell(quantity.method, quantity.dataset, seed, profile)
        for quantity, by_seed in values.items()
        for seed in range(seeds)
        if seed not in by_seed
    )
    return tuple(dict.fromkeys(cells))
