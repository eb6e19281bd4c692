"""Figure 2 and its numbers."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from examples import EMPTY, example, with_arrays

from hypergan.evaluation import predictive
from hypergan.experiments.collection import Collection, collect
from hypergan.experiments.intervals import interval
from hypergan.experiments.profiles import PUBLISHED
from hypergan.experiments.records import Cell
from hypergan.figures import cubic
from hypergan.figures.page import MISSING


def found(**arrays):
    """Records of methods, one per seed, by their arrays."""
    return Collection(
        [
            with_arrays(example(Cell(method, "cubic", seed)), columns)
            for method, of in arrays.items()
            for seed, columns in enumerate(of)
        ],
        [],
    )


def judged(hypergan, nuts):
    """Records with standard deviations outside and inside the data."""
    return Collection(
        [
            example(
                Cell(method, "cubic", 0),
                metrics=dict(zip(("std_outside", "std_inside"), stds, strict=True)),
            )
            for method, stds in (("hypergan", hypergan), ("nuts", nuts))
        ],
        [],
    )


def test_the_finding_follows_its_records():
    first, second = cubic.finding(judged((3.5, 0.3), (5.0, 1.5)))
    assert "disagree more where there are no data" in first
    assert first.endswith("3.5 outside [−4,\N{NO-BREAK SPACE}4], 0.3 inside.")
    assert second.endswith("is more certain in both places, with 0.7 and 0.2 times that spread.")
    first, second = cubic.finding(judged((0.2, 3.0), (5.0, 1.5)))
    assert "disagree no more where" in first
    assert second.endswith(
        "is more certain outside, less certain inside, with 0.0 and 2.0 times that spread."
    )
    assert cubic.finding(EMPTY) == MISSING


def test_the_band_is_three_standard_deviations_of_the_first_networks(arrays):
    figure = cubic.regression(found(hypergan=[arrays], nuts=[arrays]), sizes=(10, 100))
    assert [axes.get_title() for axes in figure.axes] == [
        "10 networks of HyperGAN", "100 networks of HyperGAN", "exact posterior (NUTS)",
    ]  # fmt: skip
    for axes, size in zip(figure.axes, (10, 100, 100), strict=True):
        std = arrays["predictions"][:size].std(0, ddof=1)
        middle = arrays["predictions"][:size].mean(0)
        band = axes.collections[0].get_paths()[0].vertices
        at_zero = band[band[:, 0] == 0][:, 1]
        assert at_zero.max() == pytest.approx(middle[6] + 3 * std[6])
        assert at_zero.min() == pytest.approx(middle[6] - 3 * std[6])


def test_curves_differ_by_more_than_colour(arrays):
    axes = cubic.regression(found(hypergan=[arrays])).axes[0]
    assert len({(line.get_linestyle(), line.get_marker()) for line in axes.lines}) == 3


def test_methods_are_compared_panel_by_panel(arrays):
    made_up = found(hypergan=[arrays], mnf=[arrays], ensemble=[arrays])
    figure = cubic.regression_comparison(made_up, ["mnf", "apd", "hypergan"], 50, "some")
    assert [axes.get_title() for axes in figure.axes] == ["MNF", "HyperGAN"]


def test_predictive_std_is_that_of_all_networks(arrays):
    wider = arrays | {"predictions": 2 * arrays["predictions"]}
    made_up = found(hypergan=[arrays], mnf=[arrays, wider])
    table = cubic.predictive_std(made_up, ["hypergan", "mnf", "apd"], at=(-6, 0)).frame
    std = arrays["predictions"].std(0, ddof=1)
    assert [cell.mean for cell in table["HyperGAN"]] == pytest.approx([std[0], std[6]])
    assert table.loc["0", "MNF"] == interval([std[6], 2 * std[6]], (0, np.inf))
    assert table.loc["0", "MNF"].low == 0  # a standard deviation is not negative
    assert list(table.index) == ["−6", "0"]


def test_predictive_quality_measures_against_the_reference(arrays):
    moved = arrays | {"predictions": arrays["predictions"] + 2}
    made_up = found(hypergan=[arrays], mnf=[arrays, moved], nuts=[arrays])
    table = cubic.predictive_quality(made_up).frame
    inside = abs(arrays["x"]) <= 4
    for score, name in (("log_likelihood", "log likelihood (nats)"), ("coverage", "coverage")):
        one, other = (
            getattr(predictive, score)(columns["predictions"], columns["y"], 3.0)[inside].mean()
            for columns in (arrays, moved)
        )
        assert other < one
        assert table.loc["HyperGAN", (name, "inside")].mean == one
        assert table.loc["MNF", (name, "inside")].mean == pytest.approx((one + other) / 2)
    assert [cell.mean for cell in table.loc["HyperGAN", "distance to NUTS"]] == [0, 0]
    assert [cell.mean for cell in table.loc["MNF", "distance to NUTS"]] == pytest.approx([1, 1])


def test_the_reference_is_of_its_first_seeds(arrays, monkeypatch):
    monkeypatch.setattr(cubic, "_SEEDS", 2)
    moved = arrays | {"predictions": arrays["predictions"] + 2}
    table = cubic.predictive_quality(found(hypergan=[arrays], nuts=[arrays, moved, arrays])).frame
    both = np.concatenate([arrays["predictions"], moved["predictions"]])
    distance = predictive.wasserstein(*map(predictive.ordered, (arrays["predictions"], both)))
    inside = distance[abs(arrays["x"]) <= 4].mean()
    assert table.loc["HyperGAN", ("distance to NUTS", "inside")].mean == pytest.approx(inside)


def test_what_the_chains_say_of_themselves():
    row = {"r_hat": 1.0042, "effective_sample_size": 812.4, "divergences": 3.0}
    (record,) = Collection([example(Cell("nuts", "cubic"))], []).records
    said = cubic.chains(Collection([replace(record, history=[row])], []))
    assert "R-hat is 1.004" in said
    assert "size 812, and 3 steps" in said


def test_without_records_the_page_says_so(arrays):
    assert "not run" in cubic.regression(EMPTY).notes[0]
    assert "not run" in cubic.regression_comparison(EMPTY, cubic.BESIDE, 10, "x").notes[0]
    assert cubic.predictive_std(EMPTY, cubic.PAIR, at=(0,)).frame.empty
    assert "distance to NUTS" not in cubic.predictive_quality(found(hypergan=[arrays])).frame
    assert cubic.chains(EMPTY) == MISSING[0]


def test_trials_of_the_band_say_which_change_comes_nearest(tmp_path, monkeypatch):
    rows = [("none", 0.3, 2.1), ("none", 0.5, 2.3), ("wider", 0.8, 2.0), ("nearer", 0.6, 1.5)]
    table = pd.DataFrame(
        [(change, 0, std, far) for change, std, far in rows],
        columns=[
            "change", "seed", "standard deviation, inside", "distance to NUTS, unit prior, inside"
        ],
    )  # fmt: skip
    table.to_csv(tmp_path / "cubic.csv", index=False)
    monkeypatch.setattr(cubic, "SEARCH", tmp_path)
    frame = cubic.what_moves_the_band().frame
    assert frame.index.to_list() == ["none", "wider", "nearer"]
    assert frame.loc["none", ("standard deviation", "inside")] == interval([0.3, 0.5], (0, np.inf))
    exact = example(Cell("nuts-unit-prior", "cubic", 0), metrics={"std_inside": 2.3})
    assert cubic.what_helps(Collection([exact], [])) == (
        "Of 2 changes, *nearer* comes nearest to the exact posterior with the prior N(0, 1): its "
        "distance inside is 1.5, unchanged it is 2.2. The widest band inside has a standard "
        "deviation of 0.8 (*wider*), the exact one 2.3."
    )
    assert cubic.what_helps(EMPTY) == MISSING[0]


def test_the_unchanged_trials_are_the_published_records():
    trials = cubic._trials().get_group("none")["standard deviation, inside"]
    found = collect(["hypergan"], ["cubic"], PUBLISHED, range(len(trials)))
    assert found.values("hypergan", "std_inside") == pytest.approx([*trials], rel=1e-2)
