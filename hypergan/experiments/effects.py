"""How well an effect is known: the variance that seeds and test images give it.

An effect is a mean over seeds and over test images, less another such mean or none. With other
seeds it would differ, and with other test images, too; both variances are in its interval.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from hypergan.experiments.intervals import Bounds, Interval
from hypergan.experiments.measures import Outcomes

Images = Literal["exact", "bound", "none"]
"""Where the test images' part comes from: outcomes by image, a bound on them, or nowhere."""


@dataclass(frozen=True)
class Sample:
    """A quantity of one method, by seed.

    Attributes:
        values: One per seed.
        outcomes: Each test image's part in it, mean over the seeds; None if not recorded.
        bound: At least the variance over test images of its mean; None if it has no such bound.
    """

    values: Sequence[float]
    outcomes: Outcomes | None = None
    bound: float | None = None


@dataclass(frozen=True)
class Part:
    """A part of the variance of an effect.

    Attributes:
        variance: Of the effect.
        values: How many it was estimated from; infinity for a bound.
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
        n: Seeds, of two methods those of the one with fewer.
        parts: Of its variance.
        images: What the test images' part is.
        bounds: Between which the effect lies in any case.
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
        half = self.error
        if 0 < half < math.inf:
            half *= float(stats.t.ppf(0.975, self.freedom))
        return Interval(self.mean, self.mean - half, self.mean + half, self.n).within(self.bounds)

    def p_above(self, threshold: float) -> float:
        """How probable such an effect or a greater one is if in truth it is the threshold."""
        if math.isinf(threshold):
            return float(threshold > 0)
        if math.isinf(self.error):
            return 1.0
        if self.error == 0:
            return float(self.mean <= threshold)
        return float(stats.t.sf((self.mean - threshold) / self.error, self.freedom))

    def p_below(self, threshold: float) -> float:
        """The same of such an effect or a lesser one; one at the threshold is not above it."""
        if self.error == 0 and math.isfinite(threshold):
            return float(self.mean > threshold)
        return replace(self, mean=-self.mean).p_above(-threshold)

    def of_seeds(self, n: int) -> "Effect":
        """What is expected of n seeds: the same mean and the same spread."""
        parts = (
            replace(part, variance=part.variance * part.values / n, values=n)
            if part.source == "seeds"
            else part
            for part in self.parts
        )
        return replace(self, n=n, parts=tuple(parts))

    def certain(self) -> "Effect":
        """Taken at its word, where one value decides."""
        return replace(self, parts=())


def effect(
    measured: Sample, other: Sample | None = None, *, paired: bool = False, bounds: Bounds | None
) -> Effect:
    """A quantity, less another.

    Within a run (``paired``) the values of a seed belong together. The seeds of two methods have
    nothing in common but their numbers: each method's variance counts by itself (Welch).

    Test images are the same for all methods and seeds. Where both quantities have outcomes of the
    same images, their part is the variance of the mean difference, exactly; else that of each
    counts by itself, as if their errors were independent, which is more than it is where methods
    fail on the same images. How a seed and an image act together is counted in both parts, once
    too often: intervals are a little wide rather than narrow.
    """
    second = Sample([0.0] * len(measured.values)) if other is None else other
    mean = float(np.mean(measured.values) - np.mean(second.values))
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
    """The test images' part of the variance, and where it comes from."""
    if other is None:
        return _own(measured)
    first, second = measured.outcomes, other.outcomes
    if first and second and [len(x) for x in first] == [len(x) for x in second]:
        return _of_mean([x - y for x, y in zip(first, second, strict=True)]), "exact"
    (parts, where), (more, there) = _own(measured), _own(other)
    if "none" in (where, there):
        return [], "none"
    return parts + more, "bound" if "bound" in (where, there) else "exact"


def _own(sample: Sample) -> tuple[list[Part], Images]:
    """The part of one quantity; outcomes which are all the same do not tell how much they vary."""
    parts = _of_mean(sample.outcomes or ())
    if sample.bound is not None and not any(part.variance for part in parts):
        return [Part(sample.bound, math.inf, "images")], "bound"
    return parts, "exact" if sample.outcomes else "none"


def _of_mean(outcomes: Sequence[NDArray[Any]]) -> list[Part]:
    return [Part(float(np.var(x, ddof=1)) / len(x), len(x), "images") for x in outcomes]


def holm(p: Sequence[float]) -> list[float]:
    """P-values corrected for their number, by Holm.

    If all hypotheses are true, one of them is at most 0.05 with a probability of 5 %.
    """
    order = np.argsort(p)
    factors = np.arange(len(p), 0, -1)
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(1, np.maximum.accumulate(np.asarray(p)[order] * factors))
    return corrected.tolist()
