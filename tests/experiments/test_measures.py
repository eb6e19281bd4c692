import math
from dataclasses import replace

import numpy as np
import pytest
from examples import example, with_arrays
from sklearn.metrics import roc_auc_score

from hypergan.errors import SettingsError
from hypergan.evaluation import predictive
from hypergan.experiments import records
from hypergan.experiments.measures import (
    Unmeasured,
    binomial,
    bounds,
    measure,
    outcomes,
    placements,
)
from hypergan.experiments.records import Cell


def test_statistics_of_a_record():
    rows = [{"epoch": e, "accuracy": float(e)} for e in range(1, 21)]
    by_eps = {"0": {"entropy": 9.0}, "0.1": {"entropy": 1.0}, "0.3": {"entropy": 2.0}}
    metrics = {
        "norms": {"conv1": {"mean": 10.0, "std": 1.0}, "linear": {"mean": 2.0, "std": 0.6}},
        "attacks": {"pgd": {"10": {"fresh": by_eps}}},
    }
    record = example(history=rows, metrics=metrics, peak_memory_bytes=1_500_000_000)

    def value(name):
        return measure(name)(record)

    assert value("norms/linear/std") == 0.6
    assert value("relative_norm_std") == pytest.approx(0.2)
    assert value("history/accuracy/start") == 1.5
    assert value("history/accuracy/end") == 19.5
    assert value("over_eps/pgd/10/fresh/entropy") == 1.5
    assert value("between_eps/pgd/10/fresh/0.1/0.2/entropy") == 1.0
    with pytest.raises(Unmeasured):
        value("between_eps/pgd/10/fresh/0.5/1/entropy")
    assert value("memory") == 1.5
    for most, row in enumerate(rows[5:], start=1):  # gone on from an older checkpoint
        row["peak_memory_bytes"] = most * 10**7
    assert value("memory") == 0.15


def test_the_log_likelihood_is_the_mean_over_ensembles_of_that_size(own_runs):
    x = np.array([-5.0, -4.0, 0.0, 5.0])
    predictions = np.random.default_rng(0).normal(x, 2, size=(40, 4)).astype(np.float32)
    arrays = {"x": x, "y": x**3, "predictions": predictions}
    cell = Cell("hypergan", "cubic", 0, "lite")
    record = records.write(example(cell), arrays, own_runs / cell.path)
    outside = [
        predictive.log_likelihood(predictions[i : i + 10, [0, 3]], x[[0, 3]] ** 3, noise=3.0)
        for i in range(0, 40, 10)
    ]
    found = measure("log_likelihood/outside/10")(record)
    assert found == pytest.approx(np.mean(outside), rel=1e-5)


def test_a_size_that_was_not_measured_is_told_from_a_word_that_is_unknown():
    by_size = {"10": {"same": {"0.1": {"fooled": 0.5}}}}
    record = example(metrics={"accuracy": {"1": 90.0, "5": None}, "attacks": {"pgd": by_size}})
    with pytest.raises(Unmeasured):
        measure("accuracy/100")(record)
    with pytest.raises(Unmeasured):
        measure("accuracy/5")(record)
    with pytest.raises(Unmeasured):
        measure("over_eps/pgd/100/same/fooled")(record)
    for name in ("acuracy/1", "accuracy/one", "accuracy", "over_eps/pgm/10/same/fooled"):
        with pytest.raises(KeyError) as caught:
            measure(name)(record)
        assert caught.type is KeyError


def test_a_statistic_takes_its_own_arguments():
    with pytest.raises(SettingsError, match="gives memory 1 arguments; it takes 0"):
        measure("memory/peak")


ATTACKED = {"images": 4, "entropy": 2.0, "fooled": 0.5, "all_fooled": 0.25, "success": 0.5}


@pytest.fixture
def attacked():
    """Ten networks on four test images, and on attacked ones at two eps."""
    metrics = {
        "accuracy": {"1": 75.0, "10": 50.0},
        "attacks": {"pgd": {"10": {"fresh": {"0": ATTACKED, "0.1": ATTACKED, "1": ATTACKED}}}},
        "transfer": {"pgd": {"1": {"10": {"examples": 2, "fooled": 0.5}}}},
        "diversity": {"disagreement": 0.25},
    }
    arrays = {
        "right_1": np.array([10, 5, 5, 10], np.uint8),
        "right_10": np.array([1, 0, 0, 1], np.uint8),
        "entropy_in_10": np.array([0.1, 0.2, 0.3, 0.4], np.float16),
        "entropy_out_10": np.array([0.2, 0.9], np.float16),
        "entropy_pgd_10_fresh": np.array([[0, 0, 0, 1], [1, 2, 3, 0], [3, 4, 5, 6]], np.float16),
        "fooled_pgd_10_fresh": np.array([[0, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0.5]], np.float16),
    }
    return with_arrays(example(metrics=metrics), arrays)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("accuracy/1", [[100, 50, 50, 100]]),
        ("accuracy/10", [[100, 0, 0, 100]]),
        ("entropy/out", [[0.2, 0.9]]),
        ("attacks/pgd/10/fresh/1/fooled", [[1, 1, 1, 0.5]]),
        ("attacks/pgd/10/fresh/1/all_fooled", [[1, 1, 1, 0]]),
        ("between_eps/pgd/10/fresh/0.1/1/entropy", [[2, 3, 4, 3]]),
    ],
)
def test_each_image_has_its_part_in_a_measure(attacked, name, expected):
    for found, wanted in zip(outcomes(attacked, name), expected, strict=True):
        assert found == pytest.approx(np.array(wanted), abs=1e-3)


def test_the_mean_part_in_an_auroc_is_the_auroc(attacked):
    out, inside = outcomes(attacked, "detection/entropy/auroc")
    area = roc_auc_score([0] * 4 + [1] * 2, [0.1, 0.2, 0.3, 0.4, 0.2, 0.9])
    assert out.mean() == inside.mean() == pytest.approx(area)
    (paired,) = outcomes(attacked, "between_eps/pgd/10/fresh/1/1/auroc")
    assert paired.mean() == pytest.approx(2 * 1.0)  # an image has a part attacked and a part clean


def test_the_parts_in_an_auroc_vary_as_it_does_over_images():
    """The variance of their means is that of the AUROC over new draws of the images."""
    generator = np.random.default_rng(0)

    def draw():
        return placements(generator.normal(1, size=80), generator.normal(size=60))

    drawn = [draw() for _ in range(500)]
    expected = np.mean([sum(np.var(x, ddof=1) / len(x) for x in parts) for parts in drawn])
    assert np.var([over.mean() for over, _ in drawn]) == pytest.approx(expected, rel=0.15)


def test_eps_that_are_not_those_of_the_arrays_are_not_measured(attacked):
    by_eps = attacked.metrics["attacks"]["pgd"]["10"]["fresh"]
    for odd in (by_eps | {"0.5": ATTACKED}, {"0": ATTACKED, "1": ATTACKED}):
        metrics = {"attacks": {"pgd": {"10": {"fresh": odd}}}}
        record = with_arrays(replace(attacked, metrics=metrics), attacked.arrays)
        with pytest.raises(Unmeasured):
            outcomes(record, "attacks/pgd/10/fresh/1/fooled")


@pytest.mark.parametrize("norms", [{}, {"linear": {"mean": 0.0, "std": 0.0}}])
def test_a_spread_of_no_norm_is_not_measured(norms):
    with pytest.raises(Unmeasured):
        measure("relative_norm_std")(example(metrics={"norms": norms}))


def test_what_is_no_mean_over_images_has_no_parts(attacked):
    for name in ("diversity/disagreement", "memory", "transfer/pgd/1/10/fooled", "entropy/other"):
        assert outcomes(attacked, name) is None
    assert outcomes(attacked, "accuracy/5") is None


def test_a_share_varies_at_most_as_images_that_are_right_or_not(attacked):
    assert binomial(attacked, "accuracy/10") == pytest.approx(100**2 * 0.25 / 8)
    transferred = replace(attacked, config={"evaluation": {"attack": {"images": 1}}})
    assert binomial(transferred, "transfer/pgd/1/10/fooled") == pytest.approx(0.25 / 5)
    assert binomial(attacked, "diversity/disagreement") == pytest.approx(3 / 64 * 5 / 8)
    assert binomial(attacked, "attacks/pgd/10/fresh/1/all_fooled") == pytest.approx(3 / 64 * 5 / 8)
    assert binomial(attacked, "attacks/pgd/10/fresh/1/entropy") is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("accuracy/100", (0, 100)),
        ("history/accuracy/end", (0, 100)),
        ("detection/entropy/fpr95", (0, 1)),
        ("attacks/pgd/10/fresh/1/entropy", (0, math.inf)),
        ("log_likelihood/outside/100", (-math.inf, math.inf)),
    ],
)
def test_a_measure_has_its_bounds(name, expected):
    assert bounds(name) == expected
