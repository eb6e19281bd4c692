"""What a method takes of a target network: a copy, and which parameters to generate, by layer."""

import copy
from dataclasses import dataclass
from math import prod

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm
from torch.nn.modules.lazy import LazyModuleMixin

from hypergan.errors import TargetError


@dataclass(frozen=True)
class Layer:
    """A module that owns parameters directly; one generator makes all of them.

    Attributes:
        name: The module's name in the target, or its class where it is the target itself.
        shapes: Shape of each generated parameter, by its name in ``target.named_parameters()``.
    """

    name: str
    shapes: dict[str, tuple[int, ...]]

    @property
    def size(self) -> int:
        """Number of generated weights."""
        return sum(map(prod, self.shapes.values()))

    @property
    def fan_in(self) -> int:
        """Inputs of a unit: of the layer's widest matrix, or its size if it has none."""
        matrices = [shape for shape in self.shapes.values() if len(shape) > 1]
        return max((prod(shape[1:]) for shape in matrices), default=self.size)


def layers_of(target: nn.Module) -> list[Layer]:
    """The layers of a target, in the order of ``target.named_parameters()``.

    Tied parameters belong to the first layer that names them; frozen ones
    (``requires_grad=False``) are left out.

    Raises:
        TargetError: If the target cannot be generated; the message says what to use instead.
    """
    seen: set[int] = set()
    layers = []
    for name, module in target.named_modules():
        _refuse(name, module)
        shapes = {}
        for own_name, parameter in module.named_parameters(recurse=False):
            if parameter.requires_grad and id(parameter) not in seen:
                seen.add(id(parameter))
                shapes[f"{name}.{own_name}" if name else own_name] = tuple(parameter.shape)
        if shapes:
            layers.append(Layer(name or type(module).__name__, shapes))
    if not layers:
        raise TargetError(
            f"{type(target).__name__} has no trainable parameter to generate; "
            "set requires_grad=True on those that shall be"
        )
    types = {str(p.dtype) for p in target.parameters() if p.requires_grad}
    if len(types) > 1:
        raise TargetError(
            f"{type(target).__name__} has trainable parameters of {' and '.join(sorted(types))}; "
            "give all of them one type, such as target.float() does"
        )
    return layers


def copy_of(target: nn.Module) -> nn.Module:
    """A copy of a target, whose owner may go on changing it.

    Raises:
        TargetError: If it cannot be copied; the message says what to change.
    """
    try:
        return copy.deepcopy(target)
    except RuntimeError as error:  # it keeps a tensor in the middle of a graph
        raise TargetError(
            f"{type(target).__name__} cannot be copied ({error}); detach the tensors that it "
            "keeps, and use torch.nn.utils.parametrizations.weight_norm for weight_norm"
        ) from error


def _refuse(name: str, module: nn.Module) -> None:
    """Refuse what one set of weights does not describe: state that a forward pass changes."""
    where = f"{name!r} ({type(module).__name__})" if name else type(module).__name__
    if isinstance(module, LazyModuleMixin) and module.has_uninitialized_params():
        raise TargetError(
            f"{where} does not know its shapes yet; pass one batch through the target first"
        )
    if isinstance(module, _BatchNorm):
        raise TargetError(
            f"{where} keeps running statistics that would be shared by networks with different "
            "weights, so no network would have its own; use GroupNorm or LayerNorm instead"
        )
    if isinstance(module, _InstanceNorm) and module.track_running_stats:
        raise TargetError(
            f"{where} keeps running statistics that would be shared by networks with different "
            "weights; build it with track_running_stats=False"
        )
    hooks = (type(hook).__name__ for hook in module._forward_pre_hooks.values())
    if type(module).__name__ == "_SpectralNorm" or "SpectralNorm" in hooks:
        raise TargetError(
            f"{where} estimates a singular vector of one weight matrix from step to step; "
            "remove the spectral normalisation or use weight_norm"
        )
    for own_name, parameter in module.named_parameters(recurse=False):
        if parameter.requires_grad and not torch.is_floating_point(parameter):
            raise TargetError(
                f"parameter {own_name!r} of {where} is {parameter.dtype}; only real "
                "floating-point parameters are generated, so freeze it or split it in two"
            )
