"""Table 1 and what stands beside it."""

from dataclasses import replace

import numpy as np
import pytest
from examples import EMPTY, NORMS, with_arrays

from hypergan.experiments import paper, records
from hypergan.experiments.collection import Collection
from hypergan.experiments.intervals import interval
from hypergan.experiments.methods import METHODS, title_of
from hypergan.figures import diversity
from hypergan.figures.page import MISSING
from hypergan.paths import published


def test_table_1_shows_the_papers_values_and_ours(collected):
    table = diversity.norms_table(collected).frame
    for row in paper.table(1).itertuples():
        ours = {METHODS[name].papers[1]: name for name in diversity.in_table_1()}[row.method]
        shown = table.loc[(row.layer, title_of(ours))]
        for statistic, value in (("mean", row.mean), ("std", row.std)):
            assert float(shown[statistic, "paper"]) == pytest.approx(value, rel=5e-4)
    means = table["mean", "ours"].loc["conv2"]
    assert means["HyperGAN"] == interval([10.0, 10.1, 10.2])
    assert means["deep ensemble"] == interval([20.0])
    assert means["APD"] == "not run"
    relative = table["std / mean", "ours"].loc["conv2", "deep ensemble"]
    assert relative == interval([0.1])


def test_spread_and_disagreement_are_drawn_in_percent(collected):
    norms, functions = diversity.spread_and_disagreement(collected).axes
    rows = {int(line.get_ydata()[0]): line for line in norms.lines if line.get_marker() == "o"
            and len(line.get_ydata())}  # fmt: skip
    methods = diversity.shown()
    spread = pytest.approx([100 * np.mean([2 / 10, 2 / 10.1, 2 / 10.2])] * len(NORMS))
    assert rows[methods.index("hypergan")].get_xdata().tolist() == spread
    drawn = [line.get_xdata().tolist() for line in functions.lines if len(line.get_xdata())]
    assert pytest.approx([1, 11, 21]) in drawn


def test_the_finding_follows_its_records(collected):
    first, second = diversity.finding(collected)
    assert "vary by 20 to 20 % from one to the next" in first
    assert "differ less" not in first
    assert second.endswith(
        "of MNIST's test images; for those of a deep ensemble the seeds do not decide."
    )
    (ensemble,) = collected.of("ensemble")

    def beside(disagreement):
        diverse = {"diversity": {"disagreement": disagreement, "pairwise_kl": 0.5}}
        plain = [replace(ensemble, metrics=ensemble.metrics | diverse, seed=k) for k in range(3)]
        return diversity.finding(Collection([*collected.of("hypergan"), *plain], []))

    first, second = beside(0.9)
    assert first.endswith("; but as functions they differ less than those of a deep ensemble.")
    assert second.endswith("11.0 % of MNIST's test images.")
    first, second = beside(-0.9)
    assert "differ less" not in first
    assert second.endswith("11.0 % of MNIST's test images: more than those of a deep ensemble.")
    assert diversity.finding(EMPTY) == MISSING


def test_the_start_explains_the_papers_norms():
    table = diversity.normal_start_table().frame
    assert table["weights"].to_dict() == {"conv1": 800, "conv2": 25_600}
    assert (abs(table.iloc[:, 1] / table["paper's mean"] - 1) < 0.05).all()
    norms = np.random.default_rng(0).normal(size=(2000, 800))
    assert table.loc["conv1", "std of the norm"] == pytest.approx(
        np.linalg.norm(norms, axis=1).std(), abs=0.03
    )


def test_the_spread_is_that_of_the_first_epoch_accurate_enough(collected):
    table = diversity.spread_table(collected).frame
    assert table.loc[("conv1", "HyperGAN"), "epoch"] == interval([2, 2, 2])
    assert table.loc[("conv1", "HyperGAN"), "at 98 %"] == interval([0.2] * 3)
    assert table.loc[("conv1", "deep ensemble"), "at 98 %"] == "–"  # never reached
    assert table.loc[("conv1", "deep ensemble as released"), "at 98 %"] == "not run"
    assert "APD" not in table.index.get_level_values("method")


def test_diversity_of_functions_stands_beside_accuracy(collected):
    table = diversity.functions_table(collected).frame
    assert table.loc["HyperGAN", "disagreement"] == interval(
        [0.01 + seed / 10 for seed in range(3)], bounds=(0, 1)
    )
    assert table.loc["deep ensemble"].to_list() == [
        "10", *(interval([value]) for value in (98.01, 0.01, 0.5))
    ]  # fmt: skip
    assert set(table.loc["MNF"]) == {"not run"}


def test_norms_are_drawn_over_the_papers(record):
    drawn = {f"norms_{layer}": np.full(100, 9.0) for layer in NORMS}
    figure = diversity.norms(Collection([with_arrays(record, drawn)], []))
    assert [axes.get_title() for axes in figure.axes] == ["conv1", "conv2", "linear"]
    assert figure.axes[1].lines[0].get_xdata()[0] == 51.10
    assert {axes.texts[0].get_text() for axes in diversity.norms(EMPTY).axes} == {"not run"}


def test_networks_as_released_keep_the_norms_of_their_start():
    """What the page on diversity says of them, and of ordinary starts does not hold."""
    found = {
        method: records.read(published() / "full" / "mnist" / method / "seed0.json")
        for method in ("ensemble-normal-init", "ensemble")
    }
    for layer, row in diversity.normal_start_table().frame.iterrows():
        start = pytest.approx(row["√weights, mean of the norm"], rel=0.05)
        papers = pytest.approx(row["paper's mean"], rel=0.05)
        norms = {m: r.metrics["norms"][layer]["mean"] for m, r in found.items()}
        assert norms["ensemble-normal-init"] == start
        assert norms["ensemble-normal-init"] == papers
        assert norms["ensemble"] != pytest.approx(row["paper's mean"], rel=0.5)
