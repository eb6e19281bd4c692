"""Figure 2 and its numbers."""

import numpy as np
import pytest
from examples import EMPTY, example, with_arrays

from hypergan.evaluation import predictive
from hypergan.experiments.collection import Collection
from hypergan.experiments.intervals import interval
from hypergan.experiments.records import Cell
from hypergan.figures import cubic


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


def test_the_band_is_three_standard_deviations_of_the_first_networks(arrays):
    figure = cubic.regression(found(hypergan=[arrays]), sizes=(10, 100))
    assert [axes.get_title() for axes in figure.axes] == ["10 networks", "100 networks"]
    for axes, size in zip(figure.axes, (10, 100), strict=True):
        std = arrays["predictions"][:size].std(0, ddof=1)
        middle = arrays["predictions"][:size].mean(0)
        band = axes.collections[0].get_paths()[0].vertices
        at_zero = band[band[:, 0] == 0][:, 1]
        assert at_zero.max() == pytest.approx(middle[6] + 3 * std[6])
        assert at_zero.min() == pytest.approx(middle[6] - 3 * std[6])


def test_methods_are_compared_panel_by_panel(arrays):
    figure = cubic.regression_comparison(found(hypergan=[arrays], mnf=[arrays]), networks=50)
    assert [axes.get_title() for axes in figure.axes] == ["HyperGAN", "MNF"]


def test_predictive_std_is_that_of_all_networks(arrays):
    wider = arrays | {"predictions": 2 * arrays["predictions"]}
    table = cubic.predictive_std(found(hypergan=[arrays], mnf=[arrays, wider]), at=(-6, 0))
    std = arrays["predictions"].std(0, ddof=1)
    assert table["HyperGAN"].tolist() == [f"{std[i]:.4g} (n = 1)" for i in (0, 6)]
    assert table.loc["x = 0", "MNF"] == str(interval([std[6], 2 * std[6]]))


def test_predictive_quality_measures_against_the_reference(arrays):
    moved = arrays | {"predictions": arrays["predictions"] + 2}
    table = cubic.predictive_quality(found(hypergan=[arrays], mnf=[arrays, moved], nuts=[arrays]))
    inside = abs(arrays["x"]) <= 4
    for score in ("log_likelihood", "coverage"):
        one, other = (
            getattr(predictive, score)(columns["predictions"], columns["y"], 3.0)[inside].mean()
            for columns in (arrays, moved)
        )
        assert other < one
        column = (score.replace("_", " "), "inside")
        assert table.loc["HyperGAN", column] == f"{one:.4g} (n = 1)"
        assert table.loc["MNF", column] == str(interval([one, other]))
    assert (table.loc["HyperGAN", "distance"] == "0 (n = 1)").all()
    assert (table.loc["MNF", "distance"] == str(interval([0, 2]))).all()


def test_the_reference_is_of_all_its_seeds(arrays):
    moved = arrays | {"predictions": arrays["predictions"] + 2}
    table = cubic.predictive_quality(found(hypergan=[arrays], nuts=[arrays, moved]))
    both = np.concatenate([arrays["predictions"], moved["predictions"]])
    distance = predictive.wasserstein(arrays["predictions"], both)
    inside = distance[abs(arrays["x"]) <= 4].mean()
    assert table.loc["HyperGAN", ("distance", "inside")] == f"{inside:.4g} (n = 1)"


def test_without_records_the_page_says_so(arrays):
    assert "not run" in cubic.regression(EMPTY).get_suptitle()
    assert "not run" in cubic.regression_comparison(EMPTY, networks=10).get_suptitle()
    assert cubic.predictive_std(EMPTY, at=(0,)).empty
    assert "distance" not in cubic.predictive_quality(found(hypergan=[arrays]))
