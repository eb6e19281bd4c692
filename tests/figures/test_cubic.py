"""Figure 2 and its numbers."""

import pytest

from hypergan.evaluation import predictive
from hypergan.experiments.intervals import interval
from hypergan.figures import cubic


def test_the_band_is_three_standard_deviations_of_the_first_networks(arrays):
    figure = cubic.regression(arrays, sizes=(10, 100))
    assert [axes.get_title() for axes in figure.axes] == ["10 networks", "100 networks"]
    for axes, size in zip(figure.axes, (10, 100), strict=True):
        std = arrays["predictions"][:size].std(0, ddof=1)
        middle = arrays["predictions"][:size].mean(0)
        band = axes.collections[0].get_paths()[0].vertices
        at_zero = band[band[:, 0] == 0][:, 1]
        assert at_zero.max() == pytest.approx(middle[6] + 3 * std[6])
        assert at_zero.min() == pytest.approx(middle[6] - 3 * std[6])


def test_methods_are_compared_panel_by_panel(arrays):
    figure = cubic.regression_comparison({"one": arrays, "other": arrays}, networks=50)
    assert [axes.get_title() for axes in figure.axes] == ["one", "other"]


def test_predictive_std_is_that_of_all_networks(arrays):
    wider = arrays | {"predictions": 2 * arrays["predictions"]}
    table = cubic.predictive_std({"one": [arrays], "two": [arrays, wider]}, at=(-6, 0))
    std = arrays["predictions"].std(0, ddof=1)
    assert table["one"].tolist() == [f"{std[i]:.4g} (n = 1)" for i in (0, 6)]
    assert table.loc["x = 0", "two"] == str(interval([std[6], 2 * std[6]]))


def test_predictive_quality_measures_against_the_reference(arrays):
    moved = arrays | {"predictions": arrays["predictions"] + 2}
    table = cubic.predictive_quality({"same": [arrays], "both": [arrays, moved]}, arrays)
    inside = abs(arrays["x"]) <= 4
    for score in ("log_likelihood", "coverage"):
        one, other = (
            getattr(predictive, score)(columns["predictions"], columns["y"], 3.0)[inside].mean()
            for columns in (arrays, moved)
        )
        assert other < one
        column = (score.replace("_", " "), "inside")
        assert table.loc["same", column] == f"{one:.4g} (n = 1)"
        assert table.loc["both", column] == str(interval([one, other]))
    assert (table.loc["same", "distance"] == "0 (n = 1)").all()
    assert (table.loc["both", "distance"] == str(interval([0, 2]))).all()
