"""The course of a run, and the settings that were tried."""

from dataclasses import replace

import pytest
from examples import EMPTY

from hypergan.experiments.collection import Collection
from hypergan.experiments.methods import settings_for
from hypergan.experiments.trials import Trial, parse
from hypergan.figures import run


def test_the_course_shows_every_layer(record):
    accuracy, spread = run.course(Collection([record], [])).axes
    assert accuracy.lines[0].get_ydata().tolist() == [91, 92]
    assert [line.get_label() for line in spread.lines] == ["conv1", "linear"]


@pytest.mark.parametrize("dataset", ["mnist", "cifar10-2019"])
def test_the_chosen_settings_are_the_best_that_were_tried(dataset):
    best = run.search_table(dataset).frame.iloc[:, -1]
    chosen = settings_for("hypergan", dataset, "lite").training
    for name in ("learning_rate", "discriminator_rate", "weight_decay", "codes"):
        assert best[name] == getattr(chosen, name)


def test_published_trials_are_shown_in_the_words_of_their_commands():
    table = run.trials_table("cifar5-2019").frame
    assert set(table.index.get_level_values("dataset")) == {"cifar5-2019"}
    for dataset, method, changes in table.index:
        assert Trial(method, dataset, parse(changes.split())).settings
    chosen = settings_for("hypergan", "cifar5-2019", "lite").training
    tried = table.sort_index().loc["cifar5-2019", "hypergan"]["accuracy_10"].astype(float)
    words = tried.idxmax().split()
    best = Trial("hypergan", "cifar5-2019", parse(words), profile="lite").settings.training
    assert best.weight_decay == chosen.weight_decay


def test_a_figure_of_stand_in_data_says_so(record):
    marked = run.course(Collection([replace(record, stand_in=True)], []))
    assert marked.notes == ["embedded stand-in data, not mnist"]
    assert not run.course(Collection([record], [])).notes
    assert run.course(EMPTY).axes[0].texts[0].get_text() == "not run"
