"""Claims judged from records.

A claim is confirmed if the 95 % interval of its effect lies where the paper says, contradicted if
it lies entirely elsewhere: two tests, each at 2.5 %.

- A claim about several methods is confirmed if it is for each of them, which needs no correction,
  as all tests have to succeed. It is contradicted if it is for one of them, clearly enough to
  survive a Bonferroni correction for the number of methods.
- Where the paper leaves something open, a claim is judged for each choice, and confirmed or
  contradicted if it is so for all of them. But it "depends on" the choice if two choices lie on
  different sides of a threshold, even if neither is where the paper says, both clearly enough to
  survive a Bonferroni correction for the number of choices.
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, combinations
from pathlib import Path
from typing import Any, Literal, get_args

from hypergan.bench import report
from hypergan.errors import DataError
from hypergan.experiments import records
from hypergan.experiments.claims import Claim, Quantity
from hypergan.experiments.effects import Effect, Images, Sample, effect, holm
from hypergan.experiments.intervals import Interval
from hypergan.experiments.measures import bounds
from hypergan.experiments.methods import resolved, title_of
from hypergan.experiments.profiles import PUBLISHED
from hypergan.experiments.records import Cell
from hypergan.experiments.series import Measured, Series
from hypergan.experiments.state import state

Verdict = Literal[
    "confirmed", "contradicted", "depends on", "undecided", "not comparable", "not run"
]
"""Undecided: the interval contains the threshold, or there are too few seeds."""

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
DECIDED: tuple[Verdict, ...] = ("confirmed", "contradicted", "depends on")

LEVEL = 0.025
"""Significance level of a one-sided test."""

MOST_SEEDS = 100
"""If more are needed, their number is not given."""


@dataclass
class Shelf:
    """The records that claims are judged from, each read once and not kept.

    Attributes:
        profile: Profile's name.
        folders: Folders of records in order of precedence; by default ``runs/``, then the
            published ones.
        only: Only these seeds; by default all.
        claims: What they need from a record is measured when it is read.
    """

    profile: str = PUBLISHED
    folders: Sequence[Path] | None = None
    only: Sequence[int] | None = None
    claims: Sequence[Claim] = ()
    _seeds: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    _series: dict[Quantity, Series] = field(default_factory=dict)

    def seeds(self, method: str, dataset: str) -> list[int]:
        """The seeds of a method's usable records on a data set."""
        if (method, dataset) not in self._seeds:
            self._read(method, dataset)
        return self._seeds[method, dataset]

    def measured(self, quantity: Quantity) -> dict[int, Measured]:
        """A quantity by seed, where it was measured.

        Raises:
            DataError: If several records could have such a number and none has: its name is wrong.
                (If only one record could, the record may be at fault.)
        """
        if quantity not in self._series:
            if quantity.measure.startswith("bench/"):
                self._series[quantity] = Series(self._reported(quantity), None)
            else:
                self._read(quantity.method, quantity.dataset, quantity)
        series = self._series[quantity]
        if len(series.lacking) > 1 and not series.values:
            raise DataError(series.lacking[0])
        return series.values

    def sample(self, quantity: Quantity, seeds: Iterable[int]) -> Sample:
        """A quantity of some of the seeds with which it was measured."""
        if set(seeds) == set(self.measured(quantity)):
            return self._series[quantity].sample
        return (some := Shelf(self.profile, self.folders, sorted(seeds))).sample(
            quantity, some.measured(quantity)
        )

    def _read(self, method: str, dataset: str, *also: Quantity) -> None:
        """Read a method's records and measure what was not measured yet."""
        asked = (q for claim in self.claims for group in claim.quantities.values() for q in group)
        new: dict[Quantity, Series] = {
            quantity: Series()
            for quantity in (*asked, *also)
            if (quantity.method, quantity.dataset) == (method, dataset)
            and quantity not in self._series
            and not quantity.measure.startswith("bench/")
        }
        some, found = Cell(method, dataset, profile=self.profile), []
        seeds = records.seeds(some, self.folders) if self.only is None else self.only
        for seed in seeds:
            record = state(replace(some, seed=seed), self.folders).record
            if record and record.path and not record.stand_in:
                found.append(seed)
                for quantity, series in new.items():
                    series.add(record, quantity.measure)
        self._seeds[method, dataset] = found
        self._series |= new

    def _reported(self, quantity: Quantity) -> dict[int, Measured]:
        """A measurement of the speed page, which counts as seed 0."""
        _, part, what = quantity.measure.split("/")
        path = report.PUBLISHED
        if not (found := report.every(path)):
            return {}
        rows = found[-1]["rows"]
        values = [row["value"] for row in rows if (row["part"], row["what"]) == (part, what)]
        return {0: Measured(float(values[0]), path)} if values else {}


@dataclass(frozen=True)
class Comparison:
    """A claim's effect for one of the methods and one of the choices that it is about.

    Attributes:
        chosen: What was chosen, in words.
        against: What is subtracted, in words.
        effect: The effect; None without records.
        records: The records behind it.
        inside: P-value of the test that it lies where the paper says,
        below: or below that,
        above: or above.
    """

    chosen: str
    against: str
    effect: Effect | None
    records: tuple[Path, ...] = ()
    inside: float = 1.0
    below: float = 1.0
    above: float = 1.0

    @property
    def outside(self) -> float:
        """P-value of the test that it does not lie where the paper says."""
        return min(self.below, self.above)

    @property
    def verdict(self) -> Verdict:
        """The verdict on this one alone."""
        if self.effect is None:
            return "not run"
        if self.inside <= LEVEL:
            return "confirmed"
        return "contradicted" if self.outside <= LEVEL else "undecided"


@dataclass(frozen=True)
class Finding:
    """What the records say about a claim.

    Attributes:
        claim: The claim.
        verdict: One of :data:`VERDICTS`.
        comparisons: All that the verdict rests on.
        effect: The effect that it rests on; of several with the same verdict as the claim, the
            least favourable to it. None without records, and where the choices differ.
        p: P-value: how likely a verdict this clear is if the true effect is at the threshold.
        corrected: The verdict after Holm's correction for the number of claims on its subject.
        records: The records behind it.
        missing: Cells whose records it waits for.
        needed: With how many seeds the expected interval would decide it if mean and spread stayed
            the same, that is, in about half of the cases; infinity if no number would, None if it
            is decided or has a single seed.
    """

    claim: Claim
    verdict: Verdict
    comparisons: tuple[Comparison, ...] = ()
    effect: Interval | None = None
    p: float = 1.0
    corrected: Verdict | None = None
    records: tuple[Path, ...] = ()
    missing: tuple[Cell, ...] = ()
    needed: float | None = None

    @property
    def spread(self) -> tuple[float, float] | None:
        """The lowest and the highest effect over the choices; None without several."""
        means = [c.effect.mean for c in self.comparisons if c.effect] if self.claim.choices else []
        return (min(means), max(means)) if len(means) > 1 else None

    @property
    def images(self) -> Images:
        """How the test images' part of the intervals is known."""
        found = {c.effect.images for c in self.comparisons if c.effect}
        return next((word for word in ("none", "bound", "exact") if word in found), "none")


def evaluate(
    claim: Claim,
    profile: str = PUBLISHED,
    folders: Sequence[Path] | None = None,
    seeds: Sequence[int] | None = None,
) -> Finding:
    """Judge a claim by itself from the available records; arguments as for :class:`Shelf`."""
    return judge(claim, Shelf(profile, folders, seeds, [claim]))


def judge(claim: Claim, shelf: Shelf) -> Finding:
    """Judge a claim by itself."""
    try:
        comparisons = _comparisons(claim, shelf)
    except DataError as error:
        raise DataError(f"claim {claim.id}: {error}") from None
    verdict, p = decide(comparisons)
    quantities = chain.from_iterable(claim.quantities.values())
    profiles = {resolved(shelf.profile, each.method, each.dataset) for each in quantities}
    if profiles & {*claim.not_comparable}:
        verdict, p = "not comparable", 1.0
    return Finding(
        claim,
        verdict,
        comparisons,
        _shown(comparisons, verdict, claim),
        p,
        None,
        tuple(dict.fromkeys(path for c in comparisons for path in c.records)),
        _missing(claim, shelf),
        seeds_needed(claim, comparisons) if verdict == "undecided" else None,
    )


def corrected(findings: Sequence[Finding], families: Sequence[str]) -> list[Finding]:
    """The same with the verdicts that survive correction for the number of claims in a family.

    All claims of a family count except those that cannot be compared, also those that were added
    when results were known.
    """
    found = list(findings)
    for family in set(families):
        members = [
            i
            for i, name in enumerate(families)
            if name == family and findings[i].verdict != "not comparable"
        ]
        for i, p in zip(members, holm([found[i].p for i in members]), strict=True):
            verdict = found[i].verdict
            stands = verdict not in DECIDED or p <= 2 * LEVEL
            found[i] = replace(found[i], corrected=verdict if stands else "undecided")
    return found


def decide(comparisons: Sequence[Comparison]) -> tuple[Verdict, float]:
    """The verdict on a claim, and its P-value."""
    chosen = [
        [c for c in comparisons if c.chosen == name]
        for name in dict.fromkeys(c.chosen for c in comparisons)
    ]
    inside = [max(c.inside for c in group) for group in chosen]
    below, above, outside = (
        [min(1.0, len(group) * min(getattr(c, side) for c in group)) for group in chosen]
        for side in ("below", "above", "outside")
    )
    sides = combinations([min(inside), min(below), min(above)], 2)
    p: dict[Verdict, float] = {
        "depends on": min(1.0, len(chosen) * min(map(max, sides))) if len(chosen) > 1 else 1.0,
        "confirmed": max(inside),
        "contradicted": max(outside),
    }
    for verdict in p:
        if p[verdict] <= LEVEL:
            return verdict, 2 * p[verdict]
    unknown = any(c.effect is None for c in comparisons)
    return "not run" if unknown else "undecided", min(1.0, 2 * min(p.values()))


def compared(found: Effect | None, claim: Claim) -> dict[str, Any]:
    """P-values that an effect lies inside, below and above a claim's region."""
    if found is None or found.n < claim.seeds:
        return {}
    if found.n == 1:
        found = found.certain()
    low, high = claim.region
    if found.error == 0:  # no test: the value is certain, and a threshold is not inside
        inside = low < found.mean < high
        below, above = found.mean <= low, found.mean >= high
        return {"inside": 1.0 - inside, "below": 1.0 - below, "above": 1.0 - above}
    return {
        "inside": max(found.p_above(low), found.p_below(high)),
        "below": found.p_below(low),
        "above": found.p_above(high),
    }


def seeds_needed(claim: Claim, comparisons: Sequence[Comparison]) -> float | None:
    """See :class:`Finding`."""
    if any(c.effect is None or math.isinf(c.effect.error) for c in comparisons):
        return None

    def decides(n: int) -> bool:
        expected = [
            replace(c, **compared(c.effect.of_seeds(n), claim)) for c in comparisons if c.effect
        ]
        return decide(expected)[0] in DECIDED

    if not decides(10**9):
        return math.inf
    return 2 + bisect_left(range(2, MOST_SEEDS + 1), True, key=decides)


def _comparisons(claim: Claim, shelf: Shelf) -> tuple[Comparison, ...]:
    """One for each choice and method; choices without records are left out if another has some."""
    found = [
        _compare(claim, shelf, chosen, quantities[0], other)
        for chosen, quantities in claim.quantities.items()
        for other in (quantities[1:] or (None,))
    ]
    there = {c.chosen for c in found if c.effect}
    return tuple(c for c in found if not there or c.chosen in there)


def _compare(
    claim: Claim, shelf: Shelf, chosen: str, quantity: Quantity, other: Quantity | None
) -> Comparison:
    measured = shelf.measured(quantity)
    subtracted = shelf.measured(other) if other else {}
    paired = other is not None and (other.method, other.dataset) == (
        quantity.method,
        quantity.dataset,
    )
    words = "" if other is None else other.measure if paired else title_of(other.method)
    if paired:
        both = set(measured) & set(subtracted)
        measured = {seed: found for seed, found in measured.items() if seed in both}
        subtracted = {seed: found for seed, found in subtracted.items() if seed in both}
    if not measured or (other and not subtracted):
        return Comparison(chosen, words, None)
    first = shelf.sample(quantity, measured)
    second = shelf.sample(other, subtracted) if other else None
    if not claim.test_images:
        first = Sample(first.values)
        second = second and Sample(second.values)
    found = effect(first, second, paired=paired, bounds=bounds(quantity.measure))
    paths = tuple(x.path for x in (*measured.values(), *subtracted.values()) if x.path)
    return Comparison(chosen, words, found, paths, **compared(found, claim))


def _shown(comparisons: Sequence[Comparison], verdict: Verdict, claim: Claim) -> Interval | None:
    """The effect that a verdict rests on: the least favourable of those that led to it."""
    there = [c for c in comparisons if c.effect]
    deciding = [c for c in there if c.verdict == verdict] or there
    if not deciding or verdict == "depends on":
        return None
    low, high = claim.region
    effects = (c.effect.interval() for c in deciding if c.effect)
    return min(effects, key=lambda each: min(each.mean - low, high - each.mean))


def _missing(claim: Claim, shelf: Shelf) -> tuple[Cell, ...]:
    """The cells that lack a record, for as many seeds as a verdict takes, whichever they are."""
    if shelf.only is not None:
        return ()
    cells = []
    for group in claim.quantities.values():
        for quantity in group:
            seeds = shelf.seeds(quantity.method, quantity.dataset)
            new = max(seeds, default=-1) + 1
            cells += [
                Cell(quantity.method, quantity.dataset, seed, shelf.profile)
                for seed in range(new, new + claim.seeds - len(seeds))
            ]
    return tuple(dict.fromkeys(cells))
