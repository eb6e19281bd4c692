from dataclasses import replace

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from test_records import example

from hypergan import figures, paper, predictive
from hypergan.records import Cell
from hypergan.settings import settings_for

mpl.use("Agg")
CELL = Cell("hypergan", "mnist", 2, "lite")
NORMS = {layer: {"mean": 10.0, "std": 2.0} for layer in ("conv1", "conv2", "linear")}


@pytest.fixture
def record():
    accuracy = {"1": 98.0, "5": 98.5, "10": 99.0, "100": 99.25}
    history = [
        {"epoch": e, "accuracy": 90.0 + e, "norm_spread": {"conv1": 0.1, "linear": 0.2}}
        for e in (1, 2)
    ]
    metrics = {"norms": NORMS, "accuracy": accuracy, "accuracy_std": {"1": 0.1}}
    return example(CELL, metrics=metrics, history=history)


@pytest.fixture
def arrays():
    x = np.linspace(-6, 6, 13)
    predictions = x**3 + np.random.default_rng(0).normal(size=(100, 13)) * (1 + abs(x))
    return {"x": x, "y": x**3, "train_x": x[3:10], "train_y": x[3:10] ** 3,
            "predictions": predictions}  # fmt: skip


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_table_1_shows_the_papers_values_and_ours(record):
    table = figures.norms_table([record])
    for row in paper.table(1).itertuples():
        shown = table.loc[("paper", row.method)]
        assert shown[(row.layer, "mean")] == row.mean
        assert shown[(row.layer, "std")] == row.std
    ours = table.loc[("ours, seed 2", "hypergan")]
    assert ours[("conv2", "std / mean")] == pytest.approx(0.2)
    assert list(table.index.get_level_values(0)) == ["paper"] * 3 + ["ours, seed 2"]


def test_table_2_shows_the_papers_values_and_ours(record):
    table = figures.accuracy_table([record])
    assert table["paper"].to_dict() == {1: 98.64, 5: 98.75, 10: 99.22, 100: 99.31}
    assert table["ours, seed 2"].to_dict() == {1: 98.0, 5: 98.5, 10: 99.0, 100: 99.25}


def test_the_band_is_three_standard_deviations_of_the_first_networks(arrays):
    figure = figures.regression(arrays, sizes=(10, 100))
    assert [axes.get_title() for axes in figure.axes] == ["10 networks", "100 networks"]
    for axes, size in zip(figure.axes, (10, 100), strict=True):
        std = arrays["predictions"][:size].std(0, ddof=1)
        middle = arrays["predictions"][:size].mean(0)
        band = axes.collections[0].get_paths()[0].vertices
        at_zero = band[band[:, 0] == 0][:, 1]
        assert at_zero.max() == pytest.approx(middle[6] + 3 * std[6])
        assert at_zero.min() == pytest.approx(middle[6] - 3 * std[6])


def test_methods_are_compared_panel_by_panel(arrays):
    figure = figures.regression_comparison({"one": arrays, "other": arrays}, networks=50)
    assert [axes.get_title() for axes in figure.axes] == ["one", "other"]


def test_predictive_std_is_that_of_all_networks(arrays):
    table = figures.predictive_std({"HyperGAN": arrays}, at=(-6, 0))
    std = arrays["predictions"].std(0, ddof=1)
    assert table.loc["HyperGAN"].tolist() == pytest.approx([std[0], std[6]], abs=0.006)


def test_norms_are_drawn_over_the_papers(record):
    drawn = {f"norms_{layer}": np.full(100, 9.0) for layer in NORMS}
    figure = figures.norms(record, drawn)
    assert [axes.get_title() for axes in figure.axes] == ["conv1", "conv2", "linear"]
    assert figure.axes[1].lines[0].get_xdata()[0] == 51.10


def test_a_figure_of_stand_in_data_says_so(record):
    marked = figures.course(replace(record, stand_in=True))
    assert marked.get_suptitle() == "embedded stand-in data, not mnist"
    assert not figures.course(record).get_suptitle()


def test_the_course_shows_every_layer(record):
    accuracy, spread = figures.course(record).axes
    assert accuracy.lines[0].get_ydata().tolist() == [91, 92]
    assert [line.get_label() for line in spread.lines] == ["conv1", "linear"]


def test_provenance_names_stand_ins_and_the_command():
    text = figures.provenance(example(CELL, stand_in=True))
    assert "STAND-IN" in text
    assert CELL.command in text
    assert "STAND-IN" not in figures.provenance(example(CELL))


def test_the_chosen_settings_are_the_best_that_were_tried():
    best = figures.search_table("mnist").iloc[:, -1]
    chosen = settings_for("hypergan", "mnist", "lite").training
    for name in ("learning_rate", "discriminator_rate", "weight_decay", "codes"):
        assert best[name] == getattr(chosen, name)


def test_predictive_quality_measures_against_the_reference(arrays):
    moved = arrays | {"predictions": arrays["predictions"] + 2}
    table = figures.predictive_quality({"same": arrays, "moved": moved}, arrays)
    inside = abs(arrays["x"]) <= 4
    for name, columns in (("same", arrays), ("moved", moved)):
        for where, chosen in (("inside", inside), ("outside", ~inside)):
            chosen = predictive.log_likelihood(columns["predictions"], columns["y"], 3.0)[chosen]
            assert table.loc[name, ("log likelihood", where)] == pytest.approx(
                chosen.mean(), abs=0.01
            )
    assert (table.loc["same", "distance"] == 0).all()
    assert (table.loc["moved", "distance"] == 2).all()
    assert table.loc["moved", ("coverage", "inside")] < table.loc["same", ("coverage", "inside")]
