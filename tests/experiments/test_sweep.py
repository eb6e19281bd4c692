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
from dataclasses import replace

import nbformat
import pytest
from examples import edit, example
from pages import NOTEBOOKS

from hypergan.data.datasets import DATASETS
from hypergan.errors import SettingsError
from hypergan.experiments import cells, records, sweep
from hypergan.experiments.records import Cell
from hypergan.experiments.sweep import Jobs, Needs, Plan, in_words, own_name, swept
from hypergan.figures import cubic
from hypergan.paths import PROJECT, runs

CUBIC = Cell("hypergan", "cubic", 0, "smoke")
OTHER = replace(CUBIC, method="hypergan-no-discriminator")


# What is asked of the package


def plan(**config):
    return Plan.of({"profile": "smoke", "methods": "hypergan", "datasets": "cubic"} | config)


def test_published_records_are_taken_unless_all_are_to_be_made_again(own_runs, published):
    assert plan().record(CUBIC) is None
    cells.run(CUBIC, progress=False)
    shutil.copytree(own_runs, published)
    assert plan().record(CUBIC) == own_runs / CUBIC.path  # as the figures do
    shutil.rmtree(own_runs)
    assert plan().record(CUBIC) == published / CUBIC.path
    assert plan(mode="full").record(CUBIC) is None
    edit(published / CUBIC.path, '"noise_dim": 64', '"noise_dim": 65')
    assert plan().record(CUBIC) is None


@pytest.mark.parametrize("mode", ["missing", "full"])
def test_a_damaged_record_of_ones_own_is_run_again(mode, own_runs):
    cells.run(CUBIC, progress=False)
    assert plan(mode=mode).record(CUBIC) == own_runs / CUBIC.path
    (own_runs / CUBIC.path).write_text("{")
    assert plan(mode=mode).record(CUBIC) is None


def test_a_notebook_waits_for_what_it_shows():
    both = "hypergan hypergan-no-discriminator"
    assert plan(methods=both).shown_by("regression", 0) == [CUBIC, OTHER]
    assert plan().shown_by("regression", 0) is None
    cells.run(OTHER, progress=False)
    assert plan().shown_by("regression", 0) == [CUBIC, OTHER]
    assert plan(seeds=1).shown_by("speed", 1) == []


def test_a_cell_asks_a_cluster_for_what_its_like_took(own_runs, published):
    asked = Needs.of(CUBIC)
    assert asked == Needs()  # nothing was run
    for seed, minutes, gigabytes in ((0, 4, 1), (1, 10, 2)):
        cell = replace(CUBIC, seed=seed, profile="lite")
        taken = {"wall_seconds": 60.0 * minutes, "peak_memory_bytes": gigabytes * 10**9}
        record = example(cell, metrics={"std_inside": 0.3, "std_outside": 4.0}, **taken)
        records.write(record, {}, own_runs / cell.path)
    assert Needs.of(replace(CUBIC, seed=7, profile="lite")) == Needs(4_000, 40)


def test_what_is_not_given_or_empty_has_its_default():
    default = Plan.of({})
    assert default == Plan.of(dict.fromkeys(["seeds", "methods", "mode", "gpu", "profile"]))
    assert default == Plan.of(dict.fromkeys(["seeds", "methods", "mode", "gpu", "profile"], ""))
    assert {cell.method for cell in default.cells} == set(swept())
    assert {(cell.seed, cell.profile) for cell in default.cells} == {(0, "lite")}


EVIL = [
    "$(touch {})",
    "`touch {}`",
    "; touch {}",
    "' ; touch {} ; '",
    '" ; touch {} ; "',
    "| touch {}",
]
NAMES = ["seeds", "methods", "datasets", "profile", "mode", "gpu"]
ODD = {
    **{f"{name} {i}": {name: evil} for name in NAMES for i, evil in enumerate(EVIL)},
    "seed": {"seeds": "0 abc"},
    "negative": {"seeds": "-1"},
    "fraction": {"seeds": "1.5"},
    "another digit": {"seeds": "²"},
    "huge": {"seeds": 2**63},
    "too long for a number": {"seeds": "9" * 5000},
    "two profiles": {"profile": "smoke lite"},
    "profile": {"profile": "huge"},
    "mode": {"mode": "all"},
    "method": {"methods": "hypergan gan"},
    "data set": {"datasets": "cubik"},
    "an option": {"methods": "--force"},
    "no such pair": {"methods": "nuts", "datasets": "mnist"},
    "no mapping": {"seeds": {"a": 1}},
    "gpu": {"gpu": "many"},
    "false": {"mode": False},
    "variable": {"seed": "1"},
}


@pytest.mark.parametrize("what", ODD)
def test_an_odd_variable_is_refused_with_a_sentence(what):
    with pytest.raises(SettingsError) as stop:
        plan(**ODD[what])
    assert len(str(stop.value).splitlines()) == 1


@pytest.mark.parametrize("name", ["..", "a/b", "", "-x", "a\n"])
def test_a_sweep_empties_no_folder_but_its_own(name):
    assert own_name("1a2b") == "1a2b"
    with pytest.raises(SettingsError, match="HYPERGAN_SWEEP is "):
        own_name(name)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_notebooks_need_is_in_them(path):
    text = path.read_text(encoding="utf-8")
    for cell in Plan.of({}).shown_by(path.stem, 0) or []:
        for name in (cell.method, cell.dataset):
            beside = "cubic.BESIDE" in text and name in cubic.BESIDE
            assert beside or f'\\"{name}\\"' in text


def test_a_sweep_runs_variations_only_where_they_are_named():
    assert {"hypergan", "hypergan-no-mixer", "ensemble"} <= set(swept())
    assert not any(name.startswith(("hypergan-beta", "hypergan-code")) for name in swept())


def test_the_time_left_is_told_from_the_jobs_that_are_done(capsys, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(sweep.time, "monotonic", lambda: clock[0])
    handler = Jobs()

    def log(event, **values):
        handler.handle(logging.makeLogRecord({"event": event} | values))

    log("run_info", stats={"cell": 4, "notebook": 1, "all": 1, "total": 6})
    for job in (1, 2):
        log("job_info", jobid=job, rule_name="cell")
    clock[0] = 600.0
    log("job_finished", job_id=1)
    said = capsys.readouterr().err
    assert said == ("about 30 min left, plus jobs of notebook, none of which has finished yet\n")
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


def test_what_failed_is_listed_with_its_log_and_the_reason(tmp_path):
    tried, logs = tmp_path / "tried", tmp_path / "logs"
    for name, reason in (("smoke/cubic/apd/seed0", "exit code 2: error: so"), ("smoke/seed1", "")):
        (tried / name).parent.mkdir(parents=True, exist_ok=True)
        (tried / name).write_text(reason)
    (logs / "notebooks").mkdir(parents=True)
    book = logs / "notebooks" / "claims.log"
    book.write_text("a lot\nValueError: thus\n\n")
    handler = Jobs()
    for event in (
        {"event": "run_info", "stats": {"notebook": 1}},
        {"event": "job_info", "jobid": 1, "rule_name": "notebook", "log": [str(book)]},
        {"event": "job_error", "jobid": 1},
    ):
        handler.handle(logging.makeLogRecord(event))
    assert handler.failures(tried, logs).splitlines() == [
        "2 failed, each with its log and the reason:",
        f"  {logs}/smoke/cubic/apd/seed0.log: exit code 2: error: so",
        f"  {book}: ValueError: thus",
    ]
    assert Jobs().failures(tmp_path / "none", logs) == ""


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


PAGES = {
    "regression": """
from hypergan.experiments.collection import compare
from hypergan.figures import cubic
collection = compare("cubic", [seed], profile, cubic.PAIR, run="never")
assert not collection.missing
cubic.predictive_std(collection, cubic.PAIR, at=(-6, 0, 6))
""",
    "diversity": "",
    "claims": "",
}
"""Pages with records, without them, and with whatever there is, in short."""


@pytest.fixture
def clone(tmp_path, cubic_records):
    """A fresh clone with short notebooks, whose only records are those of the cubic's seed 0."""
    clone = tmp_path / "clone"
    for folder in ("hypergan", "workflow", "profiles", "book", "data/paper"):
        skip = shutil.ignore_patterns("__pycache__", "_build", "*.md", "*.yml")
        shutil.copytree(PROJECT / folder, clone / folder, ignore=skip)
    for file in ("pyproject.toml", "Makefile", "_config.yml"):
        shutil.copy(PROJECT / file, clone)
    shutil.copytree(cubic_records, clone / "data" / "records")
    for path in clone.glob("book/*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        path.unlink()
        if path.stem in PAGES:
            kept = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
            notebook.cells = [*kept, nbformat.v4.new_code_cell(PAGES[path.stem], id="shown")]
            nbformat.write(notebook, path)
    (clone / "_toc.yml").write_text("format: jb-book\nroot: intro\n")
    (clone / "book" / "intro.md").write_text("# A book of one page\n")
    for name in ("_toc.yml", "_config.yml"):
        (clone / "book" / name).symlink_to(f"../{name}")
    return clone


def start(clone, *options, environment=None, **config):
    """Snakemake in the clone; its log goes to a file, for the jobs that outlive it keep it open."""
    config = {"profile": "smoke", "methods": "hypergan", "datasets": "cubic"} | config
    environment = (
        {name: v for name, v in os.environ.items() if name != "HYPERGAN_RUNS"}
        | {
            "PATH": f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}",
            "PYTHONPATH": str(clone),
            "TQDM_DISABLE": "1",
        }
        | (environment or {})
    )
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
def test_a_fresh_clone_retrains_nothing_that_is_published(clone):
    log = snakemake(clone, "--dry-run", "records", seeds="0 1")
    assert commands(log) == ["hypergan cubic --seed 1"]
    assert "gpu=1" not in log  # none was asked for
    assert not (clone / "runs").exists()


@pytest.mark.slow
def test_every_data_set_can_be_swept(clone):
    log = snakemake(clone, "--dry-run", "records", datasets="", seeds=1)
    assert commands(log) == sorted(f"hypergan {name} --seed 1" for name in DATASETS)


@pytest.mark.slow
def test_the_whole_chain_is_planned_on_a_cluster(clone):
    methods = "hypergan hypergan-no-discriminator"
    cluster = ("--profile", "profiles/slurm")
    log = snakemake(clone, "--dry-run", *cluster, methods=methods, seeds=0, gpu=1, mode="full")
    assert commands(log) == ["hypergan cubic --seed 0", "hypergan-no-discriminator cubic --seed 0"]
    counts = dict(re.findall(r"^(\w+) +(\d+)$", log, flags=re.MULTILINE))
    assert counts == {"cell": "2", "notebook": "2", "book": "1", "all": "1", "total": "6"}
    assert log.count("gpu=1") == 2
    taken = [records.read(clone / "data/records" / c.path).wall_seconds for c in (CUBIC, OTHER)]
    asked = re.findall(r"runtime=(\d+), gpu=1", log)
    assert sorted(map(int, asked)) == sorted(10 + int(3 / 60 * seconds) for seconds in taken)
    assert "papermill book/regression.ipynb" in log


@pytest.mark.slow
def test_notebooks_are_drawn_from_published_records_into_a_folder_of_any_name(clone):
    folder = clone / "-my; touch evil; runs' `touch evil` $(touch evil)"
    log = snakemake(clone, "notebooks", environment={"HYPERGAN_RUNS": folder.name})
    assert "diversity.ipynb is left out" in log
    assert (folder / "notebooks/smoke/seed0/regression.ipynb").exists(), log
    assert not any((folder / cell.path).exists() for cell in (CUBIC, OTHER))
    assert not list(clone.rglob("evil"))
    odd = {"HYPERGAN_RUNS": str(clone / "{page}")}
    assert "without braces" in snakemake(clone, "notebooks", environment=odd, fails=True)


@pytest.mark.slow
def test_a_cell_that_fails_stops_only_what_needs_it_and_is_repeated_alone(clone):
    cell = Cell("hypergan", "cubic", 1, "smoke")
    damaged = clone / "runs" / cells.unfinished(cell)[0].relative_to(runs())
    damaged.parent.mkdir(parents=True)
    damaged.write_text("")
    both = {"methods": "hypergan hypergan-no-discriminator", "seeds": "0 1"}
    log = snakemake(clone, fails=True, **both)
    made = {
        path.relative_to(clone / "runs/notebooks/smoke") for path in clone.rglob("seed?/*.ipynb")
    }
    assert sorted(map(str, made)) == [
        "seed0/claims.ipynb",
        "seed0/regression.ipynb",
        "seed1/claims.ipynb",
    ]
    assert not (clone / "runs" / cell.path).exists()
    assert (clone / "runs" / OTHER.path).with_stem("seed1").exists()
    assert (clone / "book/_build/html/intro.html").exists()
    summary = log.partition("2 failed, each with its log and the reason:\n")[2].splitlines()[:2]
    assert re.fullmatch(
        r"  runs/logs/smoke/cubic/hypergan/seed1.log: exit code 2: error: .*", summary[0]
    )
    assert summary[1].endswith("seed1/regression.log: left out: a cell that it needs failed")
    assert re.search("about .* left", log)
    assert not list((clone / "runs" / "tried").iterdir())
    damaged.unlink()
    again = snakemake(clone, **both)
    assert commands(again) == ["hypergan cubic --seed 1"]
    assert "failed" not in again.splitlines()[-1]
    assert "Nothing to be done" in snakemake(clone, "notebooks", **both)


@pytest.fixture
def make(tmp_path):
    """Runs make where Snakemake only says what it is given, a line each."""
    shutil.copy(PROJECT / "Makefile", tmp_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / ".installed").touch()
    tool = tmp_path / "bin" / "snakemake"
    tool.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    tool.chmod(0o755)

    # These tests may have been started by make itself.
    outside = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}

    def make(*words, **environment):
        return subprocess.run(
            ["make", *words],
            cwd=tmp_path, env=outside | environment, capture_output=True, text=True,
        )  # fmt: skip

    return make


WORDS = ("SEEDS", "PROFILE", "METHODS", "DATASETS", "MODE", "GPU")


def test_variables_reach_snakemake_as_they_are(make):
    given = dict(zip(WORDS, ["0 1", "full", "mc-dropout", "cifar5", "missing", "1"], strict=True))
    told = [f"{name.lower()}={given[name]}" for name in WORDS]
    for words in ([f"{name}={value}" for name, value in given.items()], []):
        asked = make(
            "sweep", "VENV=.", "CORES=2", "OPTIONS=-n *", *words, **({} if words else given)
        )
        assert asked.stdout.splitlines()[-len(told) - 5 :] == [
            "-n",
            "*",
            "--cores",
            "2",
            "--config",
            *told,
        ]
    for name in (*WORDS, "CORES"):
        assert make("sweep", "VENV=.", f"{name}=").returncode == 0


@pytest.mark.parametrize(
    "value",
    [
        *EVIL, "$(shell touch {})", "${{shell touch {}}}", "$$(touch {})", "0\n\ttouch {}\n",
        '"', "# x", "!x", "|", "é", "*", "\\",
    ],
)  # fmt: skip
def test_neither_make_nor_a_shell_executes_a_variable(value, make, tmp_path):
    value = value.format(tmp_path / "evil")
    for name in (*WORDS, "CORES"):
        for words, more in (([f"{name}={value}"], {}), ([], {name: value})):
            asked = make("sweep", "VENV=.", *words, **more)
            assert (asked.returncode, asked.stdout) == (2, "")
            assert asked.stderr.startswith("error: SEEDS and the like are names and whole numbers")
    options = make("sweep", "VENV=.", f"OPTIONS={value}").stdout.partition("\n--cores\n")[0]
    assert options.split("\n")[-len(value.split()) :] == value.split()
    for place in ([f"VENV={value}", "PYTHON=false"], [f"PYTHON={value}", "VENV=venv"]):
        assert make("book", *place).returncode == 2
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    "name",
    ["%: pyproject.toml ; touch {} ; #", "b%k: ; touch {}", "a b", "-x", "a\n", "$(touch {})"],
)
def test_a_folder_that_make_would_read_as_a_rule_is_refused(name, make, tmp_path):
    name = name.format(tmp_path / "evil")
    for asked in (make("book", f"VENV={name}"), make("book", "PYTHON=false", VENV=name)):
        assert asked.returncode == 2
        assert f"VENV is '{name}'; name a folder without" in asked.stderr
    assert not (tmp_path / "evil").exists()


def test_clean_removes_only_a_virtual_environment(make, tmp_path):
    for name in ("mine", "venv"):
        (tmp_path / name).mkdir()
    (tmp_path / "venv" / "pyvenv.cfg").touch()
    for place in (["VENV=mine"], []):
        assert "kept mine: it is no" in make("clean", *place, VENV="mine").stdout
    make("clean", "VENV=venv")
    assert (tmp_path / "mine").exists()
    assert not (tmp_path / "venv").exists()


@pytest.mark.slow
def test_after_a_kill_what_was_in_flight_is_repeated_alone(clone):
    places = [clone / "runs" / replace(CUBIC, seed=seed).path for seed in (1, 2, 3)]

    def begin(*options, seeds, until, **environment):
        """A sweep that has come to a file."""
        options = ("--cores", "1", "records", *options)
        process = start(clone, *options, environment=environment, seeds=seeds)
        while not until.exists():
            assert process.poll() is None, (clone / "log").read_text()
            time.sleep(0.01)
        return process

    # The scheduler alone: the cell goes on by itself.
    first = ("--prioritize", "runs/tried/now/smoke/cubic/hypergan/seed1")
    lock = places[1].with_suffix(".lock")
    process = begin(*first, seeds="1 2", until=lock, HYPERGAN_SWEEP="now")
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    end = time.monotonic() + 300
    while not places[1].exists():
        assert time.monotonic() < end
        time.sleep(0.01)

    # The scheduler with its cell.
    process = begin(seeds="1 2 3", until=places[2].with_suffix(".lock"))
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert commands((clone / "log").read_text()) == ["hypergan cubic --seed 3"]
    assert commands(snakemake(clone, "records", seeds="1 2 3")) == ["hypergan cubic --seed 3"]
    assert [*records.paths(clone / "runs")] == places
    assert not list(places[0].parent.glob("*.checkpoint"))


@pytest.mark.slow
def test_two_sweeps_do_not_run_at_a_time(clone):
    (clone / "runs").mkdir()
    with (clone / "runs" / "sweep.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "another sweep" in snakemake(clone, "records", seeds="1", fails=True)
