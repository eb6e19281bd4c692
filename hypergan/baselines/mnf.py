"""Multiplicative normalising flows (Louizos and Welling, 2017, https://arxiv.org/abs/1703.01961).

Shapes: N networks, B inputs, C classes.
"""

import copy
import math
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from hypergan.baselines.flow_layers import FlowConv2d, FlowLayer, FlowLinear
from hypergan.errors import SettingsError, TargetError, require_at_least
from hypergan.forward import Weights, in_quick_layout
from hypergan.kinds import checked
from hypergan.layers import copy_of, layers_of
from hypergan.objective import expected_task_loss
from hypergan.posterior import Posterior
from hypergan.randomness import global_seed
from hypergan.step import Step
from hypergan.training import Training

FLOW_LAYERS: dict[type[nn.Module], type[FlowLayer]] = {
    nn.Linear: FlowLinear,
    nn.Conv2d: FlowConv2d,
}
"""The replacement for each type of layer."""


class MNF(Posterior):
    """A variational posterior over the weights of a target network.

    Training passes the images through a copy of the target whose layers are
    :class:`hypergan.baselines.flow_layers.FlowLayer`; a sampled network is the ordinary target.

    >>> MNF(nn.Linear(2, 3)).ensemble(10)(torch.ones(4, 2)).shape
    torch.Size([10, 4, 3])

    Args:
        target: A module whose trainable weights all belong to ``nn.Linear`` and ``nn.Conv2d``. It
            is copied; the means start at its current weights.
        flow_steps: Steps of the flow of q(z) and of the auxiliary r(z|W).
        flow_hidden: Hidden units per step of each.
        log_std: Initial logarithm of the weights' standard deviations.
        max_std: Upper bound on them in training; larger ones only slow it down.
        z_std: Initial standard deviation of z.
        kl_weight: Factor of the KL term: 1 for a loss that is a negative log likelihood, such as
            the cross entropy; twice the noise variance for the mean squared error.
        generator: Source of the initialisation; by default PyTorch's global one.

    Raises:
        TargetError: If trainable weights belong to other layers, or to several, or if the target
            cannot be copied.
        SettingsError: If a standard deviation is not above 0, or ``kl_weight`` is below 0.
    """

    @checked
    def __init__(
        self,
        target: nn.Module,
        *,
        flow_steps: tuple[int, int] = (2, 2),
        flow_hidden: tuple[int, int] = (50, 100),
        log_std: float = -9.0,
        max_std: float = 0.5,
        z_std: float = 0.1**0.5,
        kl_weight: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        if not (max_std > 0 and z_std > 0 and kl_weight >= 0):
            raise SettingsError(
                f"max_std is {max_std}, z_std {z_std}, kl_weight {kl_weight}; "
                "the first two must be above 0, the last 0 or more"
            )
        require_at_least(0, flow_steps=min(flow_steps))
        require_at_least(1, flow_hidden=min(flow_hidden))
        self.max_std, self.kl_weight = max_std, kl_weight
        self.target = copy_of(target)
        replaced = _replaceable(target)
        with global_seed(generator):
            layers = {
                name: FLOW_LAYERS[type(module)](
                    copy.deepcopy(module),
                    flow_steps=flow_steps,
                    flow_hidden=flow_hidden,
                    log_std=log_std,
                    z_std=z_std,
                ).to(module.weight.dtype)
                for name, module in replaced.items()
            }
        # deepcopy takes these for copies made earlier, even of a module that is used twice.
        done: dict[int, Any] = {id(module): layers[name] for name, module in replaced.items()}
        self.network = copy.deepcopy(target, done)
        self.layers = layers
        self.network.register_forward_pre_hook(_require_batch_first)

    @property
    def architectures(self) -> list[nn.Module]:
        """The target and the network that is trained."""
        return [self.target, self.network]

    @property
    def settings(self) -> dict[str, Any]:
        """Settings that change training, but not the shapes of the parameters."""
        return {"kl_weight": self.kl_weight, "max_std": self.max_std}

    def optimisers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        """Adam for means, standard deviations and flows."""
        trained = [p for p in self.network.parameters() if p.requires_grad]
        return {"layers": training.adam([{"params": trained, "lr": training.learning_rate}])}

    def update(self, step: Step) -> dict[str, Tensor]:
        """Take a step on the bound per input, task loss + KL / data_size.

        Each of ``training.networks`` draws of z sees its share of the mini-batch (all of it with
        ``share_images``); with one per image, this is Algorithm 1.
        """
        n = step.training.networks
        inputs, targets = step.split(n)
        if step.training.share_images:
            inputs = inputs.expand(n, *inputs.shape)
        z, kl = self._draw(n, step.generator)
        run = partial(functional_call, self.network, z, tie_weights=False)
        # The layers' noise comes from the global generator.
        with global_seed(step.generator), step.products():
            flat = in_quick_layout(run, inputs.flatten(0, 1), image_dims=4).to(inputs.dtype)
        outputs = flat.unflatten(0, (n, -1))
        task_loss = expected_task_loss(step.loss, outputs, targets)
        step.descend("layers", task_loss + self.kl_weight * kl / step.data_size)
        self._bound_std()
        return step.report(task_loss, outputs, targets) | {"kl": kl.detach()}

    def _draw(self, n: int, generator: torch.Generator) -> tuple[Weights, Tensor]:
        """``n`` draws of every layer's z, by the name of its buffer, and their mean KL in nats."""
        named, total = {}, torch.zeros(())
        for name, layer in self.layers.items():
            z, log_q = layer.draw(n, generator)
            named[f"{name}.z" if name else "z"] = z
            total = total.to(z) + layer.kl(z, log_q, generator).mean()
        return named, total

    @torch.no_grad()
    def _bound_std(self) -> None:
        """Clip the standard deviations to ``max_std``."""
        for layer in self.layers.values():
            for log_std in layer.log_std.values():
                log_std.clamp_(max=math.log(self.max_std))

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator | None = None) -> Weights:
        """Weights of ``n`` networks, each ``(n, *shape)``, by their names in the target.

        Each network has one draw of z, and one of all weights given z.

        Raises:
            SettingsError: If ``n`` is below 1.
        """
        self._check_count(n)
        return {
            f"{name}.{own_name}" if name else own_name: tensor
            for name, layer in self.layers.items()
            for own_name, tensor in layer.sample(n, generator).items()
        }


@torch.no_grad()
def _require_batch_first(network: nn.Module, inputs: tuple[Any, ...]) -> None:
    """Check with the first batch that it is on the first axis of every layer, as z requires.

    The second half of the batch is replaced by the first: in every layer, the inputs that belong to
    the first half must not change.

    Raises:
        TargetError: If they do.
    """
    if getattr(network, "_batch_is_first", False):
        return
    batch: Tensor = inputs[0]
    half = len(batch) // 2
    other = batch.clone()
    other[half : 2 * half] = batch[:half]
    if torch.equal(batch, other):  # the halves are equal, so this shows nothing
        return
    for (name, one), (_, two) in zip(_seen(network, batch), _seen(network, other), strict=True):
        own = half * len(one) // len(batch)
        if len(one) % len(batch) or not torch.allclose(one[:own], two[:own], 1e-3, 1e-5):
            raise TargetError(
                f"layer {name!r} sees {tuple(one.shape)} for a batch of {len(batch)}; MNF splits "
                "the batch along the first axis, so keep it there and unmixed in every layer "
                "(batch_first=True), or use another method"
            )
    network._batch_is_first = True  # type: ignore[assignment]


def _seen(network: nn.Module, batch: Tensor) -> list[tuple[str, Tensor]]:
    """The inputs of each flow layer, with its name; the noise is the same at every call."""
    found: list[tuple[str, Tensor]] = []
    hooks = [
        module.register_forward_pre_hook(lambda _, given, name=name: found.append((name, given[0])))
        for name, module in network.named_modules()
        if isinstance(module, FlowLayer)
    ]
    try:
        with global_seed(torch.Generator().manual_seed(0)):
            network.forward(batch.clone())
    finally:
        for hook in hooks:
            hook.remove()
    return found


def _replaceable(target: nn.Module) -> dict[str, Any]:
    """The layers with trainable weights, by name.

    Raises:
        TargetError: If one of them cannot become a :class:`FlowLayer`.
    """
    seen: set[int] = set()
    names = [next(iter(layer.shapes)).rpartition(".")[0] for layer in layers_of(target)]
    modules: dict[str, Any] = {name: target.get_submodule(name) for name in names}
    for name, module in modules.items():
        if type(module) not in FLOW_LAYERS:
            raise TargetError(
                f"{name or 'the target'} is {type(module).__name__}; MNF only knows Linear and "
                "Conv2d, so freeze its parameters (requires_grad=False) or use another method"
            )
    for name, module in target.named_modules():
        for own_name, parameter in module.named_parameters(recurse=False):
            tied = parameter.requires_grad and id(parameter) in seen
            frozen = name in modules and own_name == "weight" and not parameter.requires_grad
            if tied or frozen:
                raise TargetError(
                    f"the {own_name} of {name or 'the target'} is "
                    + ("tied to another layer's" if tied else "frozen and its bias is not")
                    + "; MNF has one posterior per layer, so give it a trainable one of its own"
                )
            seen.add(id(parameter))
    return modules
