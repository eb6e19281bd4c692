"""What all figures share."""

from dataclasses import replace

from examples import EMPTY

from hypergan.experiments.collection import Collection
from hypergan.figures import accuracy, diversity, style


def test_numbers_from_stand_ins_are_in_a_column_that_says_so(collected):
    (record,) = collected.of("ensemble")
    marked = Collection([replace(record, stand_in=True)], [])
    for table, part in ((accuracy.accuracy_table, "MNIST"), (diversity.norms_table, "mean")):
        assert list(table(marked).frame[part].columns) == ["ours, on STAND-IN DATA", "paper"]
    for figure in (accuracy.accuracy_by_size, diversity.spread_and_disagreement):
        assert "stand-in" in figure(marked).notes[0]


def test_figures_of_which_a_page_has_several_name_their_data_set(collected):
    assert (style.on(collected), style.on(collected, "-")) == (" on mnist", "-mnist")
    assert style.on(EMPTY) == ""


def test_pages_can_be_drawn_without_any_record():
    assert "not run" in accuracy.accuracy_table(EMPTY)._repr_html_()
    for table in (diversity.norms_table, diversity.spread_table, diversity.functions_table):
        assert "not run" in table(EMPTY)._repr_html_()
    for axes in accuracy.accuracy_by_size(EMPTY).axes:
        assert axes.texts[0].get_text() == "not run"
    assert diversity.spread_and_disagreement(EMPTY).notes == [style.SEE_COMMANDS]
