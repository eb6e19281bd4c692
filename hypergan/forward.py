"""The forward pass of many networks of one architecture.

Shapes: N networks, B inputs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import repeat
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from hypergan.errors import DataError, TargetError
from hypergan.first_layer import FirstLayer
from hypergan.frozen import Once
from hypergan.layers import frozen_parts

Weights = dict[str, Tensor]
"""Each generated parameter of N networks, ``(N, *shape)``, by its name in the target."""


def forward_networks(
    target: nn.Module, weights: Weights, inputs: Tensor, *, shared: bool = True
) -> Tensor:
    """Outputs of N networks, differentiable in the weights and in the inputs.

    Each network sees the inputs as they were given, also where a forward changes them in place.
    Frozen parts of the target are computed once for networks that see the same inputs.

    Args:
        target: The architecture; what ``weights`` does not name keeps the target's own value.
        weights: Parameters of N networks.
        inputs: (B, ...) where all networks see the same inputs, (N, B, ...) where each has its own.
        shared: Which of the two.

    Returns:
        Outputs, (N, B, ...).

    Raises:
        TargetError: If a network does not return one tensor with an entry for each input.
    """
    weights = _under_all_names(target, weights)
    outputs = _at_once(target, weights, inputs, shared=shared)
    if outputs is None:
        outputs = _one_after_another(target, weights, inputs, shared=shared)
    reduced = torch.is_autocast_enabled(inputs.device.type) and outputs.dtype == torch.bfloat16
    return outputs.float() if reduced else outputs  # what is summed over them is not rounded


def _at_once(target: nn.Module, weights: Weights, inputs: Tensor, *, shared: bool) -> Tensor | None:
    """Outputs of N networks by batched matrix products; None if they would not be."""
    dense = _is_batched(target, inputs.device)
    if not dense and not (shared and _is_dense_on_frozen(target)):
        return None
    call = partial(functional_call, target, tie_weights=False)
    in_dims = (0, None if shared else 0)
    try:
        outputs = vmap(call, in_dims=in_dims, randomness="different")(weights, inputs.clone())
    except (RuntimeError, TypeError):  # a forward of its own, which vmap cannot follow
        if dense:
            raise
        return None
    size = inputs.shape[0 if shared else 1]
    if isinstance(outputs, Tensor) and size == 1 and outputs.shape[1:2] != (1,):
        return outputs.unsqueeze(1)  # it squeezed its only input away
    return _require_outputs(target, outputs, size, axis=1)


def _one_after_another(
    target: nn.Module, weights: Weights, inputs: Tensor, *, shared: bool
) -> Tensor:
    """Outputs of N networks, each on its own; see :func:`forward_networks`."""
    size = inputs.shape[0 if shared else 1]
    inputs = _channels_last(inputs, image_dims=4 if shared else 5)
    count = len(next(iter(weights.values())))
    networks = networks_of(weights)
    batches: Iterator[Tensor] = (
        batch.clone() for batch in (repeat(inputs, count) if shared else inputs)
    )
    first = FirstLayer.of(target, weights) if shared and inputs.requires_grad else None
    if first is not None:
        target = first.rest
        networks, batches = networks_of(first.others(weights)), first.outputs(weights, inputs)
    once = Once(target) if shared and _can_share(target) else None
    call = partial(functional_call, once.target if once else target, tie_weights=False)
    outputs = []
    for network, batch in zip(networks, batches, strict=True):
        output = call(network, batch)
        if isinstance(output, Tensor) and size == 1 and output.shape[:1] != (1,):
            output = output.unsqueeze(0)
        outputs.append(_require_outputs(target, output, size, axis=0))
        if once:
            once.first_is_done()
    return torch.stack(outputs)


def _can_share(target: nn.Module) -> bool:
    """Whether there is a frozen part to compute once; a compiler sees for itself."""
    return not torch.compiler.is_compiling() and (
        next(frozen_parts(target, foreign=True), None) is not None
    )


def _require_outputs(target: nn.Module, outputs: Any, size: int, axis: int) -> Tensor:
    """The outputs, if they are one tensor with an entry for each of ``size`` inputs.

    Raises:
        TargetError: If not.
    """
    name = type(target).__name__
    if not isinstance(outputs, Tensor):
        raise TargetError(
            f"{name} returns a {type(outputs).__name__} instead of one tensor; wrap it in a module "
            "whose forward returns the outputs alone, such as the logits (B, C)"
        )
    if outputs.shape[axis : axis + 1] != (size,):
        raise TargetError(
            f"{name} returns {tuple(outputs.shape[axis:])} for {size} inputs; the first axis of "
            "inputs and outputs has to be the batch"
        )
    return outputs


@contextmanager
def types_explained(inputs: Tensor, dtype: torch.dtype) -> Iterator[None]:
    """Say what to convert where a forward pass inside the block fails for inputs of another type.

    Args:
        inputs: What is passed.
        dtype: The type of the generated weights.

    Raises:
        DataError: In place of PyTorch's error.
    """
    try:
        yield
    except RuntimeError as error:
        if inputs.dtype == dtype:
            raise
        scaled = "" if inputs.is_floating_point() else ", scaled as the network expects them"
        raise DataError(
            f"the inputs are {inputs.dtype} and the target's weights {dtype}; "
            f"convert the inputs with .to({dtype}){scaled}"
        ) from error


def networks_of(weights: Weights) -> Iterator[Weights]:
    """The weights of each network in turn."""
    for tensors in zip(*(tensor.unbind() for tensor in weights.values()), strict=True):
        yield dict(zip(weights, tensors, strict=True))


def _under_all_names(target: nn.Module, weights: Weights) -> Weights:
    """The weights by every name under which a module has them: a tied one has several.

    PyTorch's own ``tie_weights`` also names a module that is used twice twice, and then leaves the
    generated weights behind in it.
    """
    first: dict[int, str] = {}
    named: Weights = {}
    for name, module in target.named_modules():
        for own_name, parameter in module.named_parameters(recurse=False):
            full = f"{name}.{own_name}" if name else own_name
            source = first.setdefault(id(parameter), full)
            if source in weights:
                named[full] = weights[source]
    return named


_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


def _is_batched(target: nn.Module, device: torch.device) -> bool:
    """Whether the target is a plain stack of layers that N networks compute at once, under vmap.

    Those are dense layers and, on a GPU, convolutions, which become grouped ones: there the launch
    of a network's kernels takes longer than their work. On CPU the batched form of convolutions is
    5-10 times slower than one network after another. Modules with a forward of their own do not
    count, as vmap may not be able to follow it.
    """
    layers = (nn.Sequential, nn.Linear, *(() if device.type == "cpu" else _CONVOLUTIONS))
    for module in target.modules():
        if isinstance(module, layers):
            continue
        has_weights = next(module.parameters(recurse=False), None) is not None
        if has_weights or not type(module).__module__.startswith("torch.nn.modules."):
            return False
    return True


def _is_dense_on_frozen(target: nn.Module) -> bool:
    """Whether all that is generated are dense layers, such as a new head on a frozen backbone.

    Under vmap what does not depend on the generated weights is computed once.
    """
    return next(frozen_parts(target, foreign=True), None) is not None and all(
        isinstance(module, nn.Linear)
        for module in target.modules()
        if any(parameter.requires_grad for parameter in module.parameters(recurse=False))
    )


def _channels_last(inputs: Tensor, image_dims: int) -> Tensor:
    """Images in the layout in which CPU convolutions and pooling are several times faster.

    For images of one channel the two layouts hold the same bytes and PyTorch guesses from the
    strides, wrongly: its own conversion does nothing, so a copy in that order gives them.
    """
    if inputs.dim() != image_dims or inputs.device.type != "cpu":
        return inputs
    copied = inputs.movedim(-3, -1).clone(memory_format=torch.contiguous_format)
    return copied.movedim(-1, -3)
