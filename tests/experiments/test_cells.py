import os
import random
import shutil
import signal
import threading
import time
from dataclasses import asdict, replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from examples import edit
from forked import PROCESSES

from hypergan import paths
from hypergan.errors import RecordError, TrainingError
from hypergan.evaluation import classification, robustness
from hypergan.experiments import cells, provenance, records, training
from hypergan.experiments.methods import METHODS, settings_for
from hypergan.experiments.records import Cell
from hypergan.fitting import COSTS
from hypergan.paths import write_whole


def lasting(record):
    """What the same seed has to give again."""
    content = asdict(record)
    for name in ("wall_seconds", "peak_memory_bytes", "arrays_sha256"):
        del content[name]
    content["history"] = [
        {name: value for name, value in row.items() if name not in COSTS} for row in record.history
    ]
    return content


@pytest.fixture(scope="module", params=["mnist", "cifar5"])
def image_record(request, tmp_path_factory):
    """The record of a cell whose inputs are images."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HYPERGAN_RUNS", str(tmp_path_factory.mktemp("images")))
        return cells.run(Cell("hypergan", request.param, 0, "smoke"), progress=False)


@pytest.mark.slow
def test_an_image_cell_measures_what_the_book_shows(image_record):
    record = image_record
    metrics, arrays = record.metrics, record.arrays
    assert record.stand_in
    assert metrics["accuracy"].keys() == {"1", "5", "10", "100"}
    assert metrics["accuracy_ensembles"] == {"1": 100, "5": 20, "10": 10, "100": 1}
    assert metrics["accuracy_std"].keys() == {"1", "5", "10"}
    assert metrics["accuracy"]["100"] > 30  # ten (five) classes after sixty steps
    mean_in, mean_out = (
        arrays[f"entropy_{where}_100"].astype(float).mean() for where in ("in", "out")
    )
    assert metrics["entropy"]["in"] == pytest.approx(mean_in, rel=1e-3)
    assert metrics["entropy"]["out"] == pytest.approx(mean_out, rel=1e-3)
    for layer, norm in metrics["norms"].items():
        assert norm["mean"] == pytest.approx(arrays[f"norms_{layer}"].mean(), rel=1e-4)
        assert norm["std"] == pytest.approx(arrays[f"norms_{layer}"].std(ddof=1), rel=1e-3)
    assert len(record.history) == record.config["training"]["epochs"]


@pytest.mark.slow
@pytest.mark.parametrize("method", [m for m in METHODS if "cubic" in METHODS[m].datasets])
def test_a_regression_cell_of_every_method(method):
    cell = Cell(method, "cubic", 0, "smoke")
    record = cells.run(cell, progress=False)
    arrays = record.arrays
    assert not record.stand_in
    networks = record.config["evaluation"]["networks"]
    assert arrays["predictions"].shape == (networks, len(arrays["x"]))
    inside = abs(arrays["x"]) <= 3
    error = arrays["predictions"].mean(0) - arrays["y"]
    assert (error[inside] ** 2).mean() ** 0.5 < abs(arrays["y"][inside]).max()
    assert record.metrics["std_outside"] == pytest.approx(
        arrays["predictions"]
        .std(0, ddof=1)[
            (arrays["x"] < arrays["train_x"].min()) | (arrays["x"] > arrays["train_x"].max())
        ]
        .mean(),
        rel=1e-3,
    )


def test_the_same_seed_gives_the_same_record_and_another_seed_another():
    cell = Cell("hypergan", "cubic", 5, "smoke")
    first = lasting(cells.run(cell, progress=False))
    assert lasting(cells.run(cell, progress=False, force=True)) == first
    other = cells.run(Cell("hypergan", "cubic", 6, "smoke"), progress=False)
    assert other.metrics != first["metrics"]


def test_a_record_is_kept_unless_forced(own_runs, monkeypatch):
    cell = Cell("hypergan", "cubic", 0, "smoke")
    first = cells.get(cell, progress=False)
    monkeypatch.setattr(training, "fit", None)  # nothing is trained from here on
    assert cells.get(cell, progress=False) == first
    assert cells.run(cell, progress=False) == first
    assert not list(own_runs.rglob("*.checkpoint"))
    assert list(own_runs.rglob("*.safetensors"))


def test_a_stale_record_is_not_passed_off(own_runs):
    cell = Cell("hypergan", "cubic", 0, "smoke")
    cells.run(cell, progress=False)
    path = own_runs / cell.path
    edit(path, '"noise_dim": 64', '"noise_dim": 65')
    for ask in (cells.get, cells.run):
        with pytest.raises(RecordError, match=r"model/noise_dim 65, now 64.*--force"):
            ask(cell, progress=False)
    assert cells.run(cell, progress=False, force=True).config["model"]["noise_dim"] == 64


def test_a_stopped_cell_goes_on_and_gives_the_same_record(own_runs, monkeypatch):
    cell = Cell("hypergan", "cubic", 1, "smoke")
    whole = lasting(cells.run(cell, progress=False))
    monkeypatch.setattr(cells.regression, "evaluate_regression", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cells.run(cell, progress=False, force=True)
    monkeypatch.undo()
    monkeypatch.setenv("HYPERGAN_RUNS", str(own_runs))
    assert list(own_runs.rglob("*.checkpoint"))
    assert lasting(cells.run(cell, progress=False, force=True)) == whole
    assert not list(own_runs.rglob("*.checkpoint"))


def test_the_checkpoint_of_another_seed_is_refused(own_runs, monkeypatch):
    one, other = (Cell("hypergan", "cubic", seed, "smoke") for seed in (1, 2))
    with monkeypatch.context() as patch:
        patch.setattr(cells.regression, "evaluate_regression", interrupted)
        with pytest.raises(KeyboardInterrupt):
            cells.run(one, progress=False)
    shutil.copyfile(cells.unfinished(one)[0], cells.unfinished(other)[0])
    with pytest.raises(TrainingError, match="belongs to a run with other settings, seed"):
        cells.run(other, progress=False)


def test_a_cell_of_other_settings_starts_afresh(own_runs, monkeypatch):
    """Neither the networks nor the measurements of those before are taken over."""
    cell = Cell("hypergan", "cubic", 1, "smoke")
    whole = lasting(cells.run(cell, progress=False))
    (own_runs / cell.path).unlink()
    with monkeypatch.context() as other:
        settings = settings_for(cell.method, cell.dataset, cell.profile)
        changed = replace(settings, training=replace(settings.training, weight_decay=0.1))
        for module in (cells, records):
            other.setattr(module, "settings_for", lambda *_: changed)
        other.setattr(cells.records, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            cells.run(cell, progress=False)
    left = {file.suffix for file in (own_runs / cell.path).parent.glob("seed1.*.*")}
    assert left == {".checkpoint", ".evaluation", ".stretches"}
    assert lasting(cells.run(cell, progress=False)) == whole
    assert not list(own_runs.rglob("*.checkpoint")) + list(own_runs.rglob("*.evaluation"))


def test_what_a_finished_run_left_is_not_taken_for_a_new_one(own_runs, monkeypatch):
    """A kill between the writing of the record and the deletion of its checkpoint."""
    cell = Cell("hypergan", "cubic", 1, "smoke")
    write = records.write

    def killed(*arguments):
        write(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(cells.records, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        cells.run(cell, progress=False)
    monkeypatch.setattr(cells.records, "write", write)
    assert list(own_runs.rglob("*.checkpoint"))
    first = cells.run(cell, progress=False)
    again = cells.run(cell, progress=False, force=True)
    assert lasting(again) == lasting(first)
    assert [row["seconds"] for row in again.history] != [row["seconds"] for row in first.history]
    assert not list(own_runs.rglob("*.checkpoint"))


@pytest.mark.slow
@pytest.mark.parametrize("image_record", ["mnist"], indirect=True)
def test_a_stopped_evaluation_goes_on_and_gives_the_same_record(
    image_record, own_runs, monkeypatch
):
    cell, arrays = image_record.cell, image_record.arrays
    monkeypatch.setattr(robustness.Attacker, "attack_singles", interrupted)  # the last stage
    with pytest.raises(KeyboardInterrupt):
        cells.run(cell, progress=False)
    monkeypatch.undo()
    monkeypatch.setenv("HYPERGAN_RUNS", str(own_runs))
    monkeypatch.setattr(
        robustness.Attacker, "attack_ensemble", forbidden
    )  # what is done is not done again
    monkeypatch.setattr(classification, "evaluate_ensemble", forbidden)
    assert lasting(cells.run(cell, progress=False)) == lasting(image_record)
    again = records.find(cell).arrays
    assert again.keys() == arrays.keys()
    assert all(np.array_equal(again[name], arrays[name]) for name in arrays)
    assert not list(own_runs.rglob("*.evaluation"))


def interrupted(*_, **__):
    raise KeyboardInterrupt


def forbidden(*_, **__):
    raise AssertionError("done twice")


MANY = Cell("hypergan", "cubic", 0, "smoke")
IMAGES = Cell("ensemble", "digits", 0, "smoke")
SHORT = {MANY: {"epochs": 45, "steps_per_epoch": 2}, IMAGES: {"epochs": 6, "steps_per_epoch": 10}}


def run_short_epochs(folder, cell, deadly):
    """What the processes below run: a cell in short epochs, each of which leaves a checkpoint.

    Half way through writing a file of the ``deadly`` kind, if any, it is killed. One thread: where
    other tests run, two would wait for each other.
    """
    os.environ["HYPERGAN_RUNS"] = str(folder)
    torch.set_num_threads(1)
    settings = settings_for(cell.method, cell.dataset, cell.profile)
    training = replace(settings.training, checkpoint_seconds=0, **SHORT[cell])
    cells.settings_for = records.settings_for = lambda *_: replace(settings, training=training)

    def killed(path, write):
        def written(temporary):
            write(temporary)
            if path.suffix == deadly:
                os.kill(os.getpid(), signal.SIGKILL)

        write_whole(path, written)

    records.write_whole = paths.write_whole = killed
    cells.run(cell, progress=False)


@pytest.fixture
def start():
    """Starts that process."""

    def start(folder, cell=MANY, deadly=None):
        process = PROCESSES.Process(target=run_short_epochs, args=(folder, cell, deadly))
        process.start()
        return process

    return start


def checkpoints(path):
    """When the checkpoints beside a record's place were written."""
    return [file.stat().st_mtime_ns for file in path.parent.glob(f"{path.stem}.*.checkpoint")]


def changed(path, *, times, process):
    """Wait until the checkpoint of a record was replaced so many times, or the process is done."""
    seen, before = 0, None
    while seen < times and process.is_alive():
        now = next(iter(checkpoints(path)), None)
        seen += now not in (before, None)
        before = now
        time.sleep(0.001)


def kept(path):
    """What an unfinished run has kept beside its record's place: rows of epochs, then of stages.

    With the seconds that each took: done again it would not take the same to the last digit.
    """

    def states(kind):
        files = path.parent.glob(f"{path.stem}.*.{kind}")
        return [torch.load(file, weights_only=True) for file in files]

    epochs = [row for state in states("checkpoint") for row in state["history"]]
    stages = [
        {"stage": name, "seconds": stage["seconds"]}
        for state in states("evaluation")
        for name, stage in state.items()
    ]
    return epochs + stages


def require_continued(states):
    """Each process went on from what those before it had kept, and kept only a part itself."""
    lives = [*pairwise([[], *states])]
    assert all(after[: len(before)] == before for before, after in lives)
    assert len(states[-1]) > max(len(after) - len(before) for before, after in lives)


def require_alike(cell, whole, other):
    """The records in two folders tell the same, and nothing of the work is left beside one."""
    folders = whole, other
    one, other = (records.read(folder / cell.path) for folder in folders)
    assert lasting(one) == lasting(other)
    assert one.arrays_sha256 == other.arrays_sha256
    one, other = (record.arrays for record in (one, other))
    assert one.keys() == other.keys()
    assert all(np.array_equal(one[name], other[name]) for name in one)
    leftovers = {file.name for file in (folders[1] / cell.path).parent.iterdir()}
    assert leftovers == {f"seed0.{kind}" for kind in ("json", "npz", "safetensors", "lock")}


@pytest.mark.slow
def test_a_cell_killed_ten_times_at_random_moments_gives_the_same_record(start, tmp_path):
    whole = start(tmp_path / "whole")
    whole.join()
    path = tmp_path / "killed" / MANY.path
    moments = random.Random(0)
    states = []
    for _ in range(10):
        process = start(tmp_path / "killed")
        changed(path, times=moments.randint(0, 4), process=process)
        time.sleep(moments.uniform(0, 0.05))
        assert process.is_alive()
        process.kill()
        process.join()
        states.append(kept(path))
    assert not path.exists()
    require_continued(states)
    last = start(tmp_path / "killed")
    last.join()
    assert (whole.exitcode, last.exitcode) == (0, 0)
    history = records.read(path).history
    assert history[: len(states[-1])] == records._rounded(states[-1])
    require_alike(MANY, tmp_path / "whole", tmp_path / "killed")


@pytest.mark.slow
def test_a_hundred_kills_change_no_record(start, tmp_path):
    """As soon as there is a record it is compared, and all begins anew."""
    whole, kills, made = start(tmp_path / "whole"), 0, 0
    whole.join()
    moments = random.Random(1)
    while kills < 100 or not made:
        folder = tmp_path / str(made)
        process = start(folder)
        changed(folder / MANY.path, times=moments.randint(0, 3), process=process)
        time.sleep(moments.uniform(0, 0.05))
        process.kill()
        process.join()
        kills += process.exitcode == -signal.SIGKILL
        if (folder / MANY.path).exists():
            require_alike(MANY, tmp_path / "whole", folder)
            made += 1
    last = start(tmp_path / str(made))
    last.join()
    require_alike(MANY, tmp_path / "whole", tmp_path / str(made))


@pytest.mark.slow
def test_an_image_cell_killed_in_any_part_of_its_run_gives_the_same_record(start, tmp_path):
    whole = start(tmp_path / "whole", IMAGES)
    whole.join()
    seconds = records.read(tmp_path / "whole" / IMAGES.path).wall_seconds
    path = tmp_path / "killed" / IMAGES.path
    epochs, parts = 6, 6 + 5  # five stages: the ensemble, attacks on 1, 5 and 10, their transfer
    moments = random.Random(0)
    states = []
    for done in sorted(moments.sample(range(1, parts - 1), 5)):
        process = start(tmp_path / "killed", IMAGES)
        while len(kept(path)) < done and process.is_alive():
            time.sleep(0.02)
        time.sleep(moments.uniform(0, seconds / parts))
        assert process.is_alive()
        process.kill()
        process.join()
        states.append(kept(path))
    assert len(states[0]) < epochs
    assert epochs < len(states[-1]) < parts  # killed between two stages of the evaluation
    for kind in (".npz", ".json"):
        process = start(tmp_path / "killed", IMAGES, kind)
        process.join()
        assert process.exitcode == -signal.SIGKILL
        states.append(kept(path))
    assert not path.exists()
    assert len(states[-1]) == parts
    require_continued(states)
    last = start(tmp_path / "killed", IMAGES)
    last.join()
    assert (whole.exitcode, last.exitcode) == (0, 0)
    took = sum(row["seconds"] for row in states[-1])
    assert records.read(path).wall_seconds == pytest.approx(took, rel=1e-5)
    require_alike(IMAGES, tmp_path / "whole", tmp_path / "killed")


def test_who_waits_for_a_cell_says_so(own_runs, capsys, monkeypatch):
    cell = Cell("hypergan", "cubic", 0, "smoke")
    monkeypatch.setattr(cells, "_run", lambda *_, **__: None)
    cells.run(cell, progress=False)
    assert capsys.readouterr().err == ""
    lock = paths.exclusive((own_runs / cell.path).with_suffix(".lock"))
    lock.__enter__()
    release = threading.Timer(0.5, lock.__exit__, [None, None, None])
    release.start()
    cells.run(cell, progress=False)
    told = "another process is running smoke/cubic/hypergan/seed0; waiting for its record\n"
    assert capsys.readouterr().err == told


@pytest.mark.slow
def test_a_cell_that_is_being_run_is_waited_for(start, tmp_path):
    first = start(tmp_path)
    changed(tmp_path / MANY.path, times=1, process=first)
    second = start(tmp_path)
    first.join()
    written = (tmp_path / MANY.path).stat().st_mtime_ns
    second.join()
    assert (first.exitcode, second.exitcode) == (0, 0)
    assert (tmp_path / MANY.path).stat().st_mtime_ns == written


def test_a_record_says_where_it_comes_from():
    record = cells.run(Cell("hypergan", "cubic", 0, "smoke"), progress=False)
    assert torch.__version__.startswith(record.versions["torch"])
    assert len(record.commit.removesuffix("-dirty")) == 40 or record.commit == "unknown"
    assert record.peak_memory_bytes > 50e6
    assert record.wall_seconds > 0
    assert all(len(digest) == 64 for digest in record.data_sha256.values())


@pytest.mark.parametrize("known", [True, False])
def test_a_record_says_what_its_run_was_begun_with(known, own_runs, monkeypatch):
    cell = Cell("hypergan", "cubic", 0, "smoke")
    with monkeypatch.context() as patch:
        patch.setattr(cells, "commit", lambda: "b" * 40 + "-dirty")
        patch.setattr(provenance, "processor", lambda: "abacus")
        patch.setattr(cells.regression, "evaluate_regression", interrupted)
        with pytest.raises(KeyboardInterrupt):
            cells.run(cell, progress=False)
    monkeypatch.setattr(cells, "commit", lambda: "a" * 40)
    if not known:
        cells.unfinished(cell)[0].with_suffix(".stretches").write_text("{")
    record = cells.run(cell, progress=False)
    assert record.commit == ("a" * 40 + "-dirty" if known else "unknown")
    assert ("; begun with abacus" in record.device) == known
    again = cells.run(cell, progress=False, force=True)  # all of it
    assert (again.commit, "begun" in again.device) == ("a" * 40, False)
    assert not list(own_runs.rglob("*.stretches"))


def test_the_target_too_comes_from_the_seed(monkeypatch):
    class BuiltError(Exception):
        pass

    def built(method, target, arguments, generator):
        raise BuiltError(target[0].weight.sum().item())

    monkeypatch.setattr(training, "build", built)
    targets = []
    for seed, outside in ((0, 1), (0, 2), (1, 2)):
        torch.manual_seed(outside)
        with pytest.raises(BuiltError) as stop:
            cells.run(Cell("hypergan", "cubic", seed, "smoke"), progress=False)
        targets.append(stop.value.args[0])
    assert targets[0] == targets[1] != targets[2]


def test_regression_is_trained_in_units_of_standard_deviations(monkeypatch):
    class FittedError(Exception):
        pass

    def fitted(posterior, data, training, **options):
        raise FittedError(*(tensor.std().item() for tensor in data.tensors))

    monkeypatch.setattr(training, "fit", fitted)
    with pytest.raises(FittedError) as stop:
        cells.run(Cell("hypergan", "cubic", 0, "smoke"), progress=False)
    assert stop.value.args == pytest.approx((1, 1))
