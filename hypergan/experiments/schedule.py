"""The time a sweep would take on a cluster, estimated from its cells' records."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from hypergan.experiments import records
from hypergan.experiments.methods import METHODS, build, settings_for
from hypergan.experiments.profiles import PROFILES
from hypergan.experiments.records import Cell, Record
from hypergan.experiments.state import state
from hypergan.experiments.sweep import swept
from hypergan.experiments.training import target_for
from hypergan.training import Training


@dataclass(frozen=True)
class Job:
    """A cell, and the resources that it takes.

    Attributes:
        cell: The cell.
        seconds: Time on one node.
        written: Size of its record in bytes.
    """

    cell: Cell
    seconds: float
    written: int


@dataclass(frozen=True)
class Schedule:
    """A sweep on some nodes, one job at a time on each.

    Attributes:
        nodes: Number of nodes.
        seconds: Time from the first job's start to the last one's end.
        worked: Seconds of all jobs together.
        written: Bytes of all records together.
    """

    nodes: int
    seconds: float
    worked: float
    written: int

    @property
    def busy(self) -> float:
        """The share of the nodes' time that is spent on jobs."""
        return self.worked / (self.nodes * self.seconds)


def jobs(
    profile: str, datasets: Sequence[str], *, gpu: bool = False
) -> tuple[list[Job], list[Cell]]:
    """The jobs of one seed of a sweep, estimated from records, and the cells without records.

    If a cell has no record in this profile, one of another profile is used: its training time in
    proportion to the images that pass through networks, its evaluation time unchanged.

    Args:
        profile: Profile's name.
        datasets: Data sets' names.
        gpu: Use records made on a GPU, instead of on a CPU.
    """
    found, missing = [], []
    for dataset in datasets:
        for method in swept():
            if dataset in METHODS[method].datasets:
                cell = Cell(method, dataset, profile=profile)
                job = _job(cell, gpu)
                missing += [] if job else [cell]
                found += [job] if job else []
    return found, missing


def checkpoints(profile: str, datasets: Sequence[str]) -> float:
    """Bytes a second that a job of HyperGAN writes at most as checkpoints, while it trains.

    It keeps each trained number and its two moments in Adam. SGLD and APD, which also keep the
    networks that they have drawn, may write more.

    Args:
        profile: Profile's name.
        datasets: Data sets' names.
    """
    rates = []
    for dataset in datasets:
        settings = settings_for("hypergan", dataset, profile)
        target = target_for(dataset, 10, settings.target)  # no data set has more classes
        posterior = build("hypergan", target, settings.model, torch.Generator())
        trained = sum(p.numel() for p in posterior.parameters() if p.requires_grad)
        rates.append(12 * trained / settings.training.checkpoint_seconds)
    return max(rates)


def _job(cell: Cell, gpu: bool) -> Job | None:
    others = [name for name in reversed(PROFILES) if name not in ("smoke", cell.profile)]
    for profile in (cell.profile, *others):
        like = replace(cell, profile=profile)
        each = (state(replace(like, seed=seed)).record for seed in records.seeds(like))
        made = [r for r in each if r and not r.stand_in and r.on_cpu != gpu]
        if made:
            own, other = (
                settings_for(cell.method, cell.dataset, p).training for p in (cell.profile, profile)
            )
            work = _work(own) / _work(other)
            seconds = [r.wall_seconds + (work - 1) * r.training_seconds for r in made]
            sizes = [_size(record) for record in made]
            return Job(cell, sum(seconds) / len(made), round(sum(sizes) / len(made)))
    return None


def _size(record: Record) -> int:
    assert record.path is not None  # noqa: S101  # it was read
    return sum(record.path.with_suffix(s).stat().st_size for s in (".json", ".npz"))


def _work(training: Training) -> float:
    """Images that pass through networks, in units of the data set where an epoch is one pass."""
    seen = 1 if training.steps_per_epoch is None else training.steps_per_epoch * training.batch_size
    return training.epochs * seen * (training.networks if training.share_images else 1)


def schedule(jobs: Sequence[Job], nodes: int, seeds: int = 1) -> Schedule:
    """Each job goes to the first node that is free, in the order of seeds and cells."""
    free = [0.0] * nodes
    for job in [*jobs] * seeds:
        heapq.heapreplace(free, free[0] + job.seconds)
    worked, written = (seeds * sum(getattr(j, of) for j in jobs) for of in ("seconds", "written"))
    return Schedule(nodes, max(free), worked, written)
