"""Where a record's numbers come from: versions, device, and what their digits depend on."""

import json
import platform
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from hypergan.data.datasets import Data
from hypergan.experiments.settings import Settings
from hypergan.experiments.training import LOSSES
from hypergan.paths import write_text
from hypergan.precision import reduces
from hypergan.step import resolved

Stretch = dict[str, str]
"""Commit, processor and instruction set of a part of a run, between two interruptions."""

SAMPLERS = ("jax", "numpyro")
"""Libraries that only NUTS uses."""


def versions() -> dict[str, str]:
    """Versions of everything the numbers depend on."""
    names = ["hypergan", "torch", "torchvision", "numpy", "scikit-learn"]
    names += [name for name in SAMPLERS if find_spec(name)]
    return {"python": platform.python_version()} | {name: version(name) for name in names}


def describe(device: torch.device) -> str:
    """A device in words."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type}, {processor()}, {torch.get_num_threads()} threads"


def environment(settings: Settings, data: Data, device: torch.device) -> dict[str, Any]:
    """What a run's digits depend on: the resolved precision, the instruction set, the threads."""
    classifies = data.task == "classification"
    asked = {
        "training": resolved(settings.training.precision, LOSSES[data.task]),
        "evaluation": settings.evaluation.precision if classifies else "float32",
    }
    precision = {
        stage: "bfloat16" if reduces(name, device) else "float32" for stage, name in asked.items()
    }
    return {
        "precision": precision,
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
    }


def stretches(path: Path, code: str, device: torch.device, *, resumed: bool) -> list[Stretch]:
    """What each part of a run was done with, this one last; a file keeps it for the next part.

    Args:
        path: The file. It is ignored unless the run is resumed; if it is missing or damaged then,
            the commit of what came before is unknown.
        code: This part's commit.
        device: This part's device.
        resumed: Whether the run goes on from a checkpoint.
    """
    gpu = device.type == "cuda"
    now = {
        "commit": code,
        "processor": torch.cuda.get_device_name(device) if gpu else processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
    }
    before: list[Stretch] = []
    if resumed:
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            before = [{key: part[key] for key in now} for part in kept]
        except (OSError, ValueError, TypeError, KeyError):
            pass
        before = before or [now | {"commit": "unknown"}]
    parts = [*(part for part in before if part != now), now]
    write_text(path, json.dumps(parts))
    return parts


def begun_with(parts: list[Stretch], key: str) -> str:
    """What parts of a run before the last were done with, in words; empty if all were alike."""
    *before, last = (part[key] for part in parts)
    others = dict.fromkeys(value for value in before if value != last)
    return f"; begun with {', '.join(others)}" if others else ""


def processor() -> str:
    """The CPU's name; the last digits of a sum depend on it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # not Linux
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{platform.machine()} {names[0] if names else platform.processor()}"
