"""MC dropout: one trained network, thinned out at random (Gal and Ghahramani, 2016).

Shapes: N networks, B inputs.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hypergan.errors import SettingsError, TargetError
from hypergan.forward import Weights, forward_networks
from hypergan.kinds import checked
from hypergan.layers import Layer, copy_of, layers_of
from hypergan.posterior import Posterior
from hypergan.step import Step
from hypergan.training import Training

THINNED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
"""The layers whose inputs are dropped; subclasses, which may compute otherwise, are not."""


class MCDropout(Posterior):
    r"""Dropout after each layer but the last, also when networks are drawn (section 4.1).

    A dropped output is an input that the next layer does not see, as if its weights for that input
    were zero. So a draw is a network with the target's own structure and weights

    .. math:: W_i = M_i \, \mathrm{diag}(z_i) / (1 - p), \quad z_{ij} \sim \mathrm{Bernoulli}(1 - p)

    for the trained :math:`M_i` (Gal and Ghahramani, 2016, section 3). A convolution has the same
    weights at every position, so this drops whole input channels. With ``input_shape`` single
    outputs are dropped, as in the paper: a draw then has the trained weights and, for each of these
    layers, a mask of its inputs, ``LAYER.kept``, which is stored like a weight. In training every
    image has its own :math:`z_i`.

    >>> posterior = MCDropout(nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 3)))
    >>> posterior.ensemble(10)(torch.ones(4, 2)).shape
    torch.Size([10, 4, 3])

    Args:
        target: Any module with at least two dense or convolutional layers. It is copied; training
            starts at its current weights. Dropout applies to the inputs of these layers alone,
            except the first.
        dropout: The probability p of dropping an input.
        input_shape: Shape of one input of the target, to drop single outputs of convolutions. By
            default whole channels are dropped.
        generator: Not used: nothing is drawn before training.

    Raises:
        TargetError: If there is no layer whose inputs could be dropped, or the target cannot be
            copied.
        SettingsError: If ``dropout`` is not between 0 and 1, or the target does not take inputs of
            ``input_shape``.
    """

    @checked
    def __init__(
        self,
        target: nn.Module,
        dropout: float = 0.5,
        *,
        input_shape: Sequence[int] | None = None,
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
                f"{type(target).__name__} has no dense or convolutional layer after its first "
                "whose weight is a parameter of its own, so dropout would change nothing; add one"
            )
        self.masked = input_shape is not None
        if input_shape is not None:
            self._add_masks(input_shape)

    @torch.no_grad()
    def _add_masks(self, input_shape: Sequence[int]) -> None:
        """Give each thinned layer a mask of its inputs, all ones until a network is drawn."""
        weight = self.target.get_parameter(self.names[0])
        layers = list(self.thinned.values())
        shapes: dict[nn.Module, torch.Size] = {}

        def note(module: nn.Module, inputs: tuple[Tensor]) -> None:
            shapes[module] = inputs[0].shape[1:]

        hooks = [layer.register_forward_pre_hook(note) for layer in layers]
        try:
            self.target(weight.new_zeros(1, *input_shape))
        except RuntimeError as error:
            raise SettingsError(
                f"the target does not take inputs of shape {tuple(input_shape)} ({error}); "
                "give input_shape the shape of one input, without the batch"
            ) from error
        finally:
            for hook in hooks:
                hook.remove()
        for layer, shape in shapes.items():
            layer.register_parameter("kept", nn.Parameter(weight.new_ones(shape)))
            layer.register_forward_pre_hook(_mask)

    @property
    def weight_layers(self) -> list[Layer]:
        """The layers of the target without their masks."""
        return [
            Layer(layer.name, {n: shape for n, shape in layer.shapes.items() if n in self.names})
            for layer in layers_of(self.target)
        ]

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
        """Settings that change training, but not the shapes of the parameters."""
        return {"dropout": self.dropout} | ({"masked": True} if self.masked else {})

    def sample(self, n: int, generator: torch.Generator | None = None) -> Weights:
        """Weights of ``n`` thinned networks, each ``(n, *shape)``.

        All networks share the tensors of layers whose inputs are not dropped.

        Raises:
            SettingsError: If ``n`` is below 1.
        """
        self._check_count(n)
        weights: Weights = {
            name: parameter.detach().clone().expand(n, *parameter.shape)
            for name, parameter in self.trained.items()
        }
        for name, module in self.thinned.items():
            if self.masked:
                layer = name.removesuffix("weight")
                mask = module.get_parameter("kept")
                kept = self._bernoulli(n, *mask.shape, generator=generator).to(mask)
                weights[f"{layer}kept"] = kept / (1 - self.dropout)
            else:
                kept = self._kept(module, n, generator).to(weights[name])
                weights[name] = weights[name] * kept / (1 - self.dropout)
        return weights

    def _bernoulli(self, *shape: int, generator: torch.Generator | None) -> Tensor:
        """Ones with probability ``1 - dropout``, else zeros."""
        source = generator.device if generator is not None else None
        chances = torch.full(shape, 1 - self.dropout, device=source)
        return chances.bernoulli(generator=generator)

    def _kept(self, module: nn.Module, n: int, generator: torch.Generator | None) -> Tensor:
        """Factors for a layer's weights in ``n`` networks: 0 for a dropped input, else 1."""
        groups = getattr(module, "groups", 1)
        outputs, inputs, *window = module.get_parameter("weight").shape  # inputs per group
        kept = self._bernoulli(n, groups, 1, inputs, generator=generator)
        kept = kept.expand(n, groups, outputs // groups, inputs)
        return kept.reshape(n, outputs, inputs, *(1 for _ in window))

    def optimisers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        """Adam for the single trained network."""
        groups = [{"params": list(self.trained.values()), "lr": training.learning_rate}]
        return {"network": training.adam(groups)}

    def update(self, step: Step) -> dict[str, Tensor]:
        """Take a step on the whole mini-batch, with independent dropout for each image."""
        targets = step.targets.unsqueeze(0)
        network = {name: parameter.unsqueeze(0) for name, parameter in self.trained.items()}
        with self._dropping(), step.products():
            outputs = forward_networks(self.target, network, step.inputs)
        task_loss = step.loss(outputs, targets).mean()
        step.descend("network", task_loss)
        return step.report(task_loss, outputs, targets)

    @contextmanager
    def _dropping(self) -> Iterator[None]:
        """Switch dropout on in the target, inside the block."""
        hooks = [m.register_forward_pre_hook(self._drop) for m in self.thinned.values()]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _drop(self, module: nn.Module, inputs: tuple[Tensor]) -> Tensor:
        """A layer's inputs with some of each image dropped: single ones or whole channels."""
        (images,) = inputs
        if self.masked or isinstance(module, nn.Linear):
            return F.dropout(images, self.dropout)
        return torch.feature_dropout(images, self.dropout, train=True)


def _mask(module: nn.Module, inputs: tuple[Tensor]) -> Tensor:
    """A layer's inputs (B, ...) without those that the drawn network drops."""
    kept: Tensor = module.kept  # type: ignore[assignment]  # a parameter, or a draw's tensor
    return inputs[0] * kept
