"""One step of training: a mini-batch and what a posterior needs to learn from it."""

from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import Tensor

from hypergan.losses import class_dim, has_labels, percent_right
from hypergan.objective import Loss
from hypergan.precision import Precision, factors_in, products_in
from hypergan.training import Training


@dataclass(frozen=True)
class Step:
    """What a posterior's ``update`` is given.

    Attributes:
        inputs: The mini-batch, (B, ...).
        targets: Its labels or values, (B, ...).
        loss: A loss per network.
        training: The settings.
        optimisers: What the posterior's ``optimisers`` returned, with this step's learning rates.
        data_size: Inputs in the whole training set, over which a prior is counted once.
        generator: Source of randomness, on the CPU.
    """

    inputs: Tensor
    targets: Tensor
    loss: Loss
    training: Training
    optimisers: dict[str, torch.optim.Optimizer]
    data_size: int
    generator: torch.Generator

    def split(self, networks: int) -> tuple[Tensor, Tensor]:
        """Split inputs and targets between N networks, (N, B // N, ...) each.

        With ``share_images`` every network sees all inputs: they stay (B, ...), and the targets
        are (N, B, ...).
        """
        if self.training.share_images:
            return self.inputs, self.targets.expand(networks, *self.targets.shape)
        share = len(self.inputs) // networks
        inputs, targets = (
            batch[: share * networks].unflatten(0, (networks, share))
            for batch in (self.inputs, self.targets)
        )
        return inputs, targets

    @property
    def _precision(self) -> Precision:
        return resolved(self.training.precision, self.loss)

    def products(self) -> torch.autocast:
        """A context with matrix products in ``training.precision``."""
        return products_in(self._precision, self.inputs.device)

    def factors(self) -> AbstractContextManager[None]:
        """A context in which float32 products round their factors to ``training.precision``."""
        return factors_in(self._precision, self.inputs.device)

    def descend(self, name: str, objective: Tensor, *, again: bool = False) -> None:
        """Take an optimiser's step on an objective, its gradient clipped to ``max_gradient``.

        No other parameter gets a gradient. With ``again`` what the objective was computed from may
        be part of another one.
        """
        optimiser = self.optimisers[name]
        parameters = [p for group in optimiser.param_groups for p in group["params"]]
        optimiser.zero_grad()
        objective.backward(inputs=parameters, retain_graph=again)
        if self.training.max_gradient is not None:
            torch.nn.utils.clip_grad_norm_(parameters, self.training.max_gradient)
        optimiser.step()

    def report(self, task_loss: Tensor, outputs: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """What every method reports: its loss and, in classification, its accuracy.

        Args:
            task_loss: The mean over the networks of the step.
            outputs: (N, B, ...).
            targets: (N, B, ...), or broadcastable to it.
        """
        report = {"loss": task_loss.detach()}
        if has_labels(self.loss, targets):
            report["accuracy"] = percent_right(self.loss, outputs.detach(), targets)
        return report


def resolved(precision: Precision, loss: Loss) -> Precision:
    """Resolve "auto": classification tolerates bfloat16, regression stays in float32."""
    return "float32" if precision == "auto" and class_dim(loss) is None else precision
