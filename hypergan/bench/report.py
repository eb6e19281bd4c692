"""One table and one JSON file of everything that is measured."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from hypergan.bench import suite
from hypergan.checkout import commit
from hypergan.data.datasets import load
from hypergan.errors import RecordError
from hypergan.experiments.provenance import describe, versions
from hypergan.paths import PROJECT, make_folder, runs, write_whole
from hypergan.progress import progress_bar

PUBLISHED = PROJECT / "data" / "bench"


def run(*, quick: bool = False, progress: bool = True) -> tuple[dict[str, Any], Path]:
    """Measure everything and write ``bench.json`` to ``runs/``.

    Args:
        quick: Run every measurement with a fraction of the work; the numbers mean little.
        progress: Show a progress bar.

    Returns:
        The report and its path.

    Raises:
        DataError: If MNIST is damaged, or missing and cannot be downloaded.
        StorageError: If it cannot be stored, or the report cannot be written.
    """
    mnist = load("mnist", validation=2_000)  # missing data fails now, not after ten minutes
    parts = {
        "evaluation": suite.evaluation,
        "training step": suite.training_step,
        "memory": suite.memory,
        "sampling": suite.sampling,
    }
    rows = []
    with progress_bar(progress, total=len(parts) + 1, unit="part") as bar:
        for name, measure in parts.items():
            bar.set_description(name)
            rows += measure(quick)
            bar.update()
        bar.set_description("time to accuracy")
        reached, curves = suite.time_to_accuracy(mnist, quick, progress=progress)
        bar.update()
    report = {
        "quick": quick,
        "device": describe(torch.device("cpu")),
        "commit": commit(),
        "versions": versions(),
        "rows": rows + reached,
        "curves": curves,
    }
    path = runs() / ("bench-quick.json" if quick else "bench.json")
    make_folder(path.parent)
    text = json.dumps(report, indent=1) + "\n"
    write_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
    return report, path


def read(path: Path | None = None) -> dict[str, Any]:
    """A report: this machine's if there is one, else the published one.

    Raises:
        RecordError: If it is missing or damaged.
    """
    own = runs() / "bench.json"
    path = path or (own if own.exists() else PUBLISHED / "bench.json")
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        pd.DataFrame(report["rows"])[["part", "what", "value", "unit"]]
    except (OSError, ValueError, KeyError) as error:
        raise RecordError(f"no report in {path} ({error}); make one with `make bench`") from error
    return report


def table(report: dict[str, Any]) -> pd.DataFrame:
    """All that was measured, one row each."""
    frame = pd.DataFrame(report["rows"]).set_index(["part", "what"])
    frame = frame.reindex(columns=["value", "low", "high", "unit"])
    words = {"x": "times", "us per image and network": "µs per image and network"}
    return frame.assign(unit=frame["unit"].replace(words))
