"""Figures 3 and 4 of made-up records on stand-in data."""

import numpy as np
import pytest
from examples import EMPTY, example

from hypergan.data.datasets import load
from hypergan.experiments import records
from hypergan.experiments.collection import Collection
from hypergan.experiments.records import Cell
from hypergan.figures import anomaly

SUMMARIES = {"auroc": 0.9, "aupr": 0.8, "fpr95": 0.3}


@pytest.fixture
def made_up(own_runs):
    """A HyperGAN whose entropies are the images' numbers over a thousand."""

    def of(seed, auroc):
        cell = Cell("hypergan", "mnist", seed, "smoke")
        scores = {name: {"in": 0.1, "out": 0.5} | SUMMARIES for name in anomaly.SCORES}
        metrics = {
            "accuracy": {"1": 90.0, "100": 95.0},
            "entropy": {"in": 0.1, "out": 0.5},
            "detection": {name: SUMMARIES | {"auroc": auroc} for name in anomaly.SCORES},
            "uncertainty": {"1": scores, "100": scores, "1000": scores},
        }
        arrays = {
            f"entropy_{where}_{size}": np.arange(length) / 1000
            for size in (1, 100, 1000)
            for where, length in (("in", 360), ("out", 1050))
        }
        record = example(cell, metrics=metrics, stand_in=True)
        return records.write(record, arrays, own_runs / cell.path)

    return Collection([of(0, 0.9), of(1, 0.7)], [])


def test_a_curve_is_the_share_of_images_up_to_an_entropy(made_up):
    figure = anomaly.entropy_cdfs(made_up)
    assert [axes.get_title() for axes in figure.axes] == ["outliers", "test images"]
    for axes, count in zip(figure.axes, (1050, 360), strict=True):
        (curve,) = axes.lines
        assert curve.get_label() == "HyperGAN, 100"
        half = np.interp(0.5, curve.get_ydata(), curve.get_xdata())
        assert half == pytest.approx(count / 2000, abs=0.002)


def test_every_size_has_its_curve(made_up):
    labels = [line.get_label() for line in anomaly.size_cdfs(made_up).axes[0].lines]
    assert labels == ["1 network", "100 networks", "1000 networks"]
    assert list(anomaly.size_table(made_up).index) == [1, 100, 1000]


def test_detection_is_a_mean_over_seeds(made_up):
    table = anomaly.detection_table(made_up)
    assert table.loc[("HyperGAN", "entropy"), "AUROC"].startswith("0.8 [")
    assert "(n = 2)" in table.loc[("HyperGAN", "maximum softmax probability"), "FPR95"]


def test_the_images_are_those_of_the_extreme_entropies(made_up):
    figure = anomaly.extreme_images(made_up, count=2)
    data = load("mnist", stand_in=True)
    pixels = data.outliers.tensors[0] * data.std[0] + data.mean[0]
    shown = [axes.images[0].get_array().squeeze() for axes in figure.axes]
    for picture, index in zip(shown, (1049, 1048, 0, 1), strict=True):
        assert np.allclose(picture, pixels[index, 0], atol=1e-6)
    assert [axes.get_title() for axes in figure.axes] == ["1.05", "1.05", "0.00", "0.00"]


def test_without_the_data_the_figure_says_so(made_up, monkeypatch, tmp_path):
    monkeypatch.setenv("HYPERGAN_DATA", str(tmp_path))
    record = made_up.shown["hypergan"]
    real = example(record.cell, metrics=record.metrics, data_sha256={"MNIST/raw/x": "1" * 64})
    figure = anomaly.extreme_images(Collection([real], []))
    assert f"not below {tmp_path}" in figure.get_suptitle()
    assert not any(axes.images for axes in figure.axes)


@pytest.mark.parametrize("draw", [anomaly.entropy_cdfs, anomaly.size_cdfs, anomaly.extreme_images])
def test_a_figure_without_records_and_one_of_stand_ins_say_so(draw, made_up):
    assert "not run" in draw(EMPTY).get_suptitle()
    assert "stand-in" in draw(made_up).get_suptitle()


def test_tables_may_be_empty():
    assert len(anomaly.detection_table(EMPTY)) == len(anomaly.size_table(EMPTY)) == 0
