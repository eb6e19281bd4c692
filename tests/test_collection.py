import numpy as np
import pytest
from test_records import example

from hypergan import collection, records
from hypergan.collection import NOT_RUN, collect, metric
from hypergan.methods import METHODS
from hypergan.records import Cell

MNIST = Cell("ensemble", "mnist", 0)


@pytest.fixture
def write(own_runs, tmp_path, monkeypatch):
    """Write a record of an accuracy; none is published."""
    monkeypatch.setattr(records, "published", lambda: tmp_path / "published")

    def write(cell, accuracy, **changes):
        record = example(cell, metrics={"accuracy": {"1": accuracy}}, **changes)
        records.write(record, {"norms_linear": np.ones(2)}, own_runs / cell.path)

    return write


def test_all_seeds_are_found_in_their_order(write):
    for seed in (10, 2):
        write(Cell("ensemble", "mnist", seed), 90.0 + seed)
    found = collect(["ensemble"], ["mnist"])
    assert found.values("ensemble", "mnist", metric("accuracy", "1")) == [92.0, 100.0]
    assert not found.missing
    assert [record.seed for record in collect(["ensemble"], ["mnist"], seed=2).records] == [2]


def test_a_method_without_a_record_says_how_to_make_it(write):
    write(MNIST, 98.0)
    found = collect(["ensemble", "mnf"], ["mnist", "cifar10"], seed=0)
    assert [record.cell for record in found.records] == [MNIST]
    table = found.not_run()
    assert list(table.index) == [
        ("standard ensemble", "cifar10"), ("MNF", "mnist"), ("MNF", "cifar10")
    ]  # fmt: skip
    assert set(table["state"]) == {NOT_RUN}
    assert list(table["run it with"]) == [cell.command for cell in found.missing]


def test_what_cannot_be_shown_is_told_from_what_was_not_run(write):
    write(MNIST, 98.0, config={"of": "yesterday"})
    write(Cell("ensemble", "mnist", 1), 99.0)
    found = collect(["ensemble"], ["mnist"])
    assert found.values("ensemble", "mnist", metric("accuracy", "1")) == [99.0]
    row = found.not_run().iloc[0]
    assert row["state"] != NOT_RUN
    assert row["run it with"] == f"{MNIST.command} --force"


def test_texts_tell_a_missing_number_from_a_missing_record(write):
    write(MNIST, 98.0)
    found = collect(["ensemble", "mnf"], ["mnist"])
    assert found.text("ensemble", "mnist", metric("accuracy", "1")) == "98 (n = 1)"
    assert found.text("ensemble", "mnist", metric("accuracy", "5")) == "–"
    assert found.text("mnf", "mnist", metric("accuracy", "1")) == NOT_RUN


def test_without_any_record_all_is_missing(write):
    found = collect(["ensemble", "mnf"], ["mnist", "cifar5"])
    assert not found.records
    assert len(found.missing) == len(found.not_run()) == 4


def test_names_are_of_methods():
    assert set(collection.NAMES) <= set(METHODS)
