"""What is found of made-up records, what is missing, and what they say of a claim."""

from dataclasses import replace

import numpy as np
import pytest
from examples import example
from pandas import DataFrame
from scipy import stats

from hypergan.errors import SettingsError
from hypergan.experiments import collection, records
from hypergan.experiments.collection import NOT_RUN, collect, compare, require_parameters
from hypergan.experiments.methods import METHODS
from hypergan.experiments.profiles import PROFILES
from hypergan.experiments.records import Cell
from hypergan.experiments.state import commands
from hypergan.figures.tables import Table

MNIST = Cell("ensemble", "mnist", 0, "full")
ACCURACY = "accuracy/1"


@pytest.fixture
def write(own_runs, published):
    """Write a record of an accuracy; none is published."""

    def write(cell, accuracy, **changes):
        record = example(cell, metrics={"accuracy": {"1": accuracy}}, **changes)
        records.write(record, {"norms_linear": np.ones(2)}, own_runs / cell.path)

    return write


def test_all_seeds_are_found_in_their_order(write):
    for seed in (10, 2):
        write(replace(MNIST, seed=seed), 90.0 + seed)
    found = collect(["ensemble"], ["mnist"])
    assert found.values("ensemble", ACCURACY) == [92.0, 100.0]
    assert not found.missing
    assert [record.seed for record in collect(["ensemble"], ["mnist"], seeds=[2]).records] == [2]


def test_intervals_are_over_seeds_and_over_test_images_where_these_are_known(own_runs, published):
    right = np.arange(100) < 92
    for seed in range(3):
        cell = replace(MNIST, seed=seed)
        made = example(cell, metrics={"accuracy": {"1": 92.0}, "brier_score": {"1": 0.1 + seed}})
        records.write(made, {"right_1": right.astype(np.uint8)}, own_runs / cell.path)
    found = collect(["ensemble"], ["mnist"])
    mean, score = (found.mean("ensemble", name) for name in (ACCURACY, "brier_score/1"))
    images = stats.ttest_1samp(100.0 * right, 0).confidence_interval()
    assert (mean.low, mean.high) == pytest.approx((images.low, min(100, images.high)))
    seeds = stats.ttest_1samp([0.1, 1.1, 2.1], 0).confidence_interval()
    assert (score.low, score.high) == pytest.approx((max(0, seeds.low), seeds.high))
    assert (mean.images, score.images) == (True, False)
    assert "seeds and test images." in Table(DataFrame({"a": [mean]}), "A mean.")._repr_html_()
    mixed = Table(DataFrame({"a": [mean, score]}), "Means.")._repr_html_()
    assert "seeds and, where each image&#x27;s share in the number is known, test images" in mixed


def test_a_method_without_a_record_says_how_to_make_it(write):
    write(MNIST, 98.0)
    found = collect(["ensemble", "mnf"], ["mnist", "mnist5000"], seeds=[0])
    assert [record.cell for record in found.records] == [MNIST]
    assert found.missing == [
        replace(MNIST, dataset="mnist5000"),
        replace(MNIST, method="mnf"),
        replace(MNIST, method="mnf", dataset="mnist5000"),
    ]
    assert commands(found.missing) == [cell.command for cell in found.missing]


def test_what_cannot_be_shown_is_made_anew(write):
    write(MNIST, 98.0, config={"of": "yesterday"})
    write(replace(MNIST, seed=1), 99.0)
    found = collect(["ensemble"], ["mnist"])
    assert found.values("ensemble", ACCURACY) == [99.0]
    assert commands(found.missing) == [f"{MNIST.command} --force"]


def test_one_command_makes_all_seeds_that_a_method_lacks(write):
    methods = "hypergan", "hypergan-no-mixer"
    there = [Cell(methods[0], "digits", 0), *(Cell(methods[1], "digits", seed) for seed in (1, 2))]
    for cell in there:
        write(cell, 98.0)
    write(Cell(methods[1], "digits", 0), 98.0, config={"of": "yesterday"})
    found = collect(methods, ["digits"], seeds=range(3))
    assert [record.cell for record in found.records] == there
    assert commands(found.missing) == [
        "python -m hypergan run hypergan digits --seed 1 2 --profile lite",
        "python -m hypergan run hypergan-no-mixer digits --seed 0 --profile lite --force",
    ]


def test_texts_tell_a_missing_number_from_a_missing_record(write):
    write(MNIST, 98.0)
    found = collect(["ensemble", "mnf"], ["mnist"])
    assert str(found.mean("ensemble", ACCURACY)) == "98 (n = 1)"
    assert str(found.mean("ensemble", "accuracy/5")) == "–"
    assert str(found.mean("mnf", ACCURACY)) == NOT_RUN


def test_without_any_record_all_is_missing(write):
    found = collect(["ensemble", "mnf"], ["mnist", "cifar5"])
    assert not found.records
    assert len(found.missing) == 4


def test_what_there_is_of_a_data_set(write):
    write(MNIST, 98.0)
    write(Cell("ensemble", "cifar5"), 80.0)
    found = collect(["ensemble", "mnf"], ["mnist", "cifar5"])
    assert found.on("cifar5") == collect(["ensemble", "mnf"], ["cifar5"])


# Methods beside each other, of which there are two here, and "mnf" is a second HyperGAN


@pytest.fixture
def write_digits(write, monkeypatch):
    monkeypatch.setitem(METHODS, "mnf", replace(METHODS["hypergan"], title="MNF"))
    monkeypatch.setattr(collection, "compared", lambda: ["hypergan", "mnf"])

    def write_digits(method, seed, accuracy, **changes):
        write(Cell(method, "digits", seed), accuracy, **changes)

    return write_digits


def test_the_first_of_the_seeds_is_shown_and_all_of_them_count(write_digits):
    for seed, value in ((0, 1.0), (1, 7.0), (2, 3.0)):
        write_digits("hypergan", seed, value)
    found = compare("digits", [2, 0])
    assert found.shown["hypergan"].seed == 2
    assert found.values("hypergan", ACCURACY) == [3.0, 1.0]
    assert str(found.mean("hypergan", ACCURACY)).startswith("2 [")
    every = compare("digits")
    assert every.shown["hypergan"].seed == 0
    assert every.values("hypergan", ACCURACY) == [1.0, 7.0, 3.0]


def test_another_seed_is_no_record_of_this_one(write_digits):
    write_digits("mnf", 1, 1.0)
    missing = [Cell("hypergan", "digits", 0), Cell("mnf", "digits", 0)]
    assert compare("digits", [0]).missing == missing


def test_what_is_run_is_said_before_with_its_minutes(write_digits, monkeypatch, capsys):
    write_digits("mnf", 1, 1.0, wall_seconds=100.0)
    run = []

    def made(cell, *, progress):
        run.append(cell)
        said.append(capsys.readouterr().err)
        write_digits(cell.method, cell.seed, 2.0)

    said = []
    monkeypatch.setattr(collection.cells, "get", made)
    found = compare("digits", [0, 1], run="always")
    assert not found.missing
    assert run == [Cell("hypergan", "digits", seed, "lite") for seed in (0, 1)] + [
        Cell("mnf", "digits", 0, "lite")
    ]
    assert said[0].startswith("No record yet, so running now (about 2 min on one core, plus 2 of")
    assert said[0].strip().endswith("lite/digits/mnf/seed0")
    compare("digits", [0, 1], run="always")
    assert not capsys.readouterr().err


def test_a_record_that_cannot_be_used_is_not_run_over(write_digits, monkeypatch, own_runs):
    monkeypatch.setattr(collection.cells, "get", lambda *_, **__: pytest.fail("it was run"))
    for seed in (0, 1):
        write_digits("hypergan", seed, 1.0)
    (own_runs / Cell("hypergan", "digits", 1).path).write_text("{")
    found = collect(["hypergan"], ["digits"], seeds=[0, 1], run="always")
    assert (len(found.records), found.missing) == (1, [Cell("hypergan", "digits", 1)])


def test_a_record_of_other_settings_is_not_shown(write_digits):
    write_digits("hypergan", 0, 1.0, config={})
    found = compare("digits")
    assert not found.shown
    assert Cell("hypergan", "digits", 0) in found.missing


ODD_SEEDS = ["abc", "", "0", 1.5, 0.0, float("nan"), float("inf"), True, False, -1, 2**63, 2**64]
ODD_SEEDS += [[0], {"seed": 0}, (), b"0"]
ODD_PROFILES = ["huge", "", "LITE", "lite ", "lite; touch evil", None, 0, True, ["lite"], 1.5]


@pytest.mark.parametrize(
    ("profile", "seed"),
    [*(("lite", seed) for seed in ODD_SEEDS), *((profile, 0) for profile in ODD_PROFILES)],
)
def test_odd_parameters_of_a_notebook_are_refused_with_a_sentence(profile, seed):
    with pytest.raises(SettingsError) as stop:
        require_parameters(profile, seed)
    assert len(str(stop.value).splitlines()) == 1


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("seed", [None, 0, 2**63 - 1])
def test_parameters_that_can_be_are_not(profile, seed):
    require_parameters(profile, seed)


def test_a_notebook_takes_one_seed_or_several():
    assert require_parameters("lite", None) is None
    assert require_parameters("lite", 2) == [2]
    assert require_parameters("lite", None, "0 1, 2") == [0, 1, 2]
    for odd in ("0 one", "-1", "1.5", "9" * 5000):
        with pytest.raises(SettingsError, match="seeds"):
            require_parameters("lite", None, odd)
