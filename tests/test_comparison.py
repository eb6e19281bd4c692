"""Comparisons of records that are made up, so that every verdict is known."""

import numpy as np
import pytest
from test_records import example

from hypergan import comparison, records
from hypergan.comparison import compare, judge
from hypergan.methods import METHODS
from hypergan.records import Cell


@pytest.fixture(autouse=True)
def two_methods(monkeypatch):
    """Method "mnf" is a second HyperGAN here, and "apd" a method that does not exist yet."""
    monkeypatch.setitem(METHODS, "mnf", METHODS["hypergan"])
    monkeypatch.delitem(METHODS, "apd", raising=False)
    monkeypatch.setattr(comparison, "NAMES", {"hypergan": "HyperGAN", "mnf": "MNF", "apd": "APD"})


@pytest.fixture
def write(own_runs):
    def write(method, seed, value, **changes):
        cell = Cell(method, "digits", seed, "lite")
        record = example(cell, metrics={"value": value}, **changes)
        records.write(record, {"x": np.zeros(1)}, own_runs / cell.path)

    return write


def measure(record):
    return record.metrics["value"]


def test_every_seed_counts_and_one_is_shown(write):
    for seed, value in ((0, 1.0), (2, 3.0)):
        write("hypergan", seed, value)
    found = compare("digits", seed=2)
    assert found.shown["hypergan"][0].seed == 2
    assert found.values("hypergan", measure) == {2: 3.0, 0: 1.0}
    assert found.interval("hypergan", measure).mean == 2


def test_what_is_missing_is_named_with_its_command(write):
    write("mnf", 1, 1.0)
    said = compare("digits", seed=0).not_run()
    assert len(said.splitlines()) == 2  # another seed is no record of this one
    assert f"MNF on digits, not run: `{Cell('mnf', 'digits', 0, 'lite').command}`" in said
    for seed in (0, 1):
        write("mnf", seed, 1.0)
        write("hypergan", seed, 1.0)
    assert "Every method" in compare("digits", seed=0).not_run()


def test_a_record_of_other_settings_is_not_shown(write):
    write("hypergan", 0, 1.0, config={})
    found = compare("digits")
    assert not found.shown
    assert "HyperGAN on digits, damaged or of other settings" in found.not_run()
    assert found.not_run().splitlines()[0].endswith("--force`")


@pytest.mark.parametrize(
    ("own", "rival", "verdict"),
    [
        ((2.0, 2.0), (1.0, 1.0), "**holds**"),
        ((2.0, 2.0), (1.0, 3.0), "**holds for some seeds**"),
        ((2.0, 2.0), (3.0, 3.0), "**does not hold**"),
        ((2.0, 2.0), (2.0, 2.0), "**does not hold**"),
    ],
)
def test_a_claim_is_judged_seed_by_seed(write, own, rival, verdict):
    for seed in (0, 1):
        write("hypergan", seed, own[seed])
        write("mnf", seed, rival[seed])
    said = judge(compare("digits"), "hypergan", ["mnf", "apd"], measure)
    assert said.startswith(f"{verdict}: ")
    assert "Not run: APD." in said
    order = [said.index(name) for name in ("HyperGAN", "MNF")]
    assert (order == sorted(order)) == (np.mean(own) >= np.mean(rival))  # the largest first


def test_nothing_is_judged_without_rivals(write):
    write("hypergan", 0, 1.0)
    assert "cannot be judged" in judge(compare("digits"), "hypergan", ["mnf"], measure)
