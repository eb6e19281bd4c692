from dataclasses import replace

import pytest
from examples import example

from hypergan.experiments.collection import Collection
from hypergan.experiments.intervals import interval
from hypergan.experiments.measures import measure
from hypergan.experiments.methods import METHODS, title_of
from hypergan.experiments.methods.hypergan import UNVARIED, VARIED
from hypergan.experiments.records import Cell
from hypergan.figures import ablation
from hypergan.figures.ablation import ACCURACY, AUROC, SPREAD

FULL, NO_MIXER = "hypergan", "hypergan-no-mixer"
NO_DISCRIMINATOR = "hypergan-no-discriminator"
TITLES = [title_of(method) for method in (FULL, NO_MIXER, NO_DISCRIMINATOR)]


def measurement(when, number, value):
    spread = {"conv1": value / 100, "linear": value / 50}
    return {when: number, "validation_accuracy": value, "norm_spread": spread, "diversity": 0.1}


def record(method, seed, value, dataset="mnist", **changes):
    history = [measurement("epoch", epoch, value + epoch) for epoch in (1, 2)]
    history[0]["early"] = [measurement("step", step, value) for step in (1, 3)]
    metrics = {
        "accuracy": {"1": value - 1, "10": value},
        "norms": {"conv1": {"mean": 10.0, "std": 1.0}, "linear": {"mean": 10.0, "std": 3.0}},
        "diversity": {"disagreement": 0.1, "pairwise_kl": 0.2},
    }
    if dataset == "mnist":
        metrics["detection"] = {"entropy": {"auroc": 0.9}}
    cell = Cell(method, dataset, seed)
    return example(cell, history=history, metrics=metrics, **changes)


@pytest.fixture
def found():
    """Two seeds of HyperGAN, one without the mixer, none without the discriminator."""
    there = [record(FULL, 0, 90.0), record(FULL, 1, 92.0), record(NO_MIXER, 0, 80.0)]
    return Collection(there, [Cell(NO_DISCRIMINATOR, "mnist", 0)])


def without(collection, method):
    """The same with a method's records missing."""
    missing = [record.cell for record in collection.of(method)]
    others = [record for record in collection.records if record.method != method]
    return Collection(others, missing + collection.missing)


def empty(collection):
    """The same with all records missing."""
    for method in collection.shown:
        collection = without(collection, method)
    return collection


def test_the_course_has_the_first_steps_and_the_epochs(found):
    course = ablation.course(found)
    full = course[(course["method"] == FULL) & (course["seed"] == 1)]
    assert full["step"].dropna().tolist() == [1, 3]
    assert full["epoch"].dropna().tolist() == [1, 2]
    assert full["validation_accuracy"].tolist() == [92, 92, 93, 94]
    assert full["norm_spread.linear"].tolist() == pytest.approx([1.84, 1.84, 1.86, 1.88])


def test_figure_6_is_the_mean_over_seeds_within_its_interval(found):
    start, whole = ablation.accuracy_course(found).axes
    assert start.get_xscale() == "log"
    assert start.lines[0].get_xydata().tolist() == [[1, 91], [3, 91]]
    assert whole.lines[0].get_xydata().tolist() == [[1, 92], [2, 93]]
    drawn = whole.collections[0].get_paths()[0].vertices
    at_the_end = drawn[drawn[:, 0] == 2][:, 1]
    expected = interval([92.0, 94.0])
    assert (at_the_end.min(), at_the_end.max()) == pytest.approx((expected.low, expected.high))


def test_one_seed_has_a_line_without_a_band(found):
    alone = Collection(found.of(NO_MIXER), [])
    _, whole = ablation.accuracy_course(alone).axes
    assert whole.lines[0].get_ydata().tolist() == [81, 82]
    drawn = [path.vertices[:, 1] for band in whole.collections for path in band.get_paths()]
    assert not any(((heights < 81) | (heights > 82)).any() for heights in drawn)


def test_more_methods_than_colours_are_all_drawn():
    many = [name for name, method in METHODS.items() if "mnist" in method.datasets][:11]
    figure = ablation.accuracy_course(Collection([record(name, 0, 90.0) for name in many], []))
    assert all(len(axes.lines) == len(many) for axes in figure.axes)
    assert len(figure.legends[0].get_texts()) == len(many)


def test_what_was_not_run_is_named(found):
    for figure in (
        ablation.accuracy_course(found),
        ablation.diversity_course(empty(found)),
    ):
        (legend,) = figure.legends
        named = [text.get_text() for text in legend.get_texts()]
        assert f"{TITLES[2]}: not run" in named
    assert named == [f"{title}: not run" for title in TITLES]


def test_a_method_keeps_its_colour_whatever_else_is_there(found):
    colours = [
        ablation.diversity_course(part).axes[1].lines[1].get_color()
        for part in (found, without(found, FULL))
    ]
    assert colours[0] == colours[1]


def test_every_layer_has_a_panel(found):
    figure = ablation.layers_course(found)
    assert [axes.get_title() for axes in figure.axes] == ["conv1", "linear"]
    assert figure.axes[1].lines[0].get_ydata().tolist() == pytest.approx([1.84, 1.86])
    assert len(ablation.layers_course(empty(found)).axes) == 1


def test_the_table_measures_as_the_ledger_does(found):
    table = ablation.at_the_end(found)
    assert table.loc[TITLES[0], ACCURACY] == str(interval([90.0, 92.0]))
    first = found.records[0]
    assert table.loc[TITLES[1], SPREAD] == str(interval([measure("relative_norm_std")(first)]))
    assert table.loc[TITLES[1], SPREAD] == "0.2 (n = 1)"
    assert set(table.loc[TITLES[2]]) == {"not run"}


def test_methods_are_ranked_by_each_measure_of_diversity(found):
    def measured(method, norm, disagreement, kl):
        metrics = {
            "norms": {"linear": {"mean": 1.0, "std": norm}},
            "diversity": {"disagreement": disagreement, "pairwise_kl": kl},
        }
        return replace(record(method, 0, 90.0), metrics=metrics)

    pair = Collection([measured(FULL, 0.2, 0.1, 0.3), measured(NO_MIXER, 0.1, 0.2, 0.2)], [])
    assert ablation.ranking(pair).splitlines() == [
        "- by relative sd of the norm: HyperGAN, without mixer",
        "- by disagreement: without mixer, HyperGAN",
        "- by pairwise KL (nats): HyperGAN, without mixer",
    ]
    assert ablation.ranking(empty(found)).count("not run") == 3


def test_without_outliers_there_is_nothing_to_detect():
    coloured = record(FULL, 0, 70.0, dataset="cifar10")
    table = ablation.at_the_end(Collection([coloured], []))
    assert table.loc[TITLES[0], AUROC] == "–"
    assert table.loc[TITLES[0], ACCURACY] == "70 (n = 1)"


def test_each_number_is_varied_over_at_least_five_values():
    for argument in VARIED:
        models = [METHODS[name].switches for name in ablation.varied_by(argument)]
        others = [model for model in models if argument not in model]
        assert len(models) >= 5
        assert len(others) <= 1


def test_the_variation_shows_its_values_in_order(found):
    names = ("hypergan-beta-10", UNVARIED, "hypergan-beta-0.1")
    varied = [record(name, 0, 90 + METHODS[name].switches["beta"]) for name in names]
    figure = ablation.variation(Collection(varied, []))
    beta, bottom = figure.axes[0], figure.axes[-len(VARIED)]
    assert [label.get_text() for label in bottom.get_xticklabels()] == ["0.1", "1", "10"]
    assert beta.lines[0].get_ydata().tolist() == [90.1, 91, 100]
    dotted = [line.get_xdata()[0] for line in beta.lines if line.get_linestyle() == ":"]
    assert dotted == [1]
    assert not beta.texts
    figure = ablation.variation(empty(Collection(varied, [])))
    assert {text.get_text() for axes in figure.axes for text in axes.texts} == {"not run"}


def test_a_figure_of_stand_in_data_says_so():
    made_up = record(FULL, 0, 90.0, stand_in=True)
    assert "stand-in" in ablation.accuracy_course(Collection([made_up], [])).get_suptitle()
