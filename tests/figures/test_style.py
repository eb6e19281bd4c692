"""What all figures share."""

from dataclasses import replace

import matplotlib.pyplot as plt
from examples import CELL, EMPTY, example

from hypergan.experiments.collection import Collection
from hypergan.figures import accuracy, diversity, style


def test_numbers_from_stand_ins_are_in_a_column_that_says_so(collected):
    (record,) = collected.of("ensemble")
    marked = Collection([replace(record, stand_in=True)], [])
    for table in (accuracy.accuracy_table(marked)["MNIST"], diversity.norms_table(marked)["mean"]):
        assert list(table.columns) == ["ours, on STAND-IN DATA", "paper"]
    for draw in (accuracy.accuracy_by_size, diversity.norms_by_method):
        assert "stand-in" in draw(marked).get_suptitle()


def test_pages_can_be_drawn_without_any_record():
    for table in (diversity.norms_table, diversity.spread_table, diversity.functions_table,
                  accuracy.accuracy_table, accuracy.quality_table):  # fmt: skip
        assert "not run" in table(EMPTY).to_string()
    for draw in (accuracy.accuracy_by_size, diversity.norms_by_method):
        assert all(axes.texts[0].get_text() == "not run" for axes in draw(EMPTY).axes)


def test_a_finished_figure_names_each_thing_once_below_all_its_panels():
    figure, panels = plt.subplots(1, 2)
    for axes, names in zip(panels, ("ab", "bc"), strict=True):
        for name in names:
            axes.plot([0, 1], label=name)
    stand_in = Collection([example(CELL, stand_in=True)], [])
    assert style.finished(figure, stand_in, empty="nothing") is figure
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b", "c"]
    assert "stand-in" in figure.get_suptitle()


def test_a_finished_figure_of_nothing_has_no_legend_and_a_title_if_asked():
    for empty in ("", "nothing"):
        figure = style.finished(plt.figure(), EMPTY, empty=empty)
        assert not figure.legends
        assert figure.get_suptitle() == empty
