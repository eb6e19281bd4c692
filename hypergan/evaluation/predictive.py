"""Scores of the predictive distribution of a regression.

The predictions are function values of N networks at B inputs, (N, B). Observations have Gaussian
noise on top: their predictive distribution is taken as normal, with the mean of the networks, and
with their variance plus the noise's, which Figure 2 leaves out. The test targets are noise-free;
the scores are expectations over the noise of new observations, in closed form.
"""

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from hypergan.errors import DataError
from hypergan.extras import need

need("scipy", extra="experiments")

Array = np.ndarray[Any, Any]


def normal(predictions: Array, noise: float) -> tuple[Array, Array]:
    """Mean and standard deviation of an observation at each input, (..., B) each."""
    predictions = predictions.astype(float)
    return predictions.mean(-2), np.sqrt(predictions.var(-2, ddof=1) + noise**2)


def log_likelihood(predictions: Array, y: Array, noise: float) -> Array:
    """Expected log likelihood in nats of new observations of the noise-free ``y``, (..., B).

    The predictions may be those of several sets of networks, (..., N, B).

    Raises:
        DataError: If ``y`` is not one number for each input.
    """
    _require_values(predictions, y)
    mean, std = normal(predictions, noise)
    squares = ((y - mean) ** 2 + noise**2) / std**2
    return -squares / 2 - np.log(std) - math.log(2 * math.pi) / 2


def coverage(predictions: Array, y: Array, noise: float) -> Array:
    """Probability that a new observation of ``y`` is in its 95 % predictive interval, (B,).

    Raises:
        DataError: If ``y`` is not one number for each input.
    """
    _require_values(predictions, y)
    from scipy import stats  # takes a while

    low, high = stats.norm.interval(0.95, *normal(predictions, noise))
    return stats.norm.cdf(high, y, noise) - stats.norm.cdf(low, y, noise)


def _require_values(predictions: Array, y: Array) -> None:
    """Refuse values that would broadcast over networks or inputs."""
    if predictions.ndim < 2 or y.shape != predictions.shape[-1:]:
        raise DataError(
            f"predictions {predictions.shape} and values {y.shape} do not match; give (N, B) of N "
            "networks at B inputs, and (B,)"
        )


def ordered(values: Array) -> Array:
    """Function values (N, B) sorted by input, (B, N), as :func:`wasserstein` needs them."""
    return np.sort(np.ascontiguousarray(values.T)).astype(float)


def wasserstein(predictions: Array, reference: Array) -> Array:
    """Wasserstein-1 distance between the function values of two sets of networks, (B,).

    It is the mean distance between their quantiles, which step at the same shares for all inputs.

    >>> wasserstein(ordered(np.array([[0.0], [1.0]])), ordered(np.array([[1.0], [3.0]])))
    array([1.5])

    Args:
        predictions: Of N networks, ordered, (B, N).
        reference: Of others, likewise.
    """
    one, other, shares = _steps(predictions.shape[1], reference.shape[1])
    columns = zip(_at(one, predictions), _at(other, reference), strict=True)
    return np.array([abs(a - b) @ shares for a, b in columns])


@lru_cache(maxsize=8)
def _steps(n: int, m: int) -> tuple[Array, Array, Array]:
    """Where the quantiles of n and of m values are between all their steps, and those' shares."""
    ends = np.union1d(m * np.arange(1, n + 1), n * np.arange(1, m + 1))  # of n times m parts
    return (ends - 1) // m, (ends - 1) // n, np.diff(ends, prepend=0) / (n * m)


def _at(places: Array, values: Array) -> Iterator[Array]:
    """Each row's values at some places; as it is where those are all."""
    return (row if len(row) == len(places) else row[places] for row in values)
