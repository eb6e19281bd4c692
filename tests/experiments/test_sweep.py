"""The sweep's plan and its jobs, in a copy of the checkout."""

import fcntl
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from functools import partial

import pytest

from hypergan.experiments import cells, records, sweep
from hypergan.experiments.records import Cell
from hypergan.experiments.sweep import SHOWN, SWEPT, TimeLeft, in_words, record_path, shown_by
from hypergan.paths import PROJECT, runs

CUBIC, OTHER = (Cell(m, "cubic", 0, "smoke") for m, _ in SHOWN["regression"])


# What is asked of the package


@pytest.fixture
def published(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "published", lambda: tmp_path / "published")
    return tmp_path / "published"


def test_published_records_are_taken_unless_all_are_to_be_made_again(own_runs, published):
    assert record_path(CUBIC) == own_runs / CUBIC.path
    cells.run(CUBIC, progress=False)
    shutil.copytree(own_runs, published)
    assert record_path(CUBIC) == own_runs / CUBIC.path  # as the figures do
    shutil.rmtree(own_runs)
    assert record_path(CUBIC) == published / CUBIC.path
    assert record_path(CUBIC, full=True) == own_runs / CUBIC.path
    text = (published / CUBIC.path).read_text()
    (published / CUBIC.path).write_text(text.replace('"noise_dim": 64', '"noise_dim": 65'))
    assert record_path(CUBIC) == own_runs / CUBIC.path


def test_a_notebook_waits_for_what_it_shows(own_runs):
    assert shown_by("regression", [CUBIC, OTHER], 0, "smoke") == [CUBIC, OTHER]
    assert shown_by("regression", [CUBIC], 0, "smoke") is None
    (own_runs / OTHER.path).parent.mkdir(parents=True)
    (own_runs / OTHER.path).touch()
    assert shown_by("regression", [CUBIC], 0, "smoke") == [CUBIC, OTHER]
    another = Cell("hypergan", "digits", 1, "smoke")
    assert shown_by("a table", [CUBIC, another], 1, "smoke") == [another]


@pytest.mark.parametrize("notebook", SHOWN)
def test_what_notebooks_show_is_in_them(notebook):
    text = (PROJECT / "book" / f"{notebook}.ipynb").read_text()
    for name in {name for pair in SHOWN[notebook] for name in pair}:
        assert f'\\"{name}\\"' in text


def test_a_sweep_runs_variations_only_where_they_are_named():
    assert {"hypergan", "hypergan-no-mixer", "ensemble"} <= set(SWEPT)
    assert not any(name.startswith(("hypergan-beta", "hypergan-code")) for name in SWEPT)


def test_the_time_left_is_told_from_the_jobs_that_are_done(capsys, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(sweep.time, "monotonic", lambda: clock[0])
    handler = TimeLeft()

    def log(event, **values):
        handler.handle(logging.makeLogRecord({"event": event} | values))

    log("run_info", stats={"cell": 4, "notebook": 1, "all": 1, "total": 6})
    for job in (1, 2):
        log("job_info", jobid=job, rule_name="cell")
    clock[0] = 600.0
    log("job_finished", job_id=1)
    said = capsys.readouterr().err
    assert said == ("about 30 min left, and what jobs of notebook take: none has finished yet\n")
    log("job_finished", job_id=2)  # two at a time
    assert "about 10 min left" in capsys.readouterr().err
    log("job_info", jobid=3, rule_name="notebook")
    clock[0] = 660.0
    log("job_finished", job_id=3)
    assert re.fullmatch(r"about 1[01] min left\n", capsys.readouterr().err)
    for job in (4, 5):
        log("job_info", jobid=job, rule_name="cell")
    log("job_error", jobid=4)  # it is not waited for
    clock[0] = 1260.0
    log("job_finished", job_id=5)
    assert capsys.readouterr().err == "about 0 s left\n"


def test_durations_in_words():
    assert [in_words(x) for x in (12.3, 90, 3600, 5000)] == [
        "12 s",
        "2 min",
        "1 h 00 min",
        "1 h 23 min",
    ]


# Snakemake itself


@pytest.fixture(scope="module")
def cubic_records(tmp_path_factory):
    """Records of seed 0 that are to be published."""
    folder = tmp_path_factory.mktemp("published")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HYPERGAN_RUNS", str(folder))
        for cell in (CUBIC, OTHER):
            cells.run(cell, progress=False)
    return folder


@pytest.fixture
def clone(tmp_path, cubic_records):
    """A fresh clone, whose only published records are those of the cubic's seed 0."""
    clone = tmp_path / "clone"
    for folder in ("hypergan", "workflow", "profiles", "book"):
        skip = shutil.ignore_patterns("__pycache__", "_build", "static", "*.md", "*.yml")
        shutil.copytree(PROJECT / folder, clone / folder, ignore=skip)
    for file in ("pyproject.toml", "_config.yml", "_toc.yml"):
        shutil.copy(PROJECT / file, clone)
    shutil.copytree(cubic_records, clone / "data" / "records")
    for notebook in clone.glob("book/*.ipynb"):
        if notebook.stem not in ("regression", "diversity"):  # one with its records, one without
            notebook.unlink()
    return clone


def start(clone, *options, **config):
    """Snakemake in the clone; its log goes to a file, for the jobs that outlive it keep it open."""
    config = {"profile": "smoke", "methods": "hypergan", "datasets": "cubic"} | config
    environment = os.environ | {
        "PATH": f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}",
        "PYTHONPATH": str(clone),
        "TQDM_DISABLE": "1",
    }
    environment.pop("HYPERGAN_RUNS")  # the clone's own
    command = [sys.executable, "-m", "snakemake", *options]
    command += ["--config", *(f"{key}={value}" for key, value in config.items())]
    with (clone / "log").open("w") as log:
        return subprocess.Popen(
            command, cwd=clone, env=environment, stdout=log, stderr=log, start_new_session=True
        )


def snakemake(clone, *options, fails=False, **config):
    """What Snakemake says."""
    process = start(clone, "--cores", "1", *options, **config)
    process.wait()
    log = (clone / "log").read_text()
    assert bool(process.returncode) == fails, log
    return log


def commands(log):
    """The cells that are run, as method, data set and seed."""
    return sorted(re.findall(r"python -m hypergan run (\S+ \S+ --seed \d+)", log))


@pytest.mark.slow
def test_a_fresh_clone_retrains_nothing_unless_asked(clone):
    log = snakemake(clone, "--dry-run", "records", seeds="0 1")
    assert commands(log) == ["hypergan cubic --seed 1"]
    log = snakemake(clone, "--dry-run", "records", seeds="0 1", mode="full")
    assert commands(log) == ["hypergan cubic --seed 0", "hypergan cubic --seed 1"]
    assert not (clone / "runs").exists()


@pytest.mark.slow
def test_what_is_left_empty_has_its_default(clone):
    """As `make sweep` passes on the variables that were not given."""
    empty = {"methods": "", "mode": "", "profile": "", "seeds": ""}
    log = snakemake(clone, "--dry-run", "records", **empty)
    assert {"hypergan cubic --seed 0", "mnf cubic --seed 0"} <= set(commands(log))
    assert "--profile lite" in log


@pytest.mark.slow
def test_the_whole_chain_is_planned_on_a_cluster(clone):
    methods = "hypergan hypergan-no-discriminator"
    plan = partial(
        snakemake, clone, "--dry-run", "--profile", "profiles/slurm", methods=methods, seeds=1
    )
    log = plan(gpu=1)
    counts = dict(re.findall(r"^(\w+) +(\d+)$", log, flags=re.MULTILINE))
    assert counts == {"cell": "2", "notebook": "1", "book": "1", "all": "1", "total": "5"}
    assert log.count("gpu=1") == 2
    assert log.count("runtime=1440") == 2
    assert "papermill book/regression.ipynb" in log
    assert "gpu=1" not in plan()


@pytest.mark.slow
def test_notebooks_are_drawn_from_published_records(clone):
    log = snakemake(clone, "notebooks")
    assert "diversity.ipynb is left out" in log
    assert (clone / "runs/notebooks/smoke/seed0/regression.ipynb").exists()
    assert not any((clone / "runs" / cell.path).exists() for cell in (CUBIC, OTHER))
    assert "Nothing to be done" in snakemake(clone, "notebooks")


@pytest.mark.slow
def test_a_cell_that_fails_does_not_stop_the_others_and_is_repeated_alone(clone):
    cell = Cell("hypergan", "cubic", 1, "smoke")
    damaged = clone / "runs" / cells.unfinished(cell)[0].relative_to(runs())
    damaged.parent.mkdir(parents=True)
    damaged.write_text("")
    first = f"runs/{cell.path.as_posix()}"
    log = snakemake(clone, "records", "--prioritize", first, seeds="1 2", fails=True)
    assert "delete it to start afresh" in log
    assert [path.stem for path in records.paths(clone / "runs")] == ["seed2"]
    assert re.search("about .* left", log)
    damaged.unlink()
    assert commands(snakemake(clone, "records", seeds="1 2")) == ["hypergan cubic --seed 1"]


@pytest.mark.slow
@pytest.mark.parametrize("kill", [os.kill, os.killpg], ids=["scheduler", "scheduler and cell"])
def test_after_a_kill_what_was_in_flight_is_repeated_alone(clone, kill):
    first, second = (
        clone / "runs" / Cell("hypergan", "cubic", seed, "smoke").path for seed in (1, 2)
    )
    options = ("--prioritize", str(first.relative_to(clone)))
    process = start(clone, "--cores", "1", "records", *options, seeds="1 2")
    while not second.with_suffix(".lock").exists():
        assert process.poll() is None, (clone / "log").read_text()
        time.sleep(0.01)
    kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    again = commands(snakemake(clone, "records", seeds="1 2"))
    by_itself = kill is os.kill  # then the cell goes on, and may end before it is repeated
    assert again == ["hypergan cubic --seed 2"] or (by_itself and again == [])
    assert [path.stem for path in records.paths(clone / "runs")] == ["seed1", "seed2"]
    assert not list(first.parent.glob("*.checkpoint"))


@pytest.mark.slow
def test_two_sweeps_do_not_run_at_a_time(clone):
    (clone / "runs").mkdir()
    with (clone / "runs" / "sweep.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "another sweep" in snakemake(clone, "records", seeds="1", fails=True)
