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
from hypergan.figures.page import MISSING

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
    assert full["watched_accuracy"].tolist() == [92, 92, 93, 94]
    assert full["norm_spread.linear"].tolist() == pytest.approx([1.84, 1.84, 1.86, 1.88])


def test_where_no_images_are_held_out_the_course_is_of_training_images(found):
    (record,) = found.of(NO_MIXER)
    hidden = {"validation_accuracy", "early"}
    rows = [{name: row[name] for name in row.keys() - hidden} for row in record.history]
    rows[1]["watched"] = {"accuracy": 70.0}  # not every epoch is measured
    watched = Collection([replace(record, history=rows)], [])
    *_, whole, _ = ablation.courses(watched).axes
    (curve,) = whole.lines
    assert (curve.get_xdata().tolist(), curve.get_ydata().tolist()) == ([2], [70])


def diverse(method, norm, disagreement, accuracy=90.0):
    metrics = {
        "accuracy": {"10": accuracy},
        "norms": {"linear": {"mean": 1.0, "std": norm}},
        "diversity": {"disagreement": disagreement, "pairwise_kl": 0.1},
    }
    return replace(record(method, 0, 90.0), metrics=metrics)


def test_the_finding_follows_its_records(found):
    full, ablated = diverse(FULL, 0.2, 0.1), diverse(NO_MIXER, 0.1, 0.3, accuracy=88.5)
    first, second = ablation.finding(Collection([full, ablated], []), found)
    assert "networks vary by 20.0 %, without mixer by 10.0 % (the paper says that Hyp" in first
    assert "but two of its networks" in first
    assert first.endswith("disagree on 10.0 %, without mixer on 30.0 % of the test images.")
    assert second == "In accuracy, every 95 % interval of the differences from HyperGAN includes 0."
    less = diverse(FULL, 0.05, 0.1)
    first, *_ = ablation.finding(Collection([less, ablated], []), found)
    assert "vary by 5.0 %, without mixer by 10.0 %" in first
    assert "and two of its networks" in first
    assert ablation.finding(Collection([full], []), found) == MISSING
    assert ablation.finding(empty(found), empty(found)) == MISSING


def test_changes_of_accuracy_have_intervals_and_those_without_0_are_named():
    seeds = [
        replace(diverse(method, 0.1, 0.1, accuracy=accuracy + seed / 10), seed=seed, dataset=name)
        for name, method, accuracy in (
            ("cifar10", FULL, 80.0), ("cifar10", NO_MIXER, 78.0), ("mnist", FULL, 90.0),
            ("mnist", NO_MIXER, 90.05),
        )
        for seed in range(3)
    ]  # fmt: skip
    both = Collection(seeds, [])
    table = ablation.changes_table(both).frame
    change = table.loc[10, ("CIFAR-10", "without mixer")]
    assert (change.mean, change.n) == (pytest.approx(-2), 3)
    assert table.loc[1, ("CIFAR-10", "without mixer")] == "–"
    *_, said = ablation.finding(both.on("cifar10"), both.on("mnist"))
    assert "leave out 0: 10 networks without mixer on CIFAR-10, by −2.0 (" in said
    assert "MNIST" not in said


def test_figure_6_is_the_mean_over_seeds_within_its_interval(found):
    *_, whole, start = ablation.courses(found).axes
    assert start.get_xscale() == "log"
    assert start.lines[0].get_xydata().tolist() == [[1, 91], [3, 91]]
    assert whole.lines[0].get_xydata().tolist() == [[1, 92], [2, 93]]
    (band,) = whole.collections  # none around the single seed without the mixer
    drawn = band.get_paths()[0].vertices
    at_the_end = drawn[drawn[:, 0] == 2][:, 1]
    expected = interval([92.0, 94.0])
    assert (at_the_end.min(), at_the_end.max()) == pytest.approx((expected.low, expected.high))


def test_one_seed_has_a_line_without_a_band(found):
    *_, whole, _ = ablation.courses(Collection(found.of(NO_MIXER), [])).axes
    assert whole.lines[0].get_ydata().tolist() == [81, 82]
    assert not whole.collections


def test_more_methods_than_colours_are_all_drawn():
    many = [name for name, method in METHODS.items() if "mnist" in method.datasets][:11]
    figure = ablation.courses(Collection([record(name, 0, 90.0) for name in many], []))
    assert all(len(axes.lines) == len(many) for axes in figure.axes)
    assert len(figure.legend.legends[0].get_texts()) == len(many)


def test_what_was_not_run_is_named(found):
    for part, titles in ((found, TITLES[2:]), (empty(found), TITLES)):
        (legend,) = ablation.courses(part).legend.legends
        named = [text.get_text() for text in legend.get_texts()]
        assert [name for name in named if "not run" in name] == [f"{t}: not run" for t in titles]


def test_a_method_keeps_its_look_whatever_else_is_there(found):
    lines = [ablation.courses(part).axes[2].lines[1] for part in (found, without(found, FULL))]
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 1
    first = ablation.courses(found).axes[2].lines[0]
    assert first.get_linestyle() != lines[0].get_linestyle()


def test_every_layer_has_a_panel(found):
    figure = ablation.layers_course(found)
    assert [axes.get_title() for axes in figure.axes] == ["conv1", "linear"]
    assert figure.axes[1].lines[0].get_ydata().tolist() == pytest.approx([1.84, 1.86])
    assert not ablation.layers_course(empty(found)).axes


def test_the_table_measures_as_the_ledger_does(found):
    table = ablation.at_the_end(found).frame
    assert table.loc[TITLES[0], ACCURACY] == interval([90.0, 92.0], (0, 100))
    spread = measure("relative_norm_std")(found.of(NO_MIXER)[0])
    assert table.loc[TITLES[1], SPREAD].mean == spread
    assert table.loc[TITLES[0], AUROC] == interval([0.9, 0.9])
    assert set(table.loc[TITLES[2]]) == {"not run"}


def test_shares_stay_within_their_bounds(found):
    for each, auroc in zip(found.of(FULL), (0.5, 0.9), strict=True):
        each.metrics["detection"]["entropy"]["auroc"] = auroc
    share = ablation.at_the_end(found).frame.loc[TITLES[0], AUROC]
    assert (share.low, share.high) == (0, 1)


def test_without_outliers_there_is_nothing_to_detect():
    coloured = record(FULL, 0, 70.0, dataset="cifar10")
    table = ablation.at_the_end(Collection([coloured], [])).frame
    assert AUROC not in table.columns
    assert table.loc[TITLES[0], ACCURACY].mean == 70.0


def test_each_number_is_varied_over_at_least_five_values():
    for argument in VARIED:
        models = [METHODS[name].switches for name in ablation.varied_by(argument)]
        others = [model for model in models if argument not in model]
        assert len(models) >= 5
        assert len(others) <= 1


def test_the_variation_shows_its_values_in_order(found):
    names = ("hypergan-beta-10", UNVARIED, "hypergan-beta-0.1")
    varied = [record(name, 0, 90 + METHODS[name].switches["beta"]) for name in names]
    varied.append(record(UNVARIED, 1, 93.0))
    figure = ablation.variation(Collection(varied, []))
    assert len(figure.axes) == 4 * len(VARIED)
    beta = figure.axes[0]
    assert [label.get_text() for label in beta.get_xticklabels()] == ["0.1", "1", "10"]
    assert beta.lines[0].get_ydata().tolist() == [90.1, 92, 100]
    dotted = [line.get_xdata()[0] for line in beta.lines if line.get_linestyle() == ":"]
    assert dotted == [1]
    bars = [bar[:, 1].tolist() for each in beta.collections for bar in each.get_segments()]
    assert pytest.approx([(m := interval([91.0, 93.0])).low, m.high]) in bars
    assert not beta.texts
    figure = ablation.variation(empty(Collection(varied, [])))
    assert {text.get_text() for axes in figure.axes for text in axes.texts} == {"not run"}


def test_a_figure_of_stand_in_data_says_so():
    made_up = record(FULL, 0, 90.0, stand_in=True)
    assert "stand-in" in ablation.courses(Collection([made_up], [])).notes[0]
