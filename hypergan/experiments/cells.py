"""Running a cell: the one way from a method, a data set, a seed and a profile to a record."""

import hashlib
import platform
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import nn

from hypergan.checkout import commit
from hypergan.data.datasets import Data, load
from hypergan.evaluation import classification, regression
from hypergan.evaluation.stages import Stages
from hypergan.experiments import records
from hypergan.experiments.methods import build
from hypergan.experiments.records import RECORD_VERSION, Cell, Record
from hypergan.experiments.settings import settings_for
from hypergan.experiments.settings.form import AUGMENTATIONS, Settings
from hypergan.fitting import Augmentation, choose_device, fit
from hypergan.memory import forget_peak, keep_freed_memory, peak_memory
from hypergan.objective import cross_entropy, mean_squared_error
from hypergan.paths import exclusive, make_folder, remove, runs
from hypergan.posterior import Posterior
from hypergan.precision import reduces
from hypergan.randomness import global_seed
from hypergan.step import resolved
from hypergan.targets import TARGETS, regression_target
from hypergan.threads import computing_with

SAMPLERS = ("jax", "numpyro")
"""Libraries that the gold standard alone computes with."""


def get(cell: Cell, *, progress: bool = True) -> Record:
    """A cell's record, run now if there is none.

    Raises:
        RecordError: If there is one that is not of today's settings; it says how to run it again.
    """
    found = records.find(cell)
    return found[0] if found else run(cell, progress=progress)


def run(
    cell: Cell,
    *,
    progress: bool = True,
    device: str = "auto",
    force: bool = False,
    threads: int = 1,
) -> Record:
    """Run a cell and write its record to ``runs/``.

    A run that was killed goes on from its checkpoint. A record that is there already is kept. Of
    two runs of the same cell at the same time the second waits for the first one's record.

    Args:
        cell: What to run.
        progress: Show progress bars.
        device: "auto", or the name of a device.
        force: Run again although there is a record.
        threads: How many compute; a run that goes on keeps the number that it began with. On one
            machine, with the same libraries, data and code, the same seed and number of threads
            give the same record to the last digit; any other number gives other last digits.

    Raises:
        HyperGANError: Whatever stands in the way; its message says what to do.
    """
    keep_freed_memory()
    path = runs() / cell.path
    if not force and (kept := records.find(cell, [runs()])):
        return kept[0]
    make_folder(path.parent)
    with exclusive(path.with_suffix(".lock")):
        if not force and (kept := records.find(cell, [runs()])):  # written by another process
            return kept[0]
        remove([*path.parent.glob(f".{path.stem}.*")])  # what a kill left half written
        remove(outdated(path))
        with computing_with(threads):
            return _run(cell, path, progress=progress, device=device)


def _run(cell: Cell, path: Path, *, progress: bool, device: str) -> Record:
    """Train, evaluate and write the record."""
    chosen, code = choose_device(device), commit()
    settings = settings_for(cell.method, cell.dataset, cell.profile)
    data = load(cell.dataset, stand_in=settings.stand_in, validation=settings.validation)
    generator = torch.Generator().manual_seed(cell.seed)
    posterior = untrained(cell.method, data, settings, generator)
    checkpoint, evaluated = unfinished(cell)
    forget_peak(chosen)
    history = fit(
        posterior,
        data.train if data.classes else regression.standardised(data.train),
        settings.training,
        loss=cross_entropy if data.classes else mean_squared_error,
        validation=data.validation,
        augment=augmentation(settings, data),
        generator=generator,
        checkpoint=checkpoint,
        device=device,
        progress=progress,
    )
    posterior_sha256 = posterior.fingerprint()
    stages = Stages(generator, evaluated, posterior_sha256)
    if data.classes:
        metrics, arrays = classification.evaluate_classifier(
            posterior, data, settings.evaluation, stages, progress=progress
        )
    else:
        metrics, arrays = stages.do(
            "regression",
            lambda: regression.evaluate_regression(posterior, data, settings.evaluation, generator),
        )
    posterior.save(path.with_suffix(".safetensors"))
    record = Record(
        record_version=RECORD_VERSION,
        method=cell.method,
        dataset=cell.dataset,
        seed=cell.seed,
        profile=cell.profile,
        config=settings.as_dict(),
        commit=code,
        data_sha256=data.sha256,
        versions=versions(),
        device=describe(chosen),
        wall_seconds=sum(row["seconds"] for row in history) + stages.seconds,
        peak_memory_bytes=peak_memory(chosen),
        stand_in=data.stand_in,
        history=history,
        metrics=metrics,
        arrays_sha256="",
        environment=environment(settings, data, chosen) | {"posterior_sha256": posterior_sha256},
    )
    record = records.write(record, arrays, path)
    remove(_states(path))  # also those of settings given up
    return record


def unfinished(cell: Cell) -> tuple[Path, Path]:
    """Where a run keeps what is done: the checkpoint of training, the stages of evaluation.

    Their names tell the settings, so that a run with others starts afresh, and the run with these
    is not lost.
    """
    digest = hashlib.sha256(cell.fingerprint.encode()).hexdigest()[:8]
    stem = (runs() / cell.path).with_suffix("")
    return Path(f"{stem}.{digest}.checkpoint"), Path(f"{stem}.{digest}.evaluation")


def outdated(path: Path) -> list[Path]:
    """States beside a record that is newer: a kill left them of the run that made it."""
    if not path.exists():
        return []
    return [s for s in _states(path) if s.stat().st_mtime <= path.stat().st_mtime]


def _states(path: Path) -> list[Path]:
    """What runs of the cell with a record's path have kept, in whatever settings."""
    kinds = ("checkpoint", "evaluation")
    return [state for kind in kinds for state in path.parent.glob(f"{path.stem}.*.{kind}")]


def untrained(method: str, data: Data, settings: Settings, generator: torch.Generator) -> Posterior:
    """A method's posterior over the weights of a target, which starts at random."""
    with global_seed(generator):
        target = target_for(data, settings.target)
    return build(method, target, settings.model, generator)


def augmentation(settings: Settings, data: Data) -> Augmentation | None:
    """How a data set's training images are changed, if they are."""
    if not settings.augmentation:
        return None
    return AUGMENTATIONS[settings.augmentation](data.mean, data.std)


def target_for(data: Data, name: str = "") -> nn.Module:
    """A target network by its name, or the data set's own."""
    if not data.classes:
        return regression_target()
    channels = data.train.tensors[0].shape[1]
    return TARGETS[name or ("cifar" if channels == 3 else "mnist")](len(data.classes))


def versions() -> dict[str, str]:
    """Versions of what the numbers depend on."""
    names = ["hypergan", "torch", "torchvision", "numpy", "scikit-learn"]
    names += [name for name in SAMPLERS if find_spec(name)]
    return {"python": platform.python_version()} | {name: version(name) for name in names}


def describe(device: torch.device) -> str:
    """A device in words."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type}, {processor()}, {torch.get_num_threads()} threads"


def environment(settings: Settings, data: Data, device: torch.device) -> dict[str, Any]:
    """What the digits of a run depend on: precision, as it was resolved, instructions, threads."""
    loss = cross_entropy if data.classes else mean_squared_error
    asked = {
        "training": resolved(settings.training.precision, loss),
        "evaluation": settings.evaluation.precision if data.classes else "float32",
    }
    precision = {
        stage: "bfloat16" if reduces(name, device) else "float32" for stage, name in asked.items()
    }
    return {
        "precision": precision,
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
    }


def processor() -> str:
    """The CPU's name; the last digits of a sum depend on it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # not Linux
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{platform.machine()} {names[0] if names else platform.processor()}"
