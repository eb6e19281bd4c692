"""Table 1 and what stands beside it."""

import numpy as np
import pytest
from examples import EMPTY, NORMS, with_arrays

from hypergan.experiments import paper, records
from hypergan.experiments.collection import Collection
from hypergan.experiments.intervals import interval
from hypergan.experiments.methods import METHODS, title_of
from hypergan.figures import diversity
from hypergan.paths import published


def test_table_1_shows_the_papers_values_and_ours(collected):
    table = diversity.norms_table(collected)
    for row in paper.table(1).itertuples():
        ours = {METHODS[name].papers[1]: name for name in diversity.in_table_1()}[row.method]
        shown = table.loc[(row.layer, title_of(ours))]
        for statistic, value in (("mean", row.mean), ("std", row.std)):
            assert float(shown[statistic, "paper"]) == pytest.approx(value, rel=5e-4)
    means = table["mean", "ours"].loc["conv2"]
    assert means["HyperGAN"] == str(interval([10.0, 10.1, 10.2]))
    assert means["deep ensemble"] == "20 (n = 1)"
    assert means["APD"] == "not run"
    relative = table["std / mean", "ours"].loc["conv2", "deep ensemble"]
    assert relative == "0.1 (n = 1)"


def test_norms_are_drawn_by_method_on_a_logarithmic_axis(collected):
    for axes in diversity.norms_by_method(collected).axes:
        assert axes.get_xscale() == "log"
        assert [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"] == (
            pytest.approx([10.1, 20.0])
        )


def test_the_start_explains_the_papers_norms():
    table = diversity.normal_start_table()
    assert table["weights"].to_dict() == {"conv1": 800, "conv2": 25_600}
    assert (abs(table.iloc[:, 1] / table["paper's mean"] - 1) < 0.05).all()
    norms = np.random.default_rng(0).normal(size=(2000, 800))
    assert table.loc["conv1", "std of the norm"] == pytest.approx(
        np.linalg.norm(norms, axis=1).std(), abs=0.03
    )


def test_the_spread_is_that_of_the_first_epoch_accurate_enough(collected):
    table = diversity.spread_table(collected)
    assert table.loc[("conv1", "HyperGAN"), "epoch"] == "2 (n = 3)"
    assert table.loc[("conv1", "HyperGAN"), "at 98 %"] == "0.2 (n = 3)"
    assert table.loc[("conv1", "deep ensemble"), "at 98 %"] == "–"  # never reached
    assert table.loc[("conv1", "deep ensemble, as released"), "at 98 %"] == "not run"
    assert "APD" not in table.index.get_level_values("method")


def test_diversity_of_functions_stands_beside_accuracy(collected):
    table = diversity.functions_table(collected)
    assert table.loc["HyperGAN", "disagreement"] == str(interval([0.01, 0.11, 0.21]))
    assert table.loc["deep ensemble"].to_list() == [
        "10", "98.01 (n = 1)", "0.01 (n = 1)", "0.5 (n = 1)"
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
        method: records.read(published() / "lite" / "mnist" / method / "seed0.json")
        for method in ("ensemble-normal-init", "ensemble")
    }
    for layer, row in diversity.normal_start_table().iterrows():
        start = pytest.approx(row["√weights, mean of the norm"], rel=0.05)
        papers = pytest.approx(row["paper's mean"], rel=0.05)
        norms = {m: r.metrics["norms"][layer]["mean"] for m, r in found.items()}
        assert norms["ensemble-normal-init"] == start
        assert norms["ensemble-normal-init"] == papers
        assert norms["ensemble"] != pytest.approx(row["paper's mean"], rel=0.5)
