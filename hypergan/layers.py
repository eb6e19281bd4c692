"""The layers of a target network whose parameters are generated, and copies of the target."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm
from torch.nn.modules.lazy import LazyModuleMixin

from hypergan.errors import TargetError


@dataclass(frozen=True)
class Layer:
    """A module's own parameters; one generator makes all of them.

    Attributes:
        name: The module's name in the target, or its class if it is the target itself.
        shapes: Shape of each generated parameter, by its name in ``target.named_parameters()``.
        padding: For an embedding with ``padding_idx``, the index of that row and the parameter that
            holds it, by the name of its weight; all networks keep the row.
    """

    name: str
    shapes: dict[str, tuple[int, ...]]
    padding: dict[str, tuple[int, nn.Parameter]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @property
    def size(self) -> int:
        """Number of generated weights."""
        return sum(map(prod, self.shapes.values()))

    @property
    def fan_in(self) -> int:
        """Inputs per unit of the layer's widest matrix; the layer's size if it has no matrix."""
        matrices = [shape for shape in self.shapes.values() if len(shape) > 1 and all(shape)]
        return max((prod(shape[1:]) for shape in matrices), default=self.size)


def layers_of(target: nn.Module) -> list[Layer]:
    """The layers of a target, in the order of ``target.named_parameters()``.

    Tied parameters belong to the first layer that names them; frozen ones
    (``requires_grad=False``) and layers without a single weight are left out.

    >>> target = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    >>> [(layer.name, layer.size) for layer in layers_of(target)]
    [('0', 9), ('2', 4)]

    Raises:
        TargetError: If the target cannot be generated; the message says what to use instead.
    """
    seen: set[int] = set()
    layers = []
    frozen = {id(module) for _, part in frozen_parts(target) for module in part.modules()}
    for name, module in target.named_modules():
        if id(module) not in frozen:
            _refuse(name, module)
        shapes: dict[str, tuple[int, ...]] = {}
        padding: dict[str, tuple[int, nn.Parameter]] = {}
        for own_name, parameter in module.named_parameters(recurse=False):
            if parameter.requires_grad and id(parameter) not in seen:
                seen.add(id(parameter))
                full = f"{name}.{own_name}" if name else own_name
                shapes[full] = tuple(parameter.shape)
                if isinstance(module, nn.Embedding) and module.padding_idx is not None:
                    padding[full] = module.padding_idx, parameter
        layer = Layer(name or type(module).__name__, shapes, padding)
        if layer.size:
            layers.append(layer)
    if not layers:
        raise TargetError(
            f"{type(target).__name__} has no trainable parameter to generate; "
            "set requires_grad=True on those to be generated"
        )
    types = {str(p.dtype) for p in target.parameters() if p.requires_grad}
    if len(types) > 1:
        raise TargetError(
            f"{type(target).__name__} has trainable parameters of {' and '.join(sorted(types))}; "
            "give all of them one type, for example with target.float()"
        )
    return layers


def frozen_parts(target: nn.Module, *, foreign: bool = False) -> Iterator[tuple[str, nn.Module]]:
    """Yield the largest submodules that train nothing and have parameters, with their names.

    >>> target = nn.Sequential(nn.Linear(2, 3).requires_grad_(False), nn.Linear(3, 1))
    >>> [name for name, _ in frozen_parts(target)]
    ['0']

    Args:
        target: The target.
        foreign: Also yield those without parameters whose classes are not PyTorch's own layers: a
            quantised layer keeps its weights elsewhere.
    """
    for name, child in target.named_children():
        if any(parameter.requires_grad for parameter in child.parameters()):
            inner = frozen_parts(child, foreign=foreign)
            yield from ((f"{name}.{own_name}", part) for own_name, part in inner)
        elif next(child.parameters(), None) is not None or (foreign and _is_foreign(child)):
            yield name, child


def _is_foreign(module: nn.Module) -> bool:
    return any(not type(m).__module__.startswith("torch.nn.modules.") for m in module.modules())


def moves(module: nn.Module) -> bool:
    """Whether a module in training mode updates its own state at each forward pass."""
    if isinstance(module, _BatchNorm | _InstanceNorm):
        return module.running_mean is not None
    hooks = (type(hook).__name__ for hook in module._forward_pre_hooks.values())
    return type(module).__name__ == "_SpectralNorm" or "SpectralNorm" in hooks


def structure_of(target: nn.Module) -> nn.Module:
    """A copy that shares all tensors: what a call leaves in it does not reach the original."""
    shared = [*target.parameters(), *target.buffers()]
    return copy.deepcopy(target, {id(tensor): tensor for tensor in shared})


def copy_of(target: nn.Module) -> nn.Module:
    """An independent copy of a target to be trained, which the user may go on changing.

    Raises:
        TargetError: If it cannot be copied or trained; the message says what to change.
    """
    name = type(target).__name__
    for parameter in target.parameters():
        if parameter.is_meta:
            raise TargetError(
                f"{name} has parameters without values, on the device 'meta'; call "
                "target.to_empty(device='cpu') and initialise them, or build it on the CPU"
            )
        if parameter.requires_grad and parameter.element_size() < 4:
            raise TargetError(
                f"{name} has trainable parameters of {parameter.dtype}, in which the small steps "
                "of training round to nothing; give target.float(), and convert the networks that "
                f"are drawn, ensemble.to({parameter.dtype})"
            )
    try:
        return copy.deepcopy(target)
    except Exception as error:  # it keeps a tensor that is part of a graph, a lock, an open file
        raise TargetError(
            f"{name} cannot be copied ({error}); "
            + (
                "detach the tensors that it keeps, call torch.nn.utils.prune.remove(module, name) "
                "on pruned layers, and use torch.nn.utils.parametrizations.weight_norm for "
                "weight_norm"
                if isinstance(error, RuntimeError)
                else "keep that outside the module, or give its class a __deepcopy__ method"
            )
        ) from error


def _refuse(name: str, module: nn.Module) -> None:
    """Refuse what weights alone do not describe, such as state that a forward pass changes."""
    where = f"{name!r} ({type(module).__name__})" if name else type(module).__name__
    if isinstance(module, LazyModuleMixin) and module.has_uninitialized_params():
        raise TargetError(
            f"{where} does not know its shapes yet; pass one batch through the target first"
        )
    fixed = not module.training and next(module.parameters(), None) is None
    if moves(module) and not fixed:
        raise TargetError(f"{where} {_way_out(module)}")
    if not any(parameter.requires_grad for parameter in module.parameters()):
        return
    if isinstance(module, torch.jit.ScriptModule):
        raise TargetError(
            f"{where} was compiled by torch.jit, and its weights cannot be exchanged; give the "
            "module that it was made from, or freeze that before compiling it"
        )
    if isinstance(module, nn.parallel.DistributedDataParallel) or (
        isinstance(module, nn.DataParallel) and not name
    ):
        raise TargetError(
            f"{where} spreads the batches of one network over devices; give that network itself, "
            "target.module"
        )
    if isinstance(module, nn.Embedding | nn.EmbeddingBag):
        if module.sparse:
            raise TargetError(
                f"{where} has sparse gradients, which no generator can use; set its sparse to False"
            )
        if module.max_norm is not None:
            raise TargetError(
                f"{where} shortens rows of its weight in place at each forward pass; set its "
                "max_norm to None, or freeze it with requires_grad_(False)"
            )
    for own_name, parameter in module.named_parameters(recurse=False):
        if not parameter.requires_grad:
            continue
        if parameter.layout != torch.strided:
            raise TargetError(
                f"parameter {own_name!r} of {where} is {parameter.layout}; only dense parameters "
                "are generated, so convert it with to_dense()"
            )
        if not torch.is_floating_point(parameter):
            raise TargetError(
                f"parameter {own_name!r} of {where} is {parameter.dtype}; only real "
                "floating-point parameters are generated, so freeze it, or split it into real parts"
            )


def _way_out(module: nn.Module) -> str:
    """What is wrong with a module that :func:`moves`, and what to do."""
    if isinstance(module, _BatchNorm):
        return (
            "keeps running statistics, which networks with different weights would share; "
            "call torch.func.replace_all_batch_norm_modules_(target), so that each network "
            "normalises by its own batch, on which its predictions then depend, use GroupNorm or "
            "LayerNorm instead, or freeze it with requires_grad_(False).eval()"
        )
    if isinstance(module, _InstanceNorm):
        return (
            "keeps running statistics, which networks with different weights would share; "
            "build it with track_running_stats=False, or freeze it with "
            "requires_grad_(False).eval()"
        )
    return (
        "estimates a singular vector of one weight matrix from step to step; remove the spectral "
        "normalisation, use weight_norm, or freeze it with requires_grad_(False).eval()"
    )
