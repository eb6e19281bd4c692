import math

import numpy as np
import pytest
from scipy import stats

from hypergan.errors import SettingsError
from hypergan.experiments.intervals import Interval, interval


def test_it_is_the_interval_of_scipys_t_test():
    values = np.random.default_rng(0).normal(3, 2, size=7)
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    found = interval(values)
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.mean == pytest.approx(values.mean())
    assert found.n == 7


def test_it_covers_the_mean_of_three_normal_values_in_95_of_100_cases():
    samples = np.random.default_rng(1).normal(5, 1, size=(2000, 3))
    covered = [found.low < 5 < found.high for found in map(interval, samples)]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.015)


def test_equal_values_leave_no_doubt_and_a_single_one_leaves_all():
    assert interval([2.0, 2.0, 2.0]) == Interval(2.0, 2.0, 2.0, 3)
    assert interval([2.0]) == Interval(2.0, -math.inf, math.inf, 1)
    with pytest.raises(SettingsError, match="at least one seed"):
        interval([])


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([99.31], "99.31 (n = 1)"),
        ([2.0, 2.0], "2 (n = 2)"),
        ([98.0, 99.0, 100.0], "99.0 [96.5, 101.5] (n = 3)"),
        ([0.0, 1000.0], "500 [-5853, 6853] (n = 2)"),
    ],
)
def test_it_shows_the_digits_that_the_spread_allows(values, text):
    assert str(interval(values)) == text


def test_equal_values_have_no_interval_of_rounding_errors():
    assert str(interval([0.2, 0.2, 0.2])) == "0.2 (n = 3)"


def test_shares_stay_between_their_bounds():
    """What is cut off holds no share, so the interval covers as many as before."""
    found = interval([0.9, 0.95, 1.0], bounds=(0, 1))
    assert found.high == 1.0
    assert found.low == interval([0.9, 0.95, 1.0]).low
    assert str(found) == "0.95 [0.83, 1.00] (n = 3)"
    assert interval([0.5], bounds=(0, 1)) == interval([0.5])
    assert interval([0.0, 0.0], bounds=(0, 1)) == Interval(0.0, 0.0, 0.0, 2)
