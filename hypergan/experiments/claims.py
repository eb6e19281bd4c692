"""The claims ledger: what the paper says, judged from records by rules written beforehand.

``data/paper/claims.csv`` decides: a row names what is measured, what it is compared with and where
the threshold lies. A measured quantity is written ``METHOD/DATASET STATISTIC ARGUMENTS``, with a
statistic of :data:`STATISTICS`.
"""

import csv
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from hypergan.data.datasets import CUBIC_LIMIT, CUBIC_NOISE
from hypergan.errors import DataError, HyperGANError, SettingsError
from hypergan.evaluation import predictive
from hypergan.experiments import collection, records
from hypergan.experiments.intervals import Interval, interval
from hypergan.experiments.paper import transcribed
from hypergan.experiments.records import Cell, Record
from hypergan.kinds import require_kinds

VERDICTS = ("confirmed", "contradicted", "undecided", "not run")
"""Undecided: the interval holds the threshold, or there are too few seeds."""


@dataclass(frozen=True)
class Claim:
    """A row of the ledger.

    Attributes:
        id: Its name.
        claim: What the paper says, in our words.
        place: Where it says so.
        quote: A few of its words.
        rule: The decision rule in words.
        measured: The measured quantity.
        comparison: ">", "<" or "between".
        threshold: A number; for "between" two.
        unit: Of the effect.
        seeds: The fewest that decide; where it is 1, one value decides without an interval.
        figure: Page of the book that shows it, and the anchor there.
        against: Quantities split by semicolons, each of which the claim is about.
    """

    id: str
    claim: str
    place: str
    quote: str
    rule: str
    measured: str
    against: str
    comparison: str
    threshold: str
    unit: str
    seeds: int
    figure: str

    @property
    def quantities(self) -> list["Quantity"]:
        """What is measured, then what is subtracted."""
        terms = [self.measured, *self.against.split(";")] if self.against else [self.measured]
        return [Quantity.parse(term) for term in terms]


Statistic = Callable[..., float]

Values = dict[int, tuple[float, Path]]
"""A number and its record for each seed."""


@dataclass(frozen=True)
class Quantity:
    """A statistic of a method on a data set."""

    method: str
    dataset: str
    statistic: str
    arguments: tuple[str, ...]

    @classmethod
    def parse(cls, term: str) -> "Quantity":
        """From how the ledger writes it.

        Raises:
            SettingsError: If there is no such statistic.
        """
        cell, statistic, *arguments = term.split()
        if statistic not in STATISTICS:
            known = ", ".join(STATISTICS)
            raise SettingsError(f"unknown statistic in {term!r}; choose one of {known}")
        method, dataset = cell.split("/")
        return cls(method, dataset, statistic, tuple(arguments))

    def values(self, profile: str, folders: Sequence[Path] | None) -> Values:
        """Value and record of each seed; a record that cannot be used is as good as none."""
        found: Values = {}
        statistic = STATISTICS[self.statistic]
        some = Cell(self.method, self.dataset, profile=profile)
        for seed in records.seeds(some, folders):
            try:
                record, path = records.find(replace(some, seed=seed), folders)  # type: ignore[misc]
                value = statistic(record, path, *self.arguments)
            except (HyperGANError, KeyError, TypeError, ValueError):  # null, or no number
                continue
            if not record.stand_in:
                found[seed] = value, path
        return found


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
    verdict: str
    effect: Interval | None
    records: tuple[Path, ...]
    missing: tuple[Cell, ...]


def all_claims() -> list[Claim]:
    """The claims as they were written down.

    Raises:
        DataError: If the checkout is not there, or the file has other columns or no whole rows.
    """
    path = transcribed("claims.csv")
    try:
        with path.open(newline="", encoding="utf-8") as file:
            claims = [Claim(seeds=int(row.pop("seeds")), **row) for row in csv.DictReader(file)]
        for claim in claims:
            require_kinds(Claim, vars(claim))
    except (KeyError, TypeError, ValueError, csv.Error, SettingsError) as error:
        columns = ", ".join(field.name for field in fields(Claim))
        raise DataError(
            f"{path} is damaged ({error}); its columns are {columns}: take it from git again"
        ) from error
    if not claims:
        raise DataError(f"{path} has no claims; take it from git again")
    return claims


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
    values = {quantity: quantity.values(profile, folders) for quantity in claim.quantities}
    if seed is not None:
        values = {
            name: {s: v for s, v in found.items() if s == seed} for name, found in values.items()
        }
    measured, *others = values.values()
    pairs: list[tuple[Values, ...]] = [(measured, other) for other in others] or [(measured,)]
    effects = [_effect(*pair) for pair in pairs]
    verdicts = [judge(effect, claim.comparison, claim.threshold, claim.seeds) for effect in effects]
    verdict = next(
        (v for v in ("contradicted", "not run", "undecided") if v in verdicts), "confirmed"
    )
    deciding = [e for e, each in zip(effects, verdicts, strict=True) if e and each == verdict]
    hardest = max if claim.comparison == "<" else min
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


def judge(effect: Interval | None, comparison: str, threshold: str, seeds: int) -> str:
    """The verdict on an effect.

    The claim is confirmed if the whole interval satisfies the comparison, contradicted if none of
    it does.
    """
    if effect is None:
        return "not run"
    if effect.n < seeds:
        return "undecided"
    ends = (effect.mean, effect.mean) if effect.n == 1 else (effect.low, effect.high)
    low, high = _region(comparison, threshold)
    if low < ends[0] and ends[1] < high:
        return "confirmed"
    return "contradicted" if ends[1] <= low or ends[0] >= high else "undecided"


def _region(comparison: str, threshold: str) -> tuple[float, float]:
    """Where an effect has to lie."""
    numbers = [float(number) for number in threshold.split()]
    if comparison == "between":
        low, high = numbers
        return low, high
    (number,) = numbers
    return {">": (number, math.inf), "<": (-math.inf, number)}[comparison]


def _missing(values: dict[Quantity, Values], profile: str, seeds: int) -> tuple[Cell, ...]:
    """The cells that lack a record, of as many seeds as decide."""
    cells = (
        Cell(quantity.method, quantity.dataset, seed, profile)
        for quantity, by_seed in values.items()
        for seed in range(seeds)
        if seed not in by_seed
    )
    return tuple(dict.fromkeys(cells))


# Statistics: a record, or the path of one for its arrays, and the arguments to a number.


def metric(record: Record, keys: str) -> float:
    """A number in the metrics, by its keys with slashes between them."""
    return collection.metric(*keys.split("/"))(record)


def attack(record: Record, kind: str, size: str, tested: str, measure: str) -> float:
    """A measure of the attacks on ensembles of a size, mean over all eps above 0.

    ``tested`` is "same" or "fresh": the networks attacked, or as many new ones.
    """
    by_eps = record.metrics["attacks"][kind][size][tested]
    return float(np.mean([row[measure] for eps, row in by_eps.items() if float(eps) > 0]))


def relative_norm_std(record: Record) -> float:
    """Standard deviation of a layer's norm over its mean, mean over the layers (Fig. 7)."""
    return float(np.mean([norm["std"] / norm["mean"] for norm in record.metrics["norms"].values()]))


def history(record: Record, column: str, when: str) -> float:
    """A column of the history, mean over the first tenth ("start") or the last ("end")."""
    values = [row[column] for row in record.history]
    tenth = max(1, len(values) // 10)
    return float(np.mean({"start": values[:tenth], "end": values[-tenth:]}[when]))


def memory(record: Record) -> float:
    """Peak memory in GB while training; of a record that tells no more, of the whole run."""
    told = [row["peak_memory_bytes"] for row in record.history if "peak_memory_bytes" in row]
    return float(max(told, default=record.peak_memory_bytes)) / 1e9


def log_likelihood(path: Path, where: str, size: str) -> float:
    """Log likelihood of a regression, mean over inputs "inside" or "outside" the data's interval.

    The mean over disjoint ensembles of ``size`` networks.
    """
    arrays = records.arrays(path)
    inside = abs(arrays["x"]) <= CUBIC_LIMIT
    chosen = {"inside": inside, "outside": ~inside}[where]
    predictions, y = arrays["predictions"][:, chosen], arrays["y"][chosen]
    ensembles = np.array_split(predictions, len(predictions) // int(size))
    return float(np.mean([predictive.log_likelihood(e, y, CUBIC_NOISE) for e in ensembles]))


def _of_record(statistic: Statistic) -> Statistic:
    """A statistic of a record alone, called with its path as well."""
    return lambda record, path, *arguments: statistic(record, *arguments)


STATISTICS: dict[str, Statistic] = {
    function.__name__: _of_record(function)
    for function in (metric, attack, relative_norm_std, history, memory)
} | {"log_likelihood": lambda record, path, *arguments: log_likelihood(path, *arguments)}
"""What can be measured of a record and the path it lies at, by name."""
