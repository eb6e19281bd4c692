"""How precisely an effect is known: its variance over seeds and over test images.

An effect is a mean over seeds and test images, or the difference of two such means. Other seeds or
other test images would give another value; its interval accounts for both.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hypergan.experiments.intervals import Bounds, Interval
from hypergan.experiments.measures import Outcomes

FEW = 5
"""Fewer test images than this that differ from the rest do not tell how much a quantity varies."""

Images = Literal["exact", "bound", "none"]
"""How the variance over test images is known: from each image, as a bound, or not at all."""


@dataclass(frozen=True)
class Sample:
    """A quantity of one method, by seed.

    Attributes:
        values: One per seed.
        outcomes: Each test image's contribution, mean over the seeds; None if not recorded.
        bound: Upper bound on the variance of its mean over test images; None if there is none.
    """

    values: Sequence[float]
    outcomes: Outcomes | None = None
    bound: float | None = None

    @property
    def mean(self) -> float:
        """The mean over seeds."""
        return float(np.mean(self.values))


@dataclass(frozen=True)
class Part:
    """A part of the variance of an effect.

    Attributes:
        variance: What it adds to the effect's variance.
        values: Number of values it was estimated from; infinity for a bound.
        source: What it comes from.
    """

    variance: float
    values: float
    source: Literal["seeds", "images"]


@dataclass(frozen=True)
class Effect:
    """An estimated effect.

    Attributes:
        mean: The estimate.
        n: Number of seeds; of two methods, the smaller one.
        parts: The parts of its variance.
        images: How the variance over test images is known.
        bounds: Limits that the effect cannot exceed; None if it has none.
    """

    mean: float
    n: int
    parts: tuple[Part, ...]
    images: Images = "none"
    bounds: Bounds | None = None

    @cached_property
    def error(self) -> float:
        """Its standard error; infinite if some method has a single seed."""
        if any(part.values == 1 for part in self.parts):
            return math.inf
        return math.sqrt(sum(part.variance for part in self.parts))

    @cached_property
    def freedom(self) -> float:
        """Degrees of freedom of the error, by Welch and Satterthwaite."""
        spread = sum(part.variance**2 / (part.values - 1) for part in self.parts)
        return self.error**4 / spread if spread else math.inf

    def interval(self) -> Interval:
        """The mean with its 95 % interval."""
        from scipy import stats  # takes a while

        half = self.error
        if 0 < half < math.inf:
            half *= float(stats.t.ppf(0.975, self.freedom))
        low, high, images = self.mean - half, self.mean + half, self.images != "none"
        return Interval(self.mean, low, high, self.n, images).within(self.bounds)

    def p_above(self, threshold: float) -> float:
        """P-value: how likely an effect this large or larger is if the truth is the threshold."""
        if math.isinf(threshold):
            return float(threshold > 0)
        if math.isinf(self.error):
            return 1.0
        if self.error == 0:
            return float(self.mean <= threshold)  # a certain value at the threshold is not above it
        from scipy import stats

        return float(stats.t.sf((self.mean - threshold) / self.error, self.freedom))

    def p_below(self, threshold: float) -> float:
        """The same for one this small or smaller."""
        return replace(self, mean=-self.mean).p_above(-threshold)

    def of_seeds(self, n: int) -> "Effect":
        """The effect to expect from n seeds, with the same mean and spread."""
        parts = (
            replace(part, variance=part.variance * part.values / n, values=n)
            if part.source == "seeds"
            else part
            for part in self.parts
        )
        return replace(self, n=n, parts=tuple(parts))

    def certain(self) -> "Effect":
        """The same without uncertainty, for claims that a single value decides."""
        return replace(self, parts=())


def effect(
    measured: Sample, other: Sample | None = None, *, paired: bool = False, bounds: Bounds | None
) -> Effect:
    """A quantity, or one quantity minus another.

    Quantities of the same run (``paired``) are subtracted seed by seed. The seeds of two methods
    have nothing in common but their numbers, so each method's variance counts separately (Welch).

    All methods and seeds share the test images. Where both quantities have outcomes on the same
    images, the images' part is exactly the variance of the mean difference; otherwise the two
    variances are added as if errors were independent, which overstates it where methods fail on
    the same images. The interaction of seeds and images is counted in both parts, once too often,
    so intervals are slightly too wide rather than too narrow.
    """
    second = Sample([0.0] * len(measured.values)) if other is None else other
    mean = measured.mean - second.mean
    parts = []
    if other is None or paired:
        differences = np.subtract(measured.values, second.values)
        parts.append(_over_seeds(differences))
    else:
        parts += [_over_seeds(measured.values), _over_seeds(second.values)]
    over_images, images = _over_images(measured, other)
    parts += over_images
    n = min(len(measured.values), len(second.values))
    return Effect(mean, n, tuple(parts), images, bounds if other is None else None)


def _over_seeds(values: Any) -> Part:
    n = len(values)
    return Part(float(np.var(values, ddof=1)) / n if n > 1 else 0.0, n, "seeds")


def _over_images(measured: Sample, other: Sample | None) -> tuple[list[Part], Images]:
    """The test images' part of the variance, and how it is known."""
    if other is None:
        return _own(measured)
    first, second = measured.outcomes, other.outcomes
    if first and second and [len(x) for x in first] == [len(x) for x in second]:
        return _of_mean([x - y for x, y in zip(first, second, strict=True)]), "exact"
    (parts, where), (more, there) = _own(measured), _own(other)
    return ([], "none") if "none" in (where, there) else (parts + more, "bound")


def _own(sample: Sample) -> tuple[list[Part], Images]:
    """The same for one quantity; the bound takes the place of outcomes that are nearly all equal.

    Otherwise a share of .99 would look more certain than one of 1.
    """
    parts = _of_mean(sample.outcomes or ())
    if sample.bound is not None and not any(map(_vary, sample.outcomes or ())):
        return [Part(sample.bound, math.inf, "images")], "bound"
    return parts, "exact" if sample.outcomes else "none"


def _vary(outcomes: NDArray[Any]) -> bool:
    _, counts = np.unique(outcomes, return_counts=True)
    return len(outcomes) - int(counts.max()) >= FEW


def _of_mean(outcomes: Sequence[NDArray[Any]]) -> list[Part]:
    return [Part(float(np.var(x, ddof=1)) / len(x), len(x), "images") for x in outcomes]


def holm(p: Sequence[float]) -> list[float]:
    """P-values with Holm's correction for multiple tests.

    If all null hypotheses are true, the probability that any is at most 0.05 is at most 5 %.
    """
    order = np.argsort(p)
    factors = np.arange(len(p), 0, -1)
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(1, np.maximum.accumulate(np.asarray(p)[order] * factors))
    return corrected.tolist()
