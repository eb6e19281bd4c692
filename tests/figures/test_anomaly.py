"""Figures 3 and 4 of made-up records on stand-in data."""

from dataclasses import replace

import numpy as np
import pytest
from bs4 import BeautifulSoup
from examples import EMPTY, example, with_arrays

from hypergan.data import pictures
from hypergan.experiments import records
from hypergan.experiments.collection import Collection
from hypergan.experiments.intervals import interval
from hypergan.experiments.records import Cell
from hypergan.figures import anomaly
from hypergan.figures.page import MISSING

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
            for where, length in (("in", 360), ("out", 420))
        }
        record = example(cell, metrics=metrics, stand_in=True)
        return records.write(record, arrays, own_runs / cell.path)

    return Collection([of(0, 0.9), of(1, 0.7)], [])


def detecting(method, auroc):
    detection = {name: SUMMARIES | {"auroc": auroc} for name in anomaly.SCORES}
    return example(Cell(method, "mnist", 0), metrics={"detection": detection})


def test_the_finding_follows_its_records():
    def seeds(method, auroc):
        return [replace(detecting(method, auroc + k / 1000), seed=k) for k in range(3)]

    own, mnf, apd = seeds("hypergan", 0.7), seeds("mnf", 0.6), seeds("apd", 0.8)
    sgld = [detecting("sgld", 0.9)]
    apart = Collection([*own, *apd, *mnf, *sgld], [])
    first, second = anomaly.finding(apart, Collection([own[0], mnf[0]], []))
    assert first.endswith(
        "an AUROC of 0.701, lower than that of APD, higher than that of MNF; for SGLD "
        "the seeds do not decide."
    )
    assert "the AUROC is 0.700; for MNF the seeds do not decide (one seed). Chance" in second
    first, second = anomaly.finding(Collection([*own, *mnf], []), apart)
    assert first.endswith("with an AUROC of 0.701, higher than that of MNF.")
    assert "one seed" not in second
    assert anomaly.finding(apart, EMPTY) == anomaly.finding(EMPTY, apart) == MISSING


def test_a_curve_is_the_share_of_images_up_to_an_entropy(made_up):
    figure = anomaly.entropy_cdfs(made_up)
    assert [axes.get_title() for axes in figure.axes] == ["outliers", "test images"]
    for axes, count in zip(figure.axes, (420, 360), strict=True):
        (curve,) = axes.lines
        assert curve.get_label() == "HyperGAN, 100"
        x, y = curve.get_xdata(), curve.get_ydata()
        assert len(x) <= 100  # so that a page stays light
        assert y == pytest.approx((np.floor(x * 1000 + 1e-6) + 1) / count)
        assert y[-1] == 1


def test_every_size_has_its_curve_and_a_dash_of_its_own(made_up):
    lines = anomaly.size_cdfs(made_up).axes[0].lines
    assert [line.get_label() for line in lines] == ["1 network", "100 networks", "1000 networks"]
    assert len({line.get_linestyle() for line in lines}) == len(lines)
    assert list(anomaly.size_table(made_up).frame.index) == [1, 100, 1000]


def test_detection_is_a_mean_over_seeds_within_its_bounds(made_up):
    table = anomaly.detection_table(made_up).frame
    auroc = table.loc[("HyperGAN", "entropy"), "AUROC"]
    assert (auroc.mean, auroc.n) == (pytest.approx(0.8), 2)
    assert (auroc.low, auroc.high) == (0, 1)  # of two seeds it would be wider
    fpr = table.loc[("HyperGAN", "maximum softmax probability"), "FPR95"]
    assert fpr == interval([0.3, 0.3])


def test_the_outliers_stand_in_the_order_of_their_entropy(made_up):
    page = BeautifulSoup(anomaly.outliers(made_up)._repr_html_(), "html.parser")
    below = [float(word.text) for word in page.find_all("figcaption")]
    assert len(below) == pictures.COUNT
    assert below == sorted(below)
    assert (below[0], below[-1]) == (0, 0.42)  # the numbers of the first and of the last
    assert all(len(image["alt"].split()) >= 5 for image in page.find_all("img"))
    assert f"{pictures.COUNT} of 420 outliers" in page.text
    assert "Pictures: embedded." in page.text


def test_the_pictures_of_real_data_need_no_data_folder(made_up, monkeypatch, tmp_path):
    monkeypatch.setenv("HYPERGAN_DATA", str(tmp_path))
    record = made_up.shown["hypergan"]
    places = pictures.published("mnist").indices
    entropies = np.zeros(10_000)
    entropies[places[5]] = 2.0
    real = with_arrays(replace(record, stand_in=False), {"entropy_out_100": entropies})
    page = BeautifulSoup(anomaly.outliers(Collection([real], []))._repr_html_(), "html.parser")
    last = page.find_all("img")[-1]
    assert last["alt"] == f"{pictures.published('mnist').words[5]}, entropy 2.00 nats"
    assert last["src"].startswith("data:image/webp;base64,")
    assert "notMNIST (Bulatov, 2011)" in page.text


def test_without_records_each_part_says_so(made_up):
    for draw in (anomaly.entropy_cdfs, anomaly.size_cdfs):
        assert "not run" in draw(EMPTY).notes[0]
        assert "stand-in" in draw(made_up).notes[0]
    assert "not run" in anomaly.outliers(EMPTY)._repr_html_()
    for table in (anomaly.detection_table, anomaly.size_table):
        assert table(EMPTY)._repr_html_()
