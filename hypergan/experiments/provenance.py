"""Where a record's numbers come from: versions, device, and what their digits depend on."""

import platform
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from hypergan.data.datasets import Data
from hypergan.experiments.settings import Settings
from hypergan.experiments.training import LOSSES
from hypergan.precision import reduces
from hypergan.step import resolved

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


def processor() -> str:
    """The CPU's name; the last digits of a sum depend on it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # not Linux
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{platform.machine()} {names[0] if names else platform.processor()}"
