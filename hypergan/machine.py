"""How much of the machine this process may use, determined before PyTorch is imported.

Only the command line asks: users of the library set threads as they like.
"""

import math
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ALLOTMENTS = ("OMP_NUM_THREADS", "SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE")
"""Variables that say how many threads a process may have; Snakemake gives each job the first."""

_WAITING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")


@dataclass(frozen=True)
class Share:
    """What the machine can give now.

    Attributes:
        threads: Number of threads that may compute.
        reason: What limits it.
    """

    threads: int
    reason: str

    @property
    def is_whole(self) -> bool:
        """Whether this process has all cores."""
        return self.threads >= (os.cpu_count() or 1)

    @property
    def wait_policy(self) -> dict[str, str]:
        """OpenMP's variable by which its idle threads sleep instead of spin, if they should.

        Beside other busy processes, a thread that spins at a barrier keeps the one it waits for
        from running; alone, waking up costs more than spinning.
        """
        return {} if self.is_whole else {"OMP_WAIT_POLICY": "passive"}

    def __str__(self) -> str:
        """For the log."""
        return f"{self.threads} thread{'s' * (self.threads > 1)} ({self.reason})"


def share(root: Path = Path("/"), *, load: float | None = None) -> Share:
    """The smallest of: cores, quota, allotments, and the cores that nobody else is using.

    Args:
        root: The folder that contains ``proc`` and ``sys``.
        load: How many other processes compute; by default the mean of the last minute, or as many
            as compute now if they are fewer.
    """
    cores = os.cpu_count() or 1
    limits = {f"of {cores} cores": cores}
    if hasattr(os, "sched_getaffinity"):
        limits["cores that it may run on"] = len(os.sched_getaffinity(0))
    if quota := _quota(root):
        limits["quota of the control group"] = quota
    for name in ALLOTMENTS:
        if (word := os.environ.get(name, "").split(",")[0]).isdecimal() and int(word):
            limits[name] = int(word)
    if load is None and hasattr(os, "getloadavg"):
        load = os.getloadavg()[0]
        if round(cores - load) < cores:  # or it limits nothing, and need not be looked into
            load = min(load, _computing_now(root))
    if load is not None and "SLURM_JOB_ID" not in os.environ:  # there, cores are its own
        limits[f"the load is {load:.1f}"] = max(1, round(cores - load))
    reason = min(limits, key=lambda name: limits[name])
    return Share(limits[reason], reason)


def wait_politely() -> None:
    """Set :attr:`Share.wait_policy` for this process.

    OpenMP reads it once, when PyTorch is imported: later, or if the user has set it, this does
    nothing.
    """
    if "torch" not in sys.modules and not any(name in os.environ for name in _WAITING):
        os.environ.update(share().wait_policy)


def _computing_now(root: Path, readings: int = 5) -> float:
    """How many other processes compute: the mean of a few readings, infinity if nobody knows.

    A mean over the last minute still counts those that have just ended.
    """
    found = []
    for _ in range(readings):
        running = [word.partition("/")[0] for word in _words(root / "proc/loadavg")[3:4]]
        if not running or not running[0].isdecimal():
            return math.inf
        found.append(int(running[0]) - 1)  # less this one
        time.sleep(0.01)
    return sum(found) / readings


def _quota(root: Path) -> int | None:
    """Whole cores that this process's control groups allow it; None if there is no limit."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:  # not Linux
        return None
    own = next((line.split(":", 2)[2] for line in lines if line.startswith("0::")), "/")
    groups = root / "sys/fs/cgroup"
    inside = groups / own.strip("/")
    files = [folder / "cpu.max" for folder in (inside, *inside.parents)]
    old = groups / "cpu"  # version 1 has two files
    words = [
        *(_words(file) for file in files),
        [*_words(old / "cpu.cfs_quota_us"), *_words(old / "cpu.cfs_period_us")],
    ]
    limits = [pair for pair in words if len(pair) == 2 and pair[0].isdecimal()]  # not "max" or -1
    cores = [int(most) / int(period) for most, period in limits]
    return max(1, int(min(cores))) if cores else None


def _words(file: Path) -> list[str]:
    try:
        return file.read_text().split()
    except OSError:
        return []
