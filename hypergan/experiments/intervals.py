"""Uncertainty, stated in one way everywhere: mean, 95 % interval, number of seeds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hypergan.errors import SettingsError

MINUS = "\N{MINUS SIGN}"

Bounds = tuple[float, float]
"""The smallest and largest values that a quantity can have, such as 0 and 1 for a share."""

EQUAL = 1e-9
"""Relative to the mean: the most that equal values of different seeds differ by."""


def with_minus(words: str) -> str:
    """Words whose numbers have a true minus instead of a hyphen."""
    return words.replace("-", MINUS)


@dataclass(frozen=True)
class Interval:
    """A mean and where it lies with 95 % confidence.

    Attributes:
        mean: Mean of the values.
        low: Lower end; minus infinity where a single value leaves it open.
        high: Upper end; infinity where a single value leaves it open.
        n: Number of values.
        images: Whether other test images are accounted for, besides other seeds.
    """

    mean: float
    low: float
    high: float
    n: int
    images: bool = False

    def __str__(self) -> str:
        """As tables show it, with enough decimals for two digits of the interval's half-width."""
        half = max(self.high - self.mean, self.mean - self.low)  # a bound may cut one side off
        rounding = EQUAL * abs(self.mean)
        if not rounding < half < math.inf:
            return f"{self.mean:.4g} (n = {self.n})"
        digits = max(0, 1 - math.floor(math.log10(half)))
        ends = f"[{self.low:.{digits}f}, {self.high:.{digits}f}]"
        return f"{self.mean:.{digits}f} {ends} (n = {self.n})"

    @property
    def sign(self) -> int:
        """1 or -1 where the whole interval has that sign, else 0: a single value has none."""
        return int(self.low > 0) - int(self.high < 0)

    def within(self, bounds: Bounds | None) -> "Interval":
        """The same, clipped to where the quantity can lie.

        The true mean is certain to be within the bounds, so the clipped interval covers it as often
        as before. A transformation such as the logit is undefined for shares of 0 and 1, which
        attacks do give.
        """
        if bounds is None or math.isinf(self.high):
            return self
        low, high = bounds
        return replace(self, low=max(low, self.low), high=min(high, self.high))


def interval(values: Sequence[float], bounds: Bounds | None = None) -> Interval:
    """Student's 95 % interval of the mean of independent, roughly normal values.

    Args:
        values: One per seed.
        bounds: Limits of the quantity, see :meth:`Interval.within`.

    Raises:
        SettingsError: If there are no values.
    """
    if not len(values):
        raise SettingsError("an interval needs the value of at least one seed")
    mean, n = float(np.mean(values)), len(values)
    half = math.inf
    if n > 1:
        from scipy import stats  # takes a while

        half = float(stats.t.ppf(0.975, n - 1) * stats.sem(values))
    return Interval(mean, mean - half, mean + half, n).within(bounds)
