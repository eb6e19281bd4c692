"""Uncertainty over seeds, stated in one way everywhere: mean, 95 % interval, number of seeds."""

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
        """As a table shows it, to three significant digits of the spread."""
        if self.n == 1:
            return f"{self.mean:.3g} (n = 1)"
        return f"{self.mean:.3g} [{self.low:.3g}, {self.high:.3g}] (n = {self.n})"


def interval(values: Sequence[float], confidence: float = 0.95) -> Interval:
    """Student's t interval of the mean of values that are independent and roughly normal.

    Args:
        values: One a seed.
        confidence: Probability that such an interval covers the mean.

    Raises:
        SettingsError: If there are no values.
    """
    if not len(values):
        raise SettingsError("an interval needs values of at least one seed")
    mean, n = float(np.mean(values)), len(values)
    if n == 1:
        return Interval(mean, -np.inf, np.inf, n)
    half = float(stats.t.ppf((1 + confidence) / 2, n - 1) * stats.sem(values))
    return Interval(mean, mean - half, mean + half, n)
