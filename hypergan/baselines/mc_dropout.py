"""MC dropout: one trained network, thinned out at random (Gal and Ghahramani, 2016).

Shapes: N networks, B inputs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hypergan.ensemble import Weights, forward_networks
from hypergan.errors import SettingsError, TargetError
from hypergan.layers import copy_of, layers_of
from hypergan.posterior import Posterior
from hypergan.step import Step
from hypergan.training import Training

THINNED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
"""The layers whose inputs are dropped, unless they are of a subclass with a forward of its own."""


class MCDropout(Posterior):
    r"""Dropout after each layer but the last, kept up when networks are drawn (section 4.1).

    A dropped output is an input that the next layer does not see, as if its weights for that input
    were zero. So a draw is a network of the target's own form, with weights

    .. math:: W_i = M_i \, \mathrm{diag}(z_i) / (1 - p), \quad z_{ij} \sim \mathrm{Bernoulli}(1 - p)

    for the trained :math:`M_i` (Gal and Ghahramani, 2016, section 3). Convolutions have the same
    weights at every place, so their inputs are dropped by the channel. In training every image
    has a :math:`z_i` of its own.

    Args:
        target: Any module with two dense or convolutional layers or more. It is copied; training
            starts at its present weights. Only the inputs of these layers are dropped, and not
            those of the first.
        dropout: The probability p of dropping an input.
        generator: Not needed: nothing is drawn before training.

    Raises:
        TargetError: If no layer's inputs could be dropped, or the target cannot be copied.
        SettingsError: If ``dropout`` is not between 0 and 1.
    """

    def __init__(
        self,
        target: nn.Module,
        dropout: float = 0.5,
        *,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        if not 0 < dropout < 1:
            raise SettingsError(f"dropout is {dropout}; choose a probability between 0 and 1")
        self.target = copy_of(target)
        self.dropout = dropout
        self.names = [name for layer in layers_of(self.target) for name in layer.shapes]
        if not self.thinned:
            raise TargetError(
                f"{type(target).__name__} has no dense or convolutional layer after its first, "
                "so dropout would change nothing; give it one more"
            )

    @property
    def thinned(self) -> dict[str, nn.Module]:
        """The layers whose inputs are dropped, by the name of their weight."""
        layers = {
            f"{name}.weight": module
            for name, module in self.target.named_modules()
            if type(module) in THINNED
        }
        return {name: layers[name] for name in list(layers)[1:] if name in self.names}

    @property
    def trained(self) -> dict[str, nn.Parameter]:
        """The trained parameters, by name."""
        return {name: self.target.get_parameter(name) for name in self.names}

    @property
    def settings(self) -> dict[str, Any]:
        """What training depends on and the shapes of the parameters do not show."""
        return {"dropout": self.dropout}

    def sample(self, n: int, generator: torch.Generator | None = None) -> Weights:
        """Weights of ``n`` thinned networks, each ``(n, *shape)``.

        Where nothing is dropped, one tensor serves all of them.

        Raises:
            SettingsError: If ``n`` is below 1.
        """
        self._check_count(n)
        weights: Weights = {
            name: parameter.detach().clone().expand(n, *parameter.shape)
            for name, parameter in self.trained.items()
        }
        for name, module in self.thinned.items():
            kept = self._kept(module, n, generator).to(weights[name])
            weights[name] = weights[name] * kept / (1 - self.dropout)
        return weights

    def _kept(self, module: nn.Module, n: int, generator: torch.Generator | None) -> Tensor:
        """Factors of a layer's weights in ``n`` networks: 0 for a dropped input, else 1."""
        groups = getattr(module, "groups", 1)
        outputs, inputs, *window = module.get_parameter("weight").shape  # inputs of a group
        source = generator.device if generator is not None else None
        chances = torch.full((n, groups, 1, inputs), 1 - self.dropout, device=source)
        kept = chances.bernoulli(generator=generator).expand(n, groups, outputs // groups, inputs)
        return kept.reshape(n, outputs, inputs, *(1 for _ in window))

    def optimisers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        """Adam for the one network."""
        groups = [{"params": list(self.trained.values()), "lr": training.learning_rate}]
        return {"network": training.adam(groups)}

    def update(self, step: Step) -> dict[str, Tensor]:
        """A step of the one network on the whole mini-batch, each image with its own dropout."""
        targets = step.targets.unsqueeze(0)
        network = {name: parameter.unsqueeze(0) for name, parameter in self.trained.items()}
        with self._dropping(), step.products():
            outputs = forward_networks(self.target, network, step.inputs)
        task_loss = step.loss(outputs, targets).mean()
        step.descend("network", task_loss)
        return step.report(task_loss, outputs, targets)

    @contextmanager
    def _dropping(self) -> Iterator[None]:
        """Dropout in the target, inside the block."""
        hooks = [m.register_forward_pre_hook(self._drop) for m in self.thinned.values()]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _drop(self, module: nn.Module, inputs: tuple[Tensor]) -> Tensor:
        """A layer's inputs with some left out of each image, for a convolution whole channels."""
        (images,) = inputs
        if isinstance(module, nn.Linear):
            return F.dropout(images, self.dropout)
        return torch.feature_dropout(images, self.dropout, train=True)
