"""A sweep on Slurm itself: one node, this machine, started for these tests."""

import json
import os
import signal
import subprocess
import sysconfig
import time

import pytest
import torch
from cluster import cluster, missing
from outside import installed

from hypergan.paths import PROJECT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing()), reason=f"not installed: {missing()}"),
]
SWEEP = (
    "snakemake", "--profile", "profiles/slurm", "--slurm-init-seconds-before-status-checks=5",
    "--slurm-status-command=squeue",
    "records", "--config", "datasets=cubic",
)  # fmt: skip


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slurm")
    with cluster(folder) as environment:
        scripts = sysconfig.get_path("scripts")
        yield folder, environment | {
            "PATH": f"{scripts}:{environment['PATH']}", "TQDM_DISABLE": "1",
        }  # fmt: skip


def begin(environment, runs, *methods, seeds="0 1 2", profile="smoke"):
    asked = [f"methods={' '.join(methods)}", f"seeds={seeds}", f"profile={profile}"]
    with (runs.parent / "sweep.log").open("w") as log:
        return subprocess.Popen(
            [*SWEEP, *asked], cwd=PROJECT, stdout=log, stderr=log,
            env=environment | {"HYPERGAN_RUNS": str(runs)}, start_new_session=True,
        )  # fmt: skip


def until(holds, seconds=300):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.5)


def submitted(folder):
    """How many jobs the cluster has ended, and the state of each."""
    text = (folder / "jobs.txt").read_text() if (folder / "jobs.txt").exists() else ""
    return [line.split("JobState=")[1].split()[0] for line in text.splitlines()]


def seeds(runs, method):
    return sorted(path.stem for path in (runs / "smoke/cubic" / method).glob("seed?.json"))


def test_a_failing_cell_stops_only_itself(slurm, tmp_path):
    _, environment = slurm
    runs = tmp_path / "runs"
    runs.joinpath("smoke", "cubic").mkdir(parents=True)
    runs.joinpath("smoke", "cubic", "mc-dropout").touch()  # no place for its records
    code = begin(environment, runs, "hypergan", "mc-dropout", seeds="0").wait(600)
    said = (tmp_path / "sweep.log").read_text()
    assert code == 1, said[-3000:]
    assert seeds(runs, "hypergan") == ["seed0"]
    assert said.count("mc-dropout/seed0.log: exit code 2") == 1
    assert "1 failed" in said


def test_a_killed_controller_repeats_only_what_was_in_flight(slurm, tmp_path):
    folder, environment = slurm
    runs = tmp_path / "runs"
    first = begin(environment, runs, "ensemble")
    until(lambda: seeds(runs, "ensemble"))
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    queue = ["squeue", "--noheader", "--states=running,pending"]
    until(lambda: not subprocess.check_output(queue, env=environment))  # what was in flight ends
    made = {path: path.stat().st_mtime_ns for path in runs.rglob("seed?.json")}
    before = len(submitted(folder))
    assert begin(environment, runs, "ensemble").wait(600) == 0
    assert seeds(runs, "ensemble") == ["seed0", "seed1", "seed2"]
    assert {path: path.stat().st_mtime_ns for path in made} == made
    repeated = len(submitted(folder)) - before - (3 - len(made))
    print(f"{before} jobs until the kill, {len(made)} of 3 records kept, {repeated} jobs repeated")
    assert repeated == 0
    assert {json.loads(path.read_text())["seed"] for path in runs.rglob("seed?.json")} == {0, 1, 2}


def test_a_job_killed_by_time_goes_on_from_its_checkpoint(slurm, tmp_path):
    folder, environment = slurm
    method = installed(tmp_path, "[hypergan.methods]\nsleeping = toy_sleep:METHOD\n")
    runs = tmp_path / "runs"
    before = len(submitted(folder))

    def rows():
        """The history so far, with the seconds that each epoch took."""
        (kept,) = runs.rglob("*.checkpoint")
        return torch.load(kept, weights_only=True)["history"]

    def running():
        queue = ["squeue", "--noheader", "--states=running", "--format=%i"]
        return subprocess.check_output(queue, env=environment, text=True).split()

    sweep = begin(environment | {"PYTHONPATH": method}, runs, "sleeping", seeds="7", profile="lite")
    try:
        until(lambda: [*runs.rglob("*.checkpoint")])
        (job,) = running()
        limit = ["scontrol", "update", f"JobId={job}", "EndTime=now"]
        subprocess.run(limit, env=environment, check=True)
        until(lambda: submitted(folder)[before:] == ["TIMEOUT"])
        until(lambda: running() not in ([], [job]))
        first = rows()
        until(lambda: len(rows()) > len(first))
        assert rows()[: len(first)] == first
        print((folder / "jobs.txt").read_text(), f"goes on after epoch {len(first)}", sep="\n")
    finally:
        os.killpg(sweep.pid, signal.SIGKILL)
        sweep.wait()
        queue = ["squeue", "--noheader", "--format=%i"]
        left = subprocess.check_output(queue, env=environment, text=True).split()
        subprocess.run(["scancel", *left], env=environment, check=bool(left))
