import numpy as np
import pytest
from examples import example

from hypergan.errors import SettingsError
from hypergan.evaluation import predictive
from hypergan.experiments import records
from hypergan.experiments.measures import Unmeasured, measure
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
    with pytest.raises(SettingsError, match="gives memory 1 arguments instead of 0"):
        measure("memory/peak")
