import os
import subprocess
import sys

import pytest

from hypergan import machine
from hypergan.__main__ import main
from hypergan.machine import ALLOTMENTS, Share, share


@pytest.fixture(autouse=True)
def idle(monkeypatch, tmp_path):
    """Eight cores, and nobody who wants any of them."""
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(os, "getloadavg", lambda: (0.1, 9.0, 9.0), raising=False)
    for name in (*ALLOTMENTS, "SLURM_JOB_ID", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def write(root, path, text):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def test_an_idle_machine_gives_all_its_cores(idle):
    assert share(idle) == Share(8, "of 8 cores")


@pytest.mark.parametrize(("load", "threads"), [(1.6, 6), (7.9, 1), (30.0, 1)])
def test_cores_that_others_compute_on_are_left_to_them(load, threads, idle, monkeypatch):
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0))
    assert share(idle) == Share(threads, f"the load is {load}")


def test_cores_that_it_may_not_run_on_do_not_count(idle, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5})
    assert share(idle).threads == 2


@pytest.mark.parametrize("name", ALLOTMENTS)
def test_an_allotment_is_kept(name, idle, monkeypatch):
    monkeypatch.setenv(name, "3")
    assert share(idle) == Share(3, name)
    monkeypatch.setenv(name, "many")
    assert share(idle).threads == 8


def test_those_that_have_just_ended_do_not_count(idle, monkeypatch):
    monkeypatch.setattr(os, "getloadavg", lambda: (1.8, 0.0, 0.0))
    write(idle, "proc/loadavg", "1.80 0.00 0.00 1/345 12345\n")
    assert share(idle).threads == 8
    write(idle, "proc/loadavg", "1.80 0.00 0.00 6/345 12345\n")
    assert share(idle) == Share(6, "the load is 1.8")


def test_in_a_job_of_slurm_the_load_is_that_of_other_cores(idle, monkeypatch):
    monkeypatch.setattr(os, "getloadavg", lambda: (8.0, 0.0, 0.0))
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "4")
    assert share(idle).threads == 4


@pytest.mark.parametrize(
    ("files", "threads"),
    [
        ({"a/b/cpu.max": "250000 100000", "a/cpu.max": "max 100000"}, 2),
        ({"a/b/cpu.max": "max 100000", "a/cpu.max": "300000 100000"}, 3),
        ({"a/b/cpu.max": "50000 100000"}, 1),
        ({"cpu/cpu.cfs_quota_us": "400000", "cpu/cpu.cfs_period_us": "100000"}, 4),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 8),
        ({"b/cpu.max": "100000 100000"}, 8),
    ],
)
def test_a_control_groups_quota_is_kept(files, threads, idle):
    write(idle, "proc/self/cgroup", "1:cpu:/x\n0::/a/b\n")
    for path, text in files.items():
        write(idle, f"sys/fs/cgroup/{path}", text)
    assert share(idle).threads == threads


@pytest.mark.parametrize(
    ("threads", "chosen", "policy"),
    [(8, {}, None), (2, {}, "passive"), (2, {"OMP_WAIT_POLICY": "active"}, "active"),
     (2, {"GOMP_SPINCOUNT": "10"}, None)],
)  # fmt: skip
def test_threads_sleep_where_the_machine_is_shared(threads, chosen, policy, monkeypatch):
    monkeypatch.setattr(machine, "share", lambda: Share(threads, ""))
    monkeypatch.delitem(sys.modules, "torch")
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OMP_WAIT_POLICY", os.environ.get("OMP_WAIT_POLICY", "x"))  # is put back
    if "OMP_WAIT_POLICY" not in chosen:
        del os.environ["OMP_WAIT_POLICY"]
    machine.wait_politely()
    assert os.environ.get("OMP_WAIT_POLICY") == policy


def test_the_policy_is_set_before_openmp_starts_and_by_the_command_line_alone():
    script = (
        "import os, sys\n"
        "from hypergan import machine\n"
        "machine.share = lambda: machine.Share(1, '')\n"
        "os.cpu_count = lambda: 2\n"
        "if sys.argv[1] == 'library':\n"
        "    import hypergan, torch\n"
        "    hypergan.HyperGAN(torch.nn.Linear(2, 2))\n"
        "    machine.wait_politely()\n"
        "else:\n"
        "    class Look:\n"
        "        def find_spec(self, name, *_):\n"
        "            if name == 'torch':\n"
        "                print(os.environ.get('OMP_WAIT_POLICY'), flush=True)\n"
        "                os._exit(0)\n"
        "    sys.meta_path.insert(0, Look())\n"
        "    from hypergan.__main__ import main\n"
        "    main(['list'])\n"
        "print(os.environ.get('OMP_WAIT_POLICY'))\n"
    )
    for user, policy in (("library", "None"), ("command", "passive")):
        done = subprocess.run(
            [sys.executable, "-c", script, user], capture_output=True, text=True, check=True
        )
        assert done.stdout.split() == [policy]


def test_what_was_chosen_is_said(monkeypatch):
    from hypergan import cli

    monkeypatch.setattr(cli, "share", lambda: Share(2, "the load is 5.9"))
    assert cli._threads(None) == (2, "computed with 2 threads (the load is 5.9)")
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")
    assert cli._threads(None)[1] == "computed with 2 threads (the load is 5.9), waiting passive"
    number, note = cli._threads(3)  # the last digits depend on it
    assert number == 3
    assert "3 threads; the machine can give 2 threads (the load" in note
    assert cli._threads(1) == (1, "")


def test_a_word_is_no_number_of_threads(capsys):
    with pytest.raises(SystemExit):
        main(["run", "hypergan", "cubic", "--threads", "many"])
    assert "--threads: give a whole number or auto" in capsys.readouterr().err
