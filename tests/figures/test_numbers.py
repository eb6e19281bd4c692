"""One way of printing numbers."""

import math

import pytest

from hypergan.experiments.intervals import Interval, interval
from hypergan.figures import numbers


@pytest.mark.parametrize(
    ("number", "decimals", "words"),
    [
        (-1.25, 1, "−1.2"),
        (-0.04, 1, "0.0"),  # a zero has no sign
        (1234567.8, 0, "1\u202f234\u202f568"),
        (98.014, None, "98.0"),
        (0.012345, None, "0.0123"),
        (0.0, None, "0"),
        (math.nan, None, "–"),
        (-math.inf, 2, "−∞"),
    ],
)
def test_a_number_has_a_true_minus_and_its_decimals(number, decimals, words):
    assert numbers.text(number, decimals) == words


def test_a_share_in_percent():
    assert numbers.percent(0.0123, 1) == "1.2 %"


def test_an_interval_in_a_sentence():
    assert numbers.with_ends(Interval(-1, -1.3, -0.7, 3)) == "−1.0 (−1.3 to −0.7)"
    assert numbers.with_ends(interval([0.5])) == "0.500"


@pytest.mark.parametrize(
    ("half", "decimals"), [(0.2, 1), (0.19, 2), (0.05, 2), (3.0, 0), (1.5, 1), (40.0, 0)]
)
def test_an_interval_sets_its_decimals(half, decimals):
    assert numbers.decimals([Interval(50, 50 - half, 50 + half, 3)]) == decimals


def test_the_middle_interval_decides_and_seeds_that_agree_do_not():
    column = [Interval(50, 50 - half, 50 + half, 3) for half in (0.001, 0.3, 7)]
    assert numbers.decimals([*column, interval([1.0] * 3), interval([0.123456], (0, 1))]) == 1
    assert numbers.decimals([interval([98.7654])]) == 1
    assert numbers.decimals([interval([77.9, 77.5]), interval([85.5])]) == 1  # two say little
    assert numbers.decimals([]) == 0
