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


def test_the_log_likelihood_is_the_mean_over_many_noisy_observations():
    drawn = stats.norm.logpdf(OBSERVED, MEAN, TOTAL).mean(0)
    assert predictive.log_likelihood(PREDICTIONS, Y, NOISE) == pytest.approx(drawn, abs=0.01)


def test_the_coverage_is_the_share_of_many_noisy_observations():
    drawn = (abs(OBSERVED - MEAN) < stats.norm.ppf(0.975) * TOTAL).mean(0)
    assert predictive.coverage(PREDICTIONS, Y, NOISE) == pytest.approx(drawn, abs=0.005)


def test_networks_that_know_the_truth_cover_95_in_100():
    certain = np.tile(Y, (10, 1))
    assert predictive.coverage(certain, Y, NOISE) == pytest.approx([0.95, 0.95])


def test_the_distance_of_shifted_networks_is_the_shift():
    shift = np.array([0.5, -2.0])
    moved = RANDOM.permutation(PREDICTIONS + shift)
    assert predictive.wasserstein(moved, PREDICTIONS) == pytest.approx(abs(shift))


@pytest.mark.parametrize("y", [Y[:, None], Y[None], np.array(1.0), np.append(Y, 0.0)])
@pytest.mark.parametrize("score", [predictive.log_likelihood, predictive.coverage])
def test_values_of_another_shape_are_not_broadcast(score, y):
    with pytest.raises(DataError, match=r"\(N, B\)"):
        score(PREDICTIONS, y, NOISE)
