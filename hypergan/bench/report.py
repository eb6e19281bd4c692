"""One table and one JSON file of everything that is measured."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from hypergan.bench import suite
from hypergan.checkout import commit
from hypergan.data.datasets import load
from hypergan.errors import RecordError
from hypergan.experiments.provenance import describe, versions
from hypergan.paths import PROJECT, exclusive, make_folder, runs, write_text
from hypergan.precision import reduces
from hypergan.progress import progress_bar

PUBLISHED = PROJECT / "data" / "bench" / "bench.json"
"""The published runs on all machines, oldest first."""

NOTABLE = 0.1
"""Relative change of a median above which it is reported."""

Report = dict[str, Any]
"""A run: when and on what machine, its rows, curves and profiles."""


def run(*, quick: bool = False, progress: bool = True) -> tuple[Report, list[str], Path]:
    """Measure everything and add it to the runs in ``runs/bench.json``.

    Args:
        quick: Run every measurement with a fraction of the work; the numbers mean little.
        progress: Show a progress bar.

    Returns:
        The report, what has changed since the last run on such a machine, and where it is kept.

    Raises:
        DataError: If MNIST is damaged, or missing and cannot be downloaded.
        StorageError: If it cannot be stored, or the report cannot be written.
        RecordError: If earlier runs cannot be read.
    """
    mnist = load("mnist", validation=2_000)  # missing data fails now, not after ten minutes
    path = runs() / ("bench-quick.json" if quick else "bench.json")
    earlier = every(path)
    parts = {
        "evaluation": suite.evaluation,
        "growth": suite.growth,
        "gradient": suite.gradient,
        "training step": suite.training_step,
        "default step": suite.default_step,
        "in company": suite.in_company,
        "memory": suite.memory,
        "sampling": suite.sampling,
        "collection": suite.collection,
    }
    report: Report = {"quick": quick, "commit": commit(), "versions": versions(), **_machine()}
    rows = []
    with progress_bar(progress, total=len(parts) + 2, unit="part") as bar:
        for name, measure in parts.items():
            bar.set_description(name)
            rows += measure(quick)
            bar.update()
        bar.set_description("profiles")
        report["profiles"] = suite.profiles(quick)
        bar.update()
        bar.set_description("time to accuracy")
        reached, curves = suite.time_to_accuracy(mnist, quick, progress=progress)
        bar.update()
    report |= {"rows": rows + reached, "curves": curves}
    last = [one for one in earlier if kind(one) == kind(report)]
    _add([report], path)
    return report, changes(last[-1], report) if last else [], path


def _machine() -> dict[str, Any]:
    """What the numbers depend on besides the code, noted before anything is measured."""
    return {
        "date": time.strftime("%Y-%m-%d"),
        "device": describe(torch.device("cpu")),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "matrix units": reduces("auto", torch.device("cpu")),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def kind(report: Report) -> tuple[str, str]:
    """What runs must share to be compared: processor, threads and instruction set."""
    return report["device"], report.get("instructions", "")


def changes(earlier: Report, report: Report) -> list[str]:
    """The medians that differ by more than :data:`NOTABLE`, one line each."""
    before = {_name(row): row["value"] for row in earlier["rows"]}
    return [
        f"{part}, {what}: {before[part, what, unit]:.3g} -> {row['value']:.3g} {unit} "
        f"({row['value'] / before[part, what, unit] - 1:+.0%})"
        for row in report["rows"]
        if (name := _name(row)) in before
        and abs(row["value"] - before[name]) > NOTABLE * abs(before[name])
        for part, what, unit in [name]
        if before[name]
    ]


def _name(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["part"], row["what"], row["unit"]


def publish() -> int:
    """Add the runs of this machine to the published ones and return how many are new.

    Raises:
        RecordError: If either cannot be read, or there are none.
    """
    there = every(PUBLISHED)
    if not (own := every(runs() / "bench.json")):
        raise RecordError("there is no run to publish; make one with `make bench`")
    new = [report for report in own if report not in there]
    _add(new, PUBLISHED)
    return len(new)


def _add(new: list[Report], path: Path) -> None:
    make_folder(path.parent)
    with exclusive(path.with_name(f".{path.name}.lock")):
        text = json.dumps({"runs": every(path) + new}, indent=1) + "\n"
        write_text(path, text)


def every(path: Path) -> list[Report]:
    """All runs in a file, oldest first; none if there is no file.

    Raises:
        RecordError: If it is damaged.
    """
    if not path.exists():
        return []
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["runs"]
        for report in found:
            kind(report)
            pd.DataFrame(report["rows"])[["part", "what", "value", "unit"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecordError(
            f"no report in {path} ({error}); remove it and make one with `make bench`"
        ) from error
    return found


def read(path: Path | None = None) -> Report:
    """The last run: on this machine if there is one, else the last published.

    Raises:
        RecordError: If there is none, or it is damaged.
    """
    own = runs() / "bench.json"
    path = path or (own if own.exists() else PUBLISHED)
    if not (found := every(path)):
        raise RecordError(f"no report in {path}; make one with `make bench`")
    return found[-1]


def machines() -> list[Report]:
    """The last run on each kind of machine, published or local."""
    return [*{kind(report): report for report in _known()}.values()]


def of_kind(report: Report) -> list[Report]:
    """All runs on such a machine, published or local, oldest first."""
    return [one for one in _known() if kind(one) == kind(report)]


def _known() -> list[Report]:
    return every(PUBLISHED) + every(runs() / "bench.json")


def table(report: dict[str, Any]) -> pd.DataFrame:
    """All that was measured, one row each."""
    frame = pd.DataFrame(report["rows"]).set_index(["part", "what"])
    frame = frame.reindex(columns=["value", "low", "high", "unit"])
    words = {"x": "times", "us per image and network": "µs per image and network"}
    return frame.assign(unit=frame["unit"].replace(words))
