"""The compact form of HyperGAN beside the stated sizes."""

import copy

import pytest
from examples import EMPTY, example

from hypergan.experiments import paper
from hypergan.experiments.collection import Collection
from hypergan.experiments.intervals import interval
from hypergan.experiments.records import Cell
from hypergan.figures import compact
from hypergan.figures.page import MISSING


@pytest.fixture
def both(collected):
    """Three seeds of HyperGAN on MNIST and as many of the compact form, half a point better."""
    stated = collected.of("hypergan")
    small = []
    for record in stated:
        metrics = copy.deepcopy(record.metrics)
        metrics["accuracy"] = {size: 0.5 + each for size, each in metrics["accuracy"].items()}
        metrics["accuracy"]["100"] += 0.25
        cell = Cell("hypergan-compact", "mnist", record.seed, "full")
        small.append(example(cell, metrics=metrics))
    return Collection(stated + small, [])


def test_both_forms_stand_beside_their_difference_and_the_papers_value(both):
    table = compact.accuracy_table(both).frame
    assert [*table.loc["MNIST"].index] == [1, 5, 10, 100]
    row = table.loc["MNIST", 100]
    assert row["HyperGAN"] == interval([99.0, 99.1, 99.2])
    assert row["compact minus stated"].mean == pytest.approx(0.75)
    assert row["compact minus stated"].n == 3
    assert row["paper"] == "99.31"
    assert table.loc[("CIFAR-10", 1), "HyperGAN, compact"] == "not run"
    assert table.loc[("CIFAR-10", 1), "compact minus stated"] == "–"


def test_traits_are_the_sizes_and_what_the_records_measured(both):
    table = compact.traits_table(both).frame.loc["MNIST"]
    assert [*table["hidden units"]] == ["512", "64"]
    gains = table["gain of 100 (points)"]
    assert gains["HyperGAN"].mean == pytest.approx(0.99)
    assert gains["HyperGAN, compact"].mean == pytest.approx(1.24)
    assert table.loc["HyperGAN", "AUROC of outliers"] == "–"


def test_the_finding_counts_the_papers_values_and_says_what_is_certain(both):
    said = compact.finding(both)
    papers = paper.table(2)
    own = papers[(papers["method"] == "HyperGAN") & (papers["dataset"] == "mnist")]
    means = {1: 98.61, 5: 98.65, 10: 98.7, 100: 99.85}
    reached = sum(means[row.networks] >= row.accuracy for row in own.itertuples())
    assert f"reaches {reached} of the {len(own)} values" in said
    assert "0.8 (0.5 to 1.0) on MNIST" in said
    assert "That is certain on MNIST alone." in said
    one_seed = Collection([both.of(name)[0] for name in compact.PAIR], [])
    assert "None of these is certain." in compact.finding(one_seed)
    assert compact.finding(EMPTY) == MISSING[0]
