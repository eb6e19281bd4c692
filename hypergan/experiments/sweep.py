"""What a sweep has to do, and how long it will take; ``workflow/Snakefile`` asks here."""

import logging
import sys
import time
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

from hypergan.errors import HyperGANError
from hypergan.experiments import records
from hypergan.experiments.methods import METHODS
from hypergan.experiments.records import Cell
from hypergan.paths import runs

SWEPT = [name for name, method in METHODS.items() if not method.variation]
"""Methods of a sweep that names none."""

SHOWN = {
    "regression": [("hypergan", "cubic"), ("hypergan-no-discriminator", "cubic")],
    "diversity": [("hypergan", "mnist"), ("ensemble", "mnist")],
    "accuracy": [("hypergan", "mnist"), ("ensemble", "mnist")],
    "ablation": [
        (method, dataset)
        for dataset in ("cifar10", "mnist")
        for method in ("hypergan", "hypergan-no-mixer", "hypergan-no-discriminator")
    ],
}
"""Methods and data sets without which a notebook is not worth drawing. Besides them, and where it
is not named here, a notebook shows whatever there is."""


def record_path(cell: Cell, *, full: bool = False) -> Path:
    """Where a cell's record lies, or will lie when the sweep has run it.

    Args:
        cell: The cell.
        full: Whether published records are to be made again, and so do not count.
    """
    own = runs() / cell.path
    if full or own.exists():
        return own
    try:
        found = records.find(cell)
    except HyperGANError:  # published, but not of today's settings
        found = None
    return found[1] if found else own


def shown_by(notebook: str, asked: Collection[Cell], seed: int, profile: str) -> list[Cell] | None:
    """The cells that a notebook waits for; None if it needs one without a record, not asked for."""
    needed = [Cell(name, data, seed, profile) for name, data in SHOWN.get(notebook, [])]
    if not all(cell in asked or record_path(cell).exists() for cell in needed):
        return None
    return needed + [cell for cell in asked if cell.seed == seed and cell not in needed]


class TimeLeft(logging.Handler):
    """Listens to Snakemake's log and says after each job how long the rest will take.

    Each rule's remaining jobs are taken to last as long as its finished ones did on average, as
    many at a time as so far.
    """

    def __init__(self) -> None:
        super().__init__()
        self.begun: dict[int, tuple[str, float]] = {}
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.jobs: dict[str, int] = {}
        self.start = time.monotonic()

    def emit(self, record: logging.LogRecord) -> None:
        """Take note of what begins and ends."""
        event = str(getattr(record, "event", ""))
        now = time.monotonic()
        if event == "run_info":
            self.jobs = {rule: n for rule, n in vars(record)["stats"].items() if rule != "total"}
        elif event == "job_info":
            self.begun[vars(record)["jobid"]] = (vars(record)["rule_name"], now)
        elif event == "job_error" and (job := self.begun.pop(vars(record)["jobid"], None)):
            self.jobs[job[0]] -= 1
        elif event == "job_finished" and (job := self.begun.pop(vars(record)["job_id"], None)):
            rule, began = job
            self.seconds[rule].append(now - began)
            print(self.estimate(now - self.start), file=sys.stderr, flush=True)

    def estimate(self, elapsed: float) -> str:
        """The time left after so many seconds, in words."""
        left = {rule: n - len(self.seconds[rule]) for rule, n in self.jobs.items() if rule != "all"}
        at_once = max(1.0, sum(map(sum, self.seconds.values())) / elapsed)
        unknown = [rule for rule, n in left.items() if n and not self.seconds[rule]]
        seconds = sum(
            n * sum(self.seconds[rule]) / len(self.seconds[rule])
            for rule, n in left.items()
            if rule not in unknown and n
        )
        words = f"about {in_words(seconds / at_once)} left"
        if unknown:
            words += f", and what jobs of {', '.join(unknown)} take: none has finished yet"
        return words


def in_words(seconds: float) -> str:
    """A duration to a minute or two digits."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"
