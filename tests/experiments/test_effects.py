import math

import numpy as np
import pytest
from scipy import stats

from hypergan.experiments.effects import Effect, Part, Sample, effect, holm


def ends(found):
    return found.interval().low, found.interval().high


def test_over_seeds_alone_it_is_students_or_welchs_interval():
    generator = np.random.default_rng(0)
    first, second = generator.normal(3, 2, size=5), generator.normal(1, 1, size=5)
    expected = {
        True: stats.ttest_rel(first, second).confidence_interval(),
        False: stats.ttest_ind(first, second, equal_var=False).confidence_interval(),
    }
    for paired, (low, high) in expected.items():
        found = effect(Sample(first), Sample(second), paired=paired, bounds=None)
        assert ends(found) == pytest.approx((low, high))
        assert found.images == "none"
    (low, high) = stats.ttest_1samp(first, 0).confidence_interval()
    assert ends(effect(Sample(first), bounds=None)) == pytest.approx((low, high))


def test_p_values_agree_with_the_interval():
    found = effect(Sample([1.0, 1.2, 1.7]), bounds=None)
    low, high = ends(found)
    assert found.p_above(low) == found.p_below(high) == pytest.approx(0.025)
    assert found.p_above(0) == pytest.approx(
        stats.ttest_1samp([1.0, 1.2, 1.7], 0, alternative="greater").pvalue
    )
    assert (found.p_above(-math.inf), found.p_below(-math.inf)) == (0, 1)


def test_over_images_that_both_saw_it_is_the_paired_interval():
    generator = np.random.default_rng(1)
    first, second = (generator.random((2, 200)) < [[0.9], [0.8]]).astype(float)
    both = [Sample([x.mean()] * 3, (x,), bound=1.0) for x in (first, second)]
    found = effect(*both, bounds=None)
    assert found.images == "exact"
    (low, high) = stats.ttest_rel(first, second).confidence_interval()
    assert ends(found) == pytest.approx((low, high))


def test_without_outcomes_or_with_equal_ones_the_bound_takes_their_place():
    known = Sample([0.5, 0.5], (np.array([0.0, 1.0] * 50),), bound=9.0)
    bounded = Sample([0.0, 0.0], None, bound=0.01)
    constant = Sample([0.0, 0.0], (np.zeros(100),), bound=0.01)
    nearly = Sample([0.0, 0.0], (np.r_[np.zeros(96), np.ones(4)],), bound=0.01)
    for other in (bounded, constant, nearly):
        alone = effect(other, bounds=(0, 1))
        assert (alone.images, alone.error) == ("bound", pytest.approx(0.1))
        assert alone.interval().low == 0
    found = effect(known, bounded, bounds=None)
    assert found.images == "bound"
    varied = Sample([0.0, 0.0], (np.r_[np.zeros(95), np.ones(5)],), bound=0.01)
    assert effect(varied, bounds=(0, 1)).images == "exact"
    assert found.error**2 == pytest.approx(0.01 + np.var(known.outcomes[0], ddof=1) / 100)
    assert effect(known, Sample([0.0, 0.1]), bounds=None).images == "none"


def test_it_covers_the_truth_where_seeds_and_images_vary():
    """Two methods of 5 seeds on the same 100 images; all that varies is drawn anew each time."""
    generator, covered = np.random.default_rng(2), 0
    for _ in range(400):
        hard = generator.normal(size=100)
        samples = []
        for skill in (1.2, 0.8):
            own = skill + 0.1 * generator.normal(size=(5, 1))
            noise = 0.3 * generator.normal(size=(5, 100))
            outcomes = (own - 0.5 * hard) + noise + 0.2 * generator.normal(size=100)
            samples.append(Sample(outcomes.mean(1), (outcomes.mean(0),)))
        low, high = ends(effect(*samples, bounds=None))
        covered += low < 0.4 < high
    assert covered / 400 == pytest.approx(0.95, abs=0.03)


def test_one_seed_leaves_all_open_and_equal_ones_nothing():
    one = effect(Sample([1.0]), Sample([0.0, 0.1]), bounds=None)
    assert ends(one) == (-math.inf, math.inf)
    assert one.p_above(0) == one.p_below(0) == 1
    assert one.certain().p_above(0) == 0
    equal = effect(Sample([0.0, 0.0]), bounds=None)
    assert (equal.p_above(0), equal.p_below(0)) == (1, 1)  # at a threshold is on neither side


def test_more_seeds_lower_the_part_of_the_seeds_alone():
    parts = Part(4.0, 2, "seeds"), Part(1.0, 100, "images")
    more = Effect(0.0, 2, parts).of_seeds(8)
    assert (more.n, more.error**2) == (8, pytest.approx(1.0 + 1.0))


def test_holms_correction_multiplies_the_smallest_by_all_and_never_falls():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []
