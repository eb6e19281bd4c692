"""Running a cell: the one way from a method, a data set, a seed and a profile to a record."""

import hashlib
from pathlib import Path

import torch

from hypergan.checkout import code_of, commit
from hypergan.data.datasets import load
from hypergan.evaluation import classification, regression
from hypergan.evaluation.stages import Stages
from hypergan.experiments import records
from hypergan.experiments.methods import settings_for
from hypergan.experiments.provenance import (
    begun_with,
    describe,
    environment,
    stretches,
    versions,
)
from hypergan.experiments.records import RECORD_VERSION, Cell, Record
from hypergan.experiments.training import train
from hypergan.fitting import choose_device
from hypergan.memory import forget_peak, keep_freed_memory, peak_memory
from hypergan.paths import exclusive, make_folder, remove, runs
from hypergan.precision import forbid_tf32
from hypergan.threads import computing_with


def get(cell: Cell, *, progress: bool = True) -> Record:
    """A cell's record, run now if there is none.

    Raises:
        RecordError: If it was made with other settings; the message says how to run it again.
    """
    return records.find(cell) or run(cell, progress=progress)


def run(
    cell: Cell,
    *,
    progress: bool = True,
    device: str = "auto",
    force: bool = False,
    threads: int = 1,
) -> Record:
    """Run a cell and write its record to ``runs/``.

    A killed run resumes from its checkpoint. An existing record is kept. If a cell is run twice at
    the same time, the second run waits for the first one's record.

    Args:
        cell: What to run.
        progress: Show progress bars.
        device: "auto", or the name of a device.
        force: Run again even if there is a record.
        threads: Number of threads; a resumed run keeps the number that it began with. On one
            machine, with the same libraries, data and code, the same seed and number of threads
            give the same record to the last digit; another number changes the last digits.

    Raises:
        HyperGANError: If anything prevents the run; the message says what to do.
    """
    keep_freed_memory()
    forbid_tf32()
    choose_device(device)  # refuses one that is not there, even if there is a record
    path = runs() / cell.path
    with computing_with(threads):
        if not force and (kept := records.find(cell, [runs()])):
            return kept
        make_folder(path.parent)
        waiting = f"another process is running {cell.name}; waiting for its record"
        with exclusive(path.with_suffix(".lock"), waiting):
            if not force and (kept := records.find(cell, [runs()])):  # written by another process
                return kept
            remove([*path.parent.glob(f".{path.stem}.*")])  # files a killed run left half-written
            remove(outdated(path))
            return _run(cell, path, progress=progress, device=device)


def _run(cell: Cell, path: Path, *, progress: bool, device: str) -> Record:
    """Train, evaluate and write the record."""
    chosen, code = choose_device(device), commit()
    settings = settings_for(cell.method, cell.dataset, cell.profile)
    data = load(cell.dataset, stand_in=settings.stand_in, validation=settings.validation)
    generator = torch.Generator().manual_seed(cell.seed)
    checkpoint, evaluated = unfinished(cell)
    made_by = checkpoint.with_suffix(".stretches")
    parts = stretches(made_by, code, chosen, resumed=checkpoint.exists())
    forget_peak(chosen)
    posterior, history = train(
        cell.method, data, settings, generator, checkpoint, device=device, progress=progress
    )
    posterior_sha256 = posterior.fingerprint()
    stages = Stages(generator, evaluated, posterior_sha256)
    if data.task == "classification":
        metrics, arrays = classification.evaluate_classifier(
            posterior, data, settings.evaluation, stages, progress=progress
        )
    else:
        metrics, arrays = stages.do(
            "regression",
            lambda: regression.evaluate_regression(posterior, data, settings.evaluation, generator),
        )
    posterior.save(path.with_suffix(".safetensors"))
    origin = environment(settings, data, chosen)
    origin["instructions"] += begun_with(parts, "instructions")
    record = Record(
        record_version=RECORD_VERSION,
        method=cell.method,
        dataset=cell.dataset,
        seed=cell.seed,
        profile=cell.profile,
        config=settings.as_dict(),
        commit=code_of([part["commit"] for part in parts]),
        data_sha256=data.sha256,
        versions=versions(),
        device=describe(chosen) + begun_with(parts, "processor"),
        wall_seconds=sum(row["seconds"] for row in history) + stages.seconds,
        peak_memory_bytes=peak_memory(chosen),
        stand_in=data.stand_in,
        history=history,
        metrics=metrics,
        arrays_sha256="",
        environment=origin | {"posterior_sha256": posterior_sha256},
    )
    record = records.write(record, arrays, path)
    remove(_states(path))  # including those of abandoned settings
    return record


def unfinished(cell: Cell) -> tuple[Path, Path]:
    """Where a run saves its progress: the training checkpoint and the evaluation stages.

    The names include a hash of the settings, so that a run with other settings starts afresh
    without losing this one.
    """
    digest = hashlib.sha256(cell.fingerprint.encode()).hexdigest()[:8]
    stem = (runs() / cell.path).with_suffix("")
    return Path(f"{stem}.{digest}.checkpoint"), Path(f"{stem}.{digest}.evaluation")


def outdated(path: Path) -> list[Path]:
    """Saved progress older than its record: the run was killed before it could remove it."""
    if not path.exists():
        return []
    return [s for s in _states(path) if s.stat().st_mtime <= path.stat().st_mtime]


def _states(path: Path) -> list[Path]:
    """All saved progress of the cell with this record path, whatever the settings."""
    kinds = ("checkpoint", "evaluation", "stretches")
    return [state for kind in kinds for state in path.parent.glob(f"{path.stem}.*.{kind}")]
