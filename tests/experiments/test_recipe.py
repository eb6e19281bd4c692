"""What CONTRIBUTING says about adding a method and a data set, done from outside the package."""

import os
import re
import subprocess
import sys
from dataclasses import replace

import pytest
from examples import example
from outside import TOY, installed

from hypergan.data.datasets import DATASETS
from hypergan.errors import SettingsError
from hypergan.experiments import cells
from hypergan.experiments.collection import Collection, collect
from hypergan.experiments.methods import METHODS, settings_for
from hypergan.experiments.profiles import PROFILES
from hypergan.experiments.sweep import Plan
from hypergan.extras import plugged_in
from hypergan.figures import accuracy, adversarial, diversity

sys.path.insert(0, str(TOY))

import toy_data  # noqa: E402
import toy_method  # noqa: E402

BUILT_IN = [name for name, method in METHODS.items() if not method.variation]


@pytest.fixture
def toys(tmp_path, monkeypatch):
    """The toy method is called jittered, the toy data set bars."""
    monkeypatch.setenv("HYPERGAN_DATA", str(tmp_path))
    toy_data.draw(tmp_path)
    monkeypatch.setitem(DATASETS, "bars", toy_data.DATASET)
    everywhere = {"lite": dict.fromkeys(DATASETS, toy_method.SETTINGS)}
    monkeypatch.setitem(METHODS, "jittered", replace(toy_method.METHOD, settings=everywhere))


@pytest.mark.slow
@pytest.mark.parametrize("dataset", [*DATASETS, "bars"])
def test_a_new_method_runs_on_every_data_set(toys, dataset):
    record = cells.run(cells.Cell("jittered", dataset, 0, "smoke"), progress=False)
    assert record.arrays
    if DATASETS[dataset].task == "classification" and not DATASETS[dataset].augmentation:
        assert record.metrics["accuracy"]["20"] > 30  # sixty steps teach no cropped, mirrored digit
    assert ("attacks" in record.metrics) == DATASETS[dataset].attacked


@pytest.mark.slow
@pytest.mark.parametrize("method", [n for n in BUILT_IN if "mnist" in METHODS[n].datasets])
def test_every_method_runs_on_a_new_data_set(toys, method):
    record = cells.run(cells.Cell(method, "bars", 0, "smoke"), progress=False)
    assert record.data_sha256.keys() == {"bars.npz"}
    assert not record.stand_in
    sizes = record.config["evaluation"]["sizes"]
    assert record.metrics["accuracy"].keys() == {str(size) for size in sizes}
    assert all(percent > 34 for percent in record.metrics["accuracy"].values())  # of three classes
    assert ("attacks" in record.metrics) == bool(METHODS[method].attacked)


def test_a_pair_without_settings_is_refused_for_that_pair_alone(toys):
    with pytest.raises(SettingsError, match="nuts does not run on 'bars'; choose one of cubic"):
        settings_for("nuts", "bars", "lite")
    for profile in PROFILES:
        for name, method in METHODS.items():
            for dataset in method.datasets:
                assert settings_for(name, dataset, profile)


def test_a_data_set_has_the_settings_of_the_one_that_it_is_like(toys):
    like = settings_for("hypergan", "mnist", "full")
    own = settings_for("hypergan", "bars", "full")
    assert own.model == like.model
    assert own.training == like.training
    assert own.evaluation == like.evaluation


def test_the_tables_and_the_plan_know_both(toys):
    collection = collect([*diversity.shown()], ["bars"], "smoke")
    table = accuracy.accuracy_table(collection).frame
    assert ("jittered", 20) in table.index
    assert ("bars", "ours") in table.columns
    assert accuracy.quality_table(collection, "Brier score").frame["bars"].size
    assert "bars" in [axes.get_title() for axes in accuracy.accuracy_by_size(collection).axes]
    assert "jittered" in diversity.functions_table(collection).frame.index
    assert list(accuracy.papers_margins().frame.index) == [
        "MNIST",
        "MNIST 5000",
        "CIFAR-5",
        "CIFAR-10",
    ]
    planned = {(cell.method, cell.dataset) for cell in Plan.of({}).cells}
    assert {("jittered", "mnist"), ("jittered", "bars"), ("hypergan", "bars")} <= planned
    assert ("nuts", "bars") not in planned


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("[hypergan.methods]\njittered = toy_missing:METHOD\n", "cannot be loaded (ModuleNotFound"),
        ("[hypergan.datasets]\nbars = toy_data:NOTHING\n", "cannot be loaded (AttributeError"),
        ("[hypergan.methods]\nhypergan = toy_method:METHOD\n", "has a name that is taken"),
    ],
)
def test_a_package_that_cannot_be_used_is_named(entry, message, tmp_path, monkeypatch):
    group = entry[1 : entry.index("]")]
    monkeypatch.syspath_prepend(installed(tmp_path, entry).split(os.pathsep)[0])
    with pytest.raises(SettingsError, match=f"in {group} of toy .*{re.escape(message)}"):
        plugged_in(group, ["hypergan", "mnist"])


@pytest.mark.parametrize("attacked", [True, False])
def test_a_method_may_be_compared_with_or_without_attacks(toys, attacked):
    numbers = {"networks": 1, "images": 10, "entropy": 0.1, "success": 0.2, "auroc": 0.3}
    attacks = {"pgd": {"1": {"fresh": {"0.1": numbers | {"entropy_fooled": 0.1}}}}}
    record = example(
        cells.Cell("jittered", "mnist"), metrics={"attacks": attacks} if attacked else {}
    )
    collection = Collection([record], [])
    drawn = {method for method, *_ in adversarial.papers_lines(collection)}
    assert drawn == ({"jittered"} if attacked else set())
    assert adversarial.entropy_against_eps(collection).axes
    assert adversarial.transfers(collection).empty


def test_an_installed_package_adds_them_to_the_command_line(tmp_path):
    both = (
        "[hypergan.methods]\njittered = toy_method:METHOD\n\n"
        "[hypergan.datasets]\nbars = toy_data:DATASET\n"
    )
    environment = os.environ | {"PYTHONPATH": installed(tmp_path, both)}
    command = [sys.executable, "-m", "hypergan", "list", "--profile", "smoke"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    listed = {line.split()[0] for line in done.stdout.splitlines()}
    both = {"smoke/bars/jittered/seed0", "smoke/mnist/jittered/seed0", "smoke/bars/mnf/seed0"}
    assert both <= listed
