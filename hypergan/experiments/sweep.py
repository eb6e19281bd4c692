"""What a sweep has to do, and how long it will take; ``workflow/Snakefile`` asks here."""

import json
import logging
import re
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from hypergan.data.datasets import DATASETS
from hypergan.errors import SettingsError
from hypergan.experiments import records
from hypergan.experiments.methods import METHODS
from hypergan.experiments.profiles import PROFILES
from hypergan.experiments.records import Cell
from hypergan.experiments.state import state
from hypergan.paths import PROJECT, runs

MODES = ("missing", "full")
_OPTIONS = ("seeds", "profile", "methods", "datasets", "mode", "gpu")


@dataclass(frozen=True)
class Plan:
    """What a sweep is asked to do.

    Attributes:
        seeds: Seeds.
        profile: Profile's name.
        cells: Cells, in the order of seeds, data sets and methods.
        full: Whether cells with a published record are run again.
        gpu: GPUs that each cell asks for.
    """

    seeds: list[int]
    profile: str
    cells: list[Cell]
    full: bool
    gpu: int

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Plan":
        """Read Snakemake's ``--config``; what is missing or empty takes its default.

        Raises:
            SettingsError: If a name is unknown, a number is invalid, or there is nothing to run.
        """
        if unknown := sorted(config.keys() - _OPTIONS):
            raise SettingsError(
                f"unknown variable {', '.join(unknown)}; choose among {', '.join(_OPTIONS)}"
            )
        given = {name: value for name, value in config.items() if value is not None}
        words = {name: str(given.get(name, "")).split() for name in _OPTIONS}
        seeds = [_whole("seeds", word) for word in words["seeds"] or ["0"]]
        profile = _one_of("profile", words["profile"] or ["lite"], PROFILES)
        mode = _one_of("mode", words["mode"] or ["missing"], MODES)
        for name, known in (("datasets", DATASETS), ("methods", METHODS)):
            if odd := [word for word in words[name] if word not in known]:
                raise SettingsError(
                    f"unknown {name}: {', '.join(odd)}; choose among {', '.join(known)}"
                )
        cells = [
            Cell(method, dataset, seed, profile)
            for seed in seeds
            for dataset in words["datasets"] or DATASETS
            for method in words["methods"] or swept()
            if dataset in METHODS[method].datasets
        ]
        if not cells:
            raise SettingsError(
                "none of these methods runs on any of these data sets, so there is nothing to run; "
                "see hypergan/experiments/methods"
            )
        gpu = _whole("gpu", *words["gpu"] or ["0"])
        return cls(
            list(dict.fromkeys(seeds)), profile, list(dict.fromkeys(cells)), mode == "full", gpu
        )

    def record(self, cell: Cell) -> Path | None:
        """The path of a cell's record; None if it has to be run.

        A record that is damaged or was made with other settings does not count.
        """
        folders = [runs()] if self.full and cell in self.cells else None
        found = state(cell, folders).record
        return found.path if found else None

    def shown_by(self, notebook: str, seed: int) -> list[Cell] | None:
        """The cells that a notebook needs; None if one has no record and is not in the plan.

        A notebook lists the cells that it cannot do without in its own metadata,
        ``{"hypergan": {"needs": ["METHOD DATASET"]}}``. It shows any other records that exist.
        """
        needed = [Cell(*names, seed, self.profile) for names in _needs(notebook)]
        return needed if all(c in self.cells or self.record(c) for c in needed) else None


@cache
def _needs(notebook: str) -> list[tuple[str, str]]:
    """Method and data set of each cell that a notebook of the book says it needs."""
    content = json.loads((PROJECT / "book" / f"{notebook}.ipynb").read_text(encoding="utf-8"))
    words = content["metadata"].get("hypergan", {}).get("needs", [])
    return [(method, dataset) for method, dataset in map(str.split, words)]


@dataclass(frozen=True)
class Needs:
    """What a cell asks a cluster for.

    Attributes:
        megabytes: Memory.
        minutes: Time limit; a job that the cluster ends there resumes when submitted again.
    """

    megabytes: int = 8_000
    minutes: int = 1_440

    @classmethod
    def of(cls, cell: Cell) -> "Needs":
        """What cells that differ only in the seed took, with a margin for other machines.

        If none was run, the default, which has been enough for every cell so far.
        """
        found = [state(replace(cell, seed=seed)).record for seed in records.seeds(cell)]
        made = [record for record in found if record and not record.stand_in]
        if not made:
            return cls()
        return cls(
            1_000 + int(1.5e-6 * max(record.peak_memory_bytes for record in made)),
            10 + int(3 / 60 * max(record.wall_seconds for record in made)),
        )


def swept() -> list[str]:
    """The methods of a sweep that names none."""
    return [name for name, method in METHODS.items() if not method.variation]


def folder(name: str) -> str:
    """A folder's name, if Snakemake can use it unchanged.

    Raises:
        SettingsError: If it has braces, which Snakemake uses for wildcards.
    """
    if set(name) & set("{}"):
        raise SettingsError(f"HYPERGAN_RUNS is {name!r}; name a folder without braces to sweep")
    return name


def own_name(name: str) -> str:
    """The name of a sweep, which is also the name of a folder that will be emptied.

    Raises:
        SettingsError: If it could be that of another folder.
    """
    if not re.fullmatch("[a-z0-9]+", name):
        raise SettingsError(f"HYPERGAN_SWEEP is {name!r}; name it in small letters and digits")
    return name


def _whole(name: str, *words: str) -> int:
    """The whole number that a single word gives."""
    if len(words) != 1 or not re.fullmatch("[0-9]{1,19}", words[0]):
        raise SettingsError(f"{name} is {' '.join(words)[:60]!r}; it must be a whole number")
    return int(words[0])


def _one_of(name: str, words: list[str], known: Sequence[str]) -> str:
    """The one word, if it is known."""
    if len(words) != 1 or words[0] not in known:
        raise SettingsError(f"unknown {name} {' '.join(words)!r}; choose one of {', '.join(known)}")
    return words[0]


class Jobs(logging.Handler):
    """Follows Snakemake's log: which jobs failed, and after each job the time left.

    Each rule's remaining jobs are assumed to take as long as its finished ones did on average, with
    as many running at a time as so far.
    """

    def __init__(self) -> None:
        super().__init__()
        self.begun: dict[int, tuple[str, float]] = {}
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.jobs: dict[str, int] = {}
        self.start = time.monotonic()
        self.logs: dict[int, list[str]] = {}
        self.broken: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Note what begins, fails and ends."""
        event = str(getattr(record, "event", ""))
        now = time.monotonic()
        if event == "run_info":
            self.jobs = {rule: n for rule, n in vars(record)["stats"].items() if rule != "total"}
        elif event == "job_info":
            self.begun[vars(record)["jobid"]] = (vars(record)["rule_name"], now)
            self.logs[vars(record)["jobid"]] = vars(record).get("log") or []
        elif event == "job_error" and (job := self.begun.pop(vars(record)["jobid"], None)):
            self.jobs[job[0]] -= 1
            self.broken += self.logs[vars(record)["jobid"]]
        elif event == "job_finished" and (job := self.begun.pop(vars(record)["job_id"], None)):
            rule, began = job
            self.seconds[rule].append(now - began)
            print(self.estimate(now - self.start), file=sys.stderr, flush=True)

    def failures(self, tried: Path, logs: Path) -> str:
        """What failed, one line each with its log and the reason; empty if nothing did.

        Args:
            tried: The folder with the outcome of each cell.
            logs: The folder of all logs.
        """
        cells = [path for path in sorted(tried.rglob("seed*")) if path.stat().st_size]
        why = {
            logs / f"{path.relative_to(tried)}.log": path.read_text(
                encoding="utf-8", errors="replace"
            )
            for path in cells
        }
        for path in map(Path, self.broken):
            lines = (
                path.read_text(encoding="utf-8", errors="replace").split("\n")
                if path.exists()
                else []
            )
            why.setdefault(path, next((line for line in reversed(lines) if line.strip()), "no log"))
        lines = [f"  {path}: {reason.strip()}" for path, reason in why.items()]
        return "\n".join(
            [f"{len(lines)} failed, each with its log and the reason:", *lines] if lines else []
        )

    def estimate(self, elapsed: float) -> str:
        """The time left, in words, once ``elapsed`` seconds have passed."""
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
            words += f", plus jobs of {', '.join(unknown)}, none of which has finished yet"
        return words


def in_words(seconds: float) -> str:
    """A duration to the minute, or to the second if it is shorter."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"
