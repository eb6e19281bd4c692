"""Training a method's posterior on a data set, with the settings of a cell or of a trial."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from hypergan.data.dataset import Task
from hypergan.data.datasets import DATASETS, Data
from hypergan.evaluation.regression import standardised
from hypergan.experiments.methods import build
from hypergan.experiments.settings import AUGMENTATIONS, Settings
from hypergan.fitting import Augmentation, fit
from hypergan.objective import Loss, cross_entropy, mean_squared_error
from hypergan.posterior import Posterior
from hypergan.randomness import global_seed
from hypergan.targets import TARGETS

LOSSES: dict[Task, Loss] = {"classification": cross_entropy, "regression": mean_squared_error}


def train(
    method: str,
    data: Data,
    settings: Settings,
    generator: torch.Generator,
    checkpoint: Path | None,
    *,
    device: str,
    progress: bool,
) -> tuple[Posterior, list[dict[str, Any]]]:
    """A method's posterior, trained on a data set, and the history of its training."""
    posterior = untrained(method, data, settings, generator)
    history = fit(
        posterior,
        data.train if data.task == "classification" else standardised(data.train),
        settings.training,
        loss=LOSSES[data.task],
        validation=data.validation,
        augment=augmentation(settings, data),
        generator=generator,
        checkpoint=checkpoint,
        device=device,
        progress=progress,
    )
    return posterior, history


def untrained(method: str, data: Data, settings: Settings, generator: torch.Generator) -> Posterior:
    """A method's untrained posterior over the weights of a randomly initialised target."""
    with global_seed(generator):
        target = target_for(data.name, len(data.classes), settings.target)
    return build(method, target, settings.model, generator)


def augmentation(settings: Settings, data: Data) -> Augmentation | None:
    """How a data set's training images are augmented; None if they are not."""
    if not settings.augmentation:
        return None
    return AUGMENTATIONS[settings.augmentation](data.mean, data.std)


def target_for(dataset: str, classes: int, name: str = "") -> nn.Module:
    """A target network by its name, or the data set's own."""
    make = TARGETS[name] if name else DATASETS[dataset].target
    return make(classes)
