"""The settings of training."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import torch

from hypergan.errors import SettingsError, require_at_least
from hypergan.kinds import require_kinds
from hypergan.precision import Precision

Schedule = Literal["cosine", "plateau", "constant"]

_LEAST = {
    0: (
        "learning_rate",
        "weight_rate",
        "mean_rate",
        "discriminator_rate",
        "weight_decay",
        "max_gradient",
        "watched",
        "patience",
        "checkpoint_seconds",
    ),
    1: ("epochs", "steps_per_epoch", "batch_size", "networks", "codes", "validation_networks"),
    2: ("diversity_networks",),  # a spread needs two
}
"""The minimum of each setting that has one."""


@dataclass(frozen=True)
class Training:
    """Settings of :func:`hypergan.fit`.

    Attributes:
        epochs: Passes over the training data.
        steps_per_epoch: Optimisation steps per epoch; by default one pass over the data.
        batch_size: Inputs per step.
        networks: Networks generated per step.
        share_images: Whether every network of a step sees the whole mini-batch, as in the
            authors' code. By default the networks split it, which gives gradients of as many
            networks for a fraction of the work.
        codes: Codes drawn per step, but at least ``networks``. All of them feed batch
            normalisation and the discriminator, which cost little; only ``networks`` of them
            become networks.
        learning_rate: Adam's peak learning rate.
        weight_rate: Learning rate of the weights of the generators' last layers; None for
            ``learning_rate``.
        mean_rate: Learning rate of their biases, which are the mean network; None for
            ``learning_rate``.
        discriminator_rate: The discriminator's learning rate.
        betas: Adam's decay rates.
        weight_decay: L2 regularisation of mixer and generators, added to Adam's gradients.
        schedule: "cosine" raises the rates from 0 and then lowers them along a cosine; "plateau"
            divides them by ten whenever the training loss has not fallen for ``patience`` epochs;
            "constant" keeps them.
        warmup: Share of the steps in which "cosine" raises the rates.
        floor: Share of their peaks to which "cosine" lowers the rates.
        patience: Epochs without a lower loss after which "plateau" lowers the rates.
        max_gradient: Norm to which larger gradients are scaled down; None for no limit.
        diversity_networks: Networks drawn after each epoch to measure the spread of their norms.
        validation_networks: Size of the ensemble scored on the validation data after each epoch.
        watched: Number of training inputs, evenly spaced and without augmentation, on which the
            accuracy and disagreement of ``validation_networks`` networks are measured, about 50
            times per run.
        precision: Precision of matrix products: "float32", "bfloat16", or "auto" for bfloat16 if
            the device has instructions for it and the loss is a cross entropy.
        checkpoint_seconds: Minimum time between two checkpoints.
    """

    epochs: int = 20
    steps_per_epoch: int | None = None
    batch_size: int = 250
    networks: int = 5
    share_images: bool = False
    codes: int = 64
    learning_rate: float = 3e-4
    weight_rate: float | None = 1e-5
    mean_rate: float | None = 2e-3
    discriminator_rate: float = 1e-4
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.0
    schedule: Schedule = "cosine"
    warmup: float = 0.1
    floor: float = 0.0
    patience: int = 5
    max_gradient: float | None = None
    diversity_networks: int = 100
    validation_networks: int = 10
    watched: int = 0
    precision: Precision = "auto"
    checkpoint_seconds: float = 60.0

    def __post_init__(self) -> None:
        """Check all settings.

        Raises:
            SettingsError: If a value has the wrong type or is out of range, or the networks cannot
                split the mini-batch.
        """
        require_kinds(Training, vars(self))
        for least, names in _LEAST.items():
            require_at_least(least, **{name: getattr(self, name) for name in names})
        if not all(0 <= beta < 1 for beta in self.betas):
            raise SettingsError(f"betas are {self.betas}; they must be from 0 to below 1")
        if not 0 <= self.warmup < 1:
            raise SettingsError(f"warmup is {self.warmup}; it must be from 0 to below 1")
        if not 0 <= self.floor <= 1:
            raise SettingsError(f"floor is {self.floor}; it must be from 0 to 1")
        if not self.share_images and self.batch_size < self.networks:
            raise SettingsError(
                f"{self.networks} networks cannot split {self.batch_size} inputs; raise batch_size "
                "or set share_images=True"
            )

    def adam(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        """Fused Adam over parameter groups; the unfused default is ten times slower on CPU."""
        first, second = map(float, self.betas)  # it refuses a NumPy number beside one of Python's
        return torch.optim.Adam(
            groups, betas=(first, second), weight_decay=self.weight_decay, fused=True
        )

    def rate_factor(self, progress: float, losses: Sequence[float] = ()) -> float:
        """Factor by which a step scales the peak learning rates.

        >>> [Training(warmup=0.1).rate_factor(share) for share in (0.05, 0.1, 1.0)]
        [0.5, 1.0, 0.0]

        Args:
            progress: Share of all steps done, this one included.
            losses: Training loss of each finished epoch.
        """
        if self.schedule == "plateau":
            return _after_plateaus(tuple(losses), self.patience)
        if self.schedule == "constant":
            return 1.0
        if progress < self.warmup:
            return progress / self.warmup
        fallen = 0.5 * (1 - math.cos(math.pi * (progress - self.warmup) / (1 - self.warmup)))
        return 1 - (1 - self.floor) * fallen


@lru_cache(maxsize=1)  # every step of an epoch asks for the same
def _after_plateaus(losses: tuple[float, ...], patience: int) -> float:
    """Replay PyTorch's schedule from the history, so that a resumed run follows it."""
    optimiser = torch.optim.SGD([torch.zeros(())], lr=1.0)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, patience=patience)
    for loss in losses:
        schedule.step(loss)
    return float(optimiser.param_groups[0]["lr"])
