import numpy as np
import pytest
from scipy import stats

from hypergan.errors import DataError
from hypergan.evaluation import predictive

RANDOM = np.random.default_rng(0)
MEAN, STD, NOISE = np.array([0.0, 5.0]), np.array([1.0, 2.0]), 3.0
PREDICTIONS = MEAN + STD * stats.zscore(RANDOM.normal(size=(2000, 2)), ddof=1)
Y = np.array([1.0, -4.0])
OBSERVED = Y + NOISE * RANDOM.normal(size=(400_000, 2))
TOTAL = np.sqrt(STD**2 + NOISE**2)


def distance(one, other):
    return predictive.wasserstein(predictive.ordered(one), predictive.ordered(other))


def test_the_log_likelihood_is_the_mean_over_many_noisy_observations():
    drawn = stats.norm.logpdf(OBSERVED, MEAN, TOTAL).mean(0)
    assert predictive.log_likelihood(PREDICTIONS, Y, NOISE) == pytest.approx(drawn, abs=0.01)


def test_several_sets_of_networks_are_scored_at_once():
    halves = PREDICTIONS.reshape(2, 1000, 2)
    each = [predictive.log_likelihood(half, Y, NOISE) for half in halves]
    np.testing.assert_allclose(predictive.log_likelihood(halves, Y, NOISE), each, rtol=1e-12)


def test_the_distance_is_that_of_scipy_for_any_numbers_of_networks():
    for ours, theirs in ((7, 7), (7, 3), (4, 10), (1, 5)):
        one, other = RANDOM.normal(size=(ours, 2)), RANDOM.normal(1, 2, size=(theirs, 2))
        expected = [stats.wasserstein_distance(one[:, i], other[:, i]) for i in (0, 1)]
        assert distance(one, other) == pytest.approx(expected)


def test_the_coverage_is_the_share_of_many_noisy_observations():
    drawn = (abs(OBSERVED - MEAN) < stats.norm.ppf(0.975) * TOTAL).mean(0)
    assert predictive.coverage(PREDICTIONS, Y, NOISE) == pytest.approx(drawn, abs=0.005)


def test_networks_that_know_the_truth_cover_95_in_100():
    certain = np.tile(Y, (10, 1))
    assert predictive.coverage(certain, Y, NOISE) == pytest.approx([0.95, 0.95])


def test_the_distance_of_shifted_networks_is_the_shift():
    shift = np.array([0.5, -2.0])
    moved = RANDOM.permutation(PREDICTIONS + shift)
    assert distance(moved, PREDICTIONS) == pytest.approx(abs(shift))


@pytest.mark.parametrize("y", [Y[:, None], Y[None], np.array(1.0), np.append(Y, 0.0)])
@pytest.mark.parametrize("score", [predictive.log_likelihood, predictive.coverage])
def test_values_of_another_shape_are_not_broadcast(score, y):
    with pytest.raises(DataError, match=r"\(N, B\)"):
        score(PREDICTIONS, y, NOISE)
