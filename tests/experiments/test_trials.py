"""Trials of settings."""

import pandas as pd
import pytest

from hypergan.errors import RecordError, SettingsError
from hypergan.experiments import trials
from hypergan.experiments.methods import settings_for
from hypergan.experiments.trials import Trial, parse

SHORT = {"epochs": 1, "steps_per_epoch": 2}


def small(method="hypergan", **changes):
    return Trial(method, "digits", SHORT | changes, held_out=50, profile="smoke")


def test_changes_are_read_as_numbers_and_words():
    words = ["weight_decay=0.003", "mean_rate=null", "schedule=plateau", "share_images=true"]
    changes = {
        "weight_decay": 0.003, "mean_rate": None, "schedule": "plateau", "share_images": True,
    }  # fmt: skip
    assert parse(words) == changes
    assert parse(str(Trial("hypergan", "mnist", changes)).split()) == changes
    with pytest.raises(SettingsError, match="NAME=VALUE"):
        parse(["weight_decay"])


def test_only_what_is_named_changes():
    usual = settings_for("hypergan", "cifar5", "full")
    tried = Trial("hypergan", "cifar5", {"weight_decay": 0.01, "beta": 3.0}).settings
    assert (tried.training.weight_decay, tried.model) == (0.01, usual.model | {"beta": 3.0})
    assert tried.training.epochs == usual.training.epochs
    assert tried.validation == 2_000
    plain = Trial("ensemble", "mnist", {"target": "mnist-2018"}).settings
    usual = settings_for("ensemble", "mnist", "full")
    assert (plain.target, plain.model) == ("mnist-2018", usual.model)


@pytest.mark.parametrize(
    ("trial", "what"),
    [
        (
            Trial("hypergan", "mnist", {"weight_decays": 1}),
            "no setting weight_decays; it has .*beta",
        ),
        (
            Trial("hypergan", "mnist", {"weight_decay": "much"}),
            "weight_decay is 'much'; it should be a valid number",
        ),
        (Trial("mc-dropout", "mnist", {"beta": 1}), "no setting beta"),
        (Trial("hypergan", "mnist", {"generator": 1}), "no setting generator"),
        (Trial("hypergan", "mnist", {"epochs": 0}), "epochs is 0"),
        (Trial("hypergan", "mnist", {"target": "vgg"}), "no target is named 'vgg'; .*mnist-2018"),
        (Trial("hypergan", "cubic"), "held-out images"),
        (Trial("hypergan", "mnist", held_out=0), "held-out images"),
    ],
)
def test_a_trial_that_makes_no_sense_is_refused(trial, what):
    with pytest.raises(SettingsError, match=what):
        _ = trial.settings


def test_trials_are_rows_of_a_table(own_runs):
    rows = [
        trials.run(trial, progress=False)
        for trial in (small(weight_decay=0.1), small("ensemble", members=5, networks=5))
    ]
    found = pd.read_csv(own_runs / "trials.csv")
    assert list(found.columns) == trials.COLUMNS
    assert found["changes"][0] == "epochs=1 steps_per_epoch=2 weight_decay=0.1"
    assert found["accuracy_1"].tolist() == [row["accuracy_1"] for row in rows]
    assert found["accuracy_10"].isna().tolist() == [False, True]
    assert not list((own_runs / "trials").glob("*.checkpoint"))


@pytest.mark.parametrize("content", [b"", b'a\n"1\n', b"\xff\n"])
def test_a_damaged_table_stops_a_trial_after_which_nothing_is_lost(content, own_runs):
    trial = small("ensemble", members=5, networks=5)
    own_runs.mkdir()
    table = own_runs / "trials.csv"
    table.write_bytes(content)
    with pytest.raises(RecordError, match=r"trials.csv is damaged .*; rename it"):
        trials.run(trial, progress=False)
    assert list((own_runs / "trials").glob("*.checkpoint"))
    table.rename(own_runs / "damaged.csv")
    trials.run(trial, progress=False)
    assert len(pd.read_csv(table)) == 1


def test_a_trial_gives_the_same_row_again(own_runs):
    trial = small("ensemble", members=5, networks=5)
    assert trials.run(trial, progress=False) == trials.run(trial, progress=False)
