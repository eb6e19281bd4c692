"""Uncertainty over seeds, stated in one way everywhere: mean, 95 % interval, number of seeds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from hypergan.errors import SettingsError


@dataclass(frozen=True)
class Interval:
    """A mean and where it lies with 95 % confidence.

    Attributes:
        mean: Mean of the values.
        low: Lower end; minus infinity where a single value leaves it open.
        high: Upper end; infinity where a single value leaves it open.
        n: Number of values.
    """

    mean: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        """As tables show it: as many decimals as give the interval's half-width two digits."""
        half = self.high - self.mean
        rounding = 1e-9 * abs(self.mean)  # all that equal values differ by
        if not rounding < half < math.inf:
            return f"{self.mean:.4g} (n = {self.n})"
        digits = max(0, 1 - math.floor(math.log10(half)))
        ends = f"[{self.low:.{digits}f}, {self.high:.{digits}f}]"
        return f"{self.mean:.{digits}f} {ends} (n = {self.n})"


def interval(values: Sequence[float], confidence: float = 0.95) -> Interval:
    """Student's t interval of the mean of independent, roughly normal values.

    Args:
        values: One per seed.
        confidence: Probability that such an interval covers the mean.

    Raises:
        SettingsError: If there are no values.
    """
    if not len(values):
        raise SettingsError("an interval needs the value of at least one seed")
    mean, n = float(np.mean(values)), len(values)
    if n == 1:
        return Interval(mean, -math.inf, math.inf, n)
    half = float(stats.t.ppf((1 + confidence) / 2, n - 1) * stats.sem(values))
    return Interval(mean, mean - half, mean + half, n)
