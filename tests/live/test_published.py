"""Numbers are rounded, measured and published with where they came from."""

import json
import shutil
from dataclasses import replace

import pytest
import torch

from hypergan.errors import RecordError, SettingsError
from hypergan.experiments import cells
from hypergan.experiments.records import Cell
from hypergan.live import pictures, published
from hypergan.live.numbers import restored
from hypergan.paths import PROJECT

PUBLISHED = sorted((PROJECT / "data" / "live").rglob("seed*.safetensors"))
CUBIC = Cell("hypergan", "cubic", 1, "smoke")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(published, "FOLDER", tmp_path / "live")
    return tmp_path / "live"


@pytest.fixture
def run(folder, monkeypatch):
    """A cell that has been run in seconds, by code that is committed."""
    monkeypatch.setattr(cells, "commit", lambda: "0" * 40)
    cells.run(CUBIC, progress=False)
    return CUBIC


def cell_of(path):
    return Cell.at(path.relative_to(PROJECT / "data" / "live").with_suffix(".json"))


def test_a_cell_without_numbers_has_none(folder):
    assert published.find(CUBIC) is None
    with pytest.raises(RecordError, match="run hypergan cubic --seed 1"):
        published.publish(CUBIC)


def test_what_a_run_left_is_found_rounded(run):
    found = published.find(run)
    assert found.made["bits"] == 16
    assert found.made["task"]["shape"] == [1]
    assert found.numbers["mixer.0.weight"].dtype == torch.int16


def test_what_is_published_is_found_again(run, own_runs, monkeypatch):
    published.publish(run)
    kept = published.find(run)
    monkeypatch.setenv("HYPERGAN_RUNS", str(own_runs / "empty"))
    found = published.find(run)
    assert found.numbers.keys() == kept.numbers.keys()
    for name, tensor in kept.numbers.items():
        assert torch.equal(found.numbers[name], tensor), name
    assert found.made["commit"] == kept.made["commit"]
    before, after = found.made["rounding"]["std"]
    assert after == pytest.approx(before, rel=1e-2)


def test_a_file_without_a_record_hides_nothing_that_is_published(run, own_runs):
    published.publish(run)
    (own_runs / run.path).unlink()
    assert "rounding" in published.find(run).made


def test_the_networks_of_another_run_are_refused(run, own_runs):
    other = cells.run(replace(run, seed=2), progress=False)
    left, taken = ((own_runs / c.path).with_suffix(".safetensors") for c in (other.cell, run))
    taken.write_bytes(left.read_bytes())
    with pytest.raises(RecordError, match=r"not belong to the record beside it; run .*--force"):
        published.find(run)


def test_code_that_is_not_committed_publishes_nothing(folder, monkeypatch):
    monkeypatch.setattr(cells, "commit", lambda: "0" * 40 + "-dirty")
    cells.run(CUBIC, progress=False)
    with pytest.raises(RecordError, match="commit it first"):
        published.publish(CUBIC)


def test_a_damaged_file_is_refused(run, own_runs, monkeypatch):
    published.publish(run)
    monkeypatch.setenv("HYPERGAN_RUNS", str(own_runs / "empty"))
    path = published.path_of(run)
    path.write_bytes(path.read_bytes()[:-1] + b"\0\1")
    with pytest.raises(RecordError, match="publish it again"):
        published.find(run)


ODD = {
    "list": lambda made: [],
    "null": lambda made: None,
    "text": lambda made: "x",
    "version": lambda made: made | {"version": 2},
    "task": lambda made: {name: value for name, value in made.items() if name != "task"},
    "config": lambda made: made | {"config": None},
    "seed": lambda made: made | {"seed": 7},
    "method": lambda made: made | {"method": "ensemble"},
    "no method": lambda made: made | {"method": "gan"},
}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_description_is_refused(odd, folder):
    (path, *_) = PUBLISHED
    copy = folder / path.relative_to(PROJECT / "data" / "live")
    shutil.copytree(path.parent, copy.parent)
    assert published.find(cell_of(path))
    description = copy.with_suffix(".json")
    description.write_text(json.dumps(ODD[odd](json.loads(description.read_text()))))
    with pytest.raises(RecordError, match=r"is damaged \(.*\); publish it again"):
        published.find(cell_of(path))


def test_stand_in_data_are_not_published(folder, capsys):
    cell = Cell("hypergan-hidden-64", "mnist", 1, "smoke")
    changes = ["epochs=1", "steps_per_epoch=2"]
    names = [cell.method, cell.dataset, "--seed=1", "--profile=smoke"]
    assert published.main([*names, *changes]) == 2
    assert "stand-in data" in capsys.readouterr().err
    assert not folder.exists()


def test_changed_settings_are_those_of_a_trial(folder):
    with pytest.raises(SettingsError, match="no setting hiden"):
        published.publish(Cell("hypergan", "mnist", 0, "smoke"), {"hiden": 3})


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: f"{cell_of(path).path}")
def test_published_numbers_draw_networks(path, generator):
    """They are whole, say where they came from, and cost little by being rounded."""
    found = published.find(cell_of(path))
    made = found.made
    assert len(made["commit"]) == 40
    assert not made["stand_in"]
    assert made["config"]
    assert sum(t.numel() for t in restored(found.numbers).values()) == made["numbers"]
    inputs = torch.randn(3, *made["task"]["shape"], generator=generator)
    outputs = found.ensemble(2, generator).predict(inputs)
    assert outputs.isfinite().all()
    if "accuracy" in made["rounding"]:
        exact, rough = made["rounding"]["accuracy"]
        assert abs(exact - rough) < 0.1
        assert made["rounding"]["votes_changed"] < 1
    assert path.stat().st_size < 4.5e6  # as text in a script a third more


def test_pictures_are_few_and_say_their_source():
    images, labels = pictures.published()
    assert images.shape == (len(labels), 28, 28)
    assert len(labels) <= 64
    assert len(set(labels)) == len(labels)
    made = json.loads(pictures.PATH.with_suffix(".json").read_text())
    assert "MNIST" in made["source"]
    assert made["data_sha256"]
