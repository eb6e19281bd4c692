from dataclasses import replace

import numpy as np
import pytest
import torch
from examples import example

from hypergan import fit
from hypergan.experiments import records
from hypergan.experiments.methods import build, settings_for
from hypergan.experiments.records import Cell
from hypergan.experiments.schedule import Job, checkpoints, jobs, schedule
from hypergan.experiments.training import target_for

CELL = Cell("hypergan", "digits")


def taking(*seconds):
    return [Job(CELL, each, 10) for each in seconds]


def test_jobs_go_to_the_first_node_that_is_free():
    made = schedule(taking(4, 1, 2, 3), 2)
    assert made.seconds == 6  # 4 beside 1 + 2 and, at 3, the last
    assert (made.worked, made.written) == (10, 40)
    assert made.busy == 10 / 12


@pytest.mark.parametrize(("nodes", "seconds"), [(1, 300), (10, 30), (100, 3), (1000, 3)])
def test_no_sweep_is_shorter_than_its_longest_job(nodes, seconds):
    assert schedule(taking(3), nodes, seeds=100).seconds == seconds


@pytest.fixture
def write(own_runs, monkeypatch):
    """Records of HyperGAN on digits, where nothing is published."""
    monkeypatch.setattr(records, "published", lambda: own_runs / "none")

    def write(seed, training, evaluation, profile="lite", **changes):
        cell = replace(CELL, seed=seed, profile=profile)
        row = {"epoch": 1, "loss": 0.5, "seconds": training}
        whole = example(cell, history=[row], wall_seconds=training + evaluation, **changes)
        records.write(whole, {"x": np.arange(3.0)}, own_runs / cell.path)

    return write


def test_a_cell_takes_what_its_records_took(write, own_runs):
    write(0, 10.0, 1.0)
    write(1, 20.0, 3.0)
    write(2, 99.0, 9.0, device="NVIDIA H100")
    (job,), missing = jobs("lite", ["digits"])
    assert (job.cell, job.seconds) == (CELL, 17.0)
    one = (own_runs / CELL.path).with_suffix("")
    assert job.written == pytest.approx(
        sum(one.with_suffix(s).stat().st_size for s in (".json", ".npz")), abs=5
    )
    assert CELL not in missing
    assert replace(CELL, method="ensemble") in missing
    (job,), _ = jobs("lite", ["digits"], gpu=True)
    assert job.seconds == 108.0


def test_training_in_another_profile_takes_time_in_proportion_to_its_work(write):
    write(0, 10.0, 1.0)
    own, lite = (settings_for("hypergan", "digits", p).training for p in ("paper", "lite"))
    assert own.share_images
    assert not lite.share_images
    (job,), _ = jobs("paper", ["digits"])
    assert job.seconds == pytest.approx(10 * own.epochs * own.networks / lite.epochs + 1)


def test_checkpoints_are_as_large_as_those_that_are_written(tmp_path):
    settings = settings_for("hypergan", "mnist", "smoke")
    training = replace(settings.training, epochs=1, steps_per_epoch=1, batch_size=10)
    posterior = build("hypergan", target_for("mnist", 10), settings.model, torch.Generator())
    data, path = (torch.rand(10, 1, 28, 28), torch.arange(10)), tmp_path / "checkpoint"
    fit(posterior, data, training, checkpoint=path, device="cpu", progress=False)
    written = path.stat().st_size / training.checkpoint_seconds
    assert checkpoints("smoke", ["mnist", "cubic"]) == pytest.approx(written, rel=0.05)
