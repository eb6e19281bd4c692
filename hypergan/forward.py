"""The forward pass of many networks of one architecture.

Shapes: N networks, B inputs.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import repeat
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from hypergan.attributes import Attributes
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

    Each network sees the original inputs, even if a forward pass changes them in place. Frozen
    parts of the target are computed once for networks that see the same inputs.

    >>> weights = {"weight": torch.randn(4, 3, 2), "bias": torch.zeros(4, 3)}
    >>> forward_networks(nn.Linear(2, 3), weights, torch.ones(5, 2)).shape
    torch.Size([4, 5, 3])

    Args:
        target: The architecture; what ``weights`` does not name keeps the target's own value.
        weights: Parameters of N networks.
        inputs: (B, ...) if shared, else (N, B, ...).
        shared: Whether all networks see the same inputs.

    Returns:
        Outputs, (N, B, ...).

    Raises:
        DataError: If a network normalises by its batch, which is a single input.
        TargetError: If a network does not return one tensor with one entry per input.
    """
    weights = _under_all_names(target, weights)
    try:
        outputs = _at_once(target, weights, inputs, shared=shared)
        if outputs is None:
            outputs = _one_after_another(target, weights, inputs, shared=shared)
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        raise DataError(
            f"{type(target).__name__} normalises by the batch, and a network's batch of 1 input "
            "has no spread; raise batch_size, or choose one that leaves no single input over"
        ) from error
    reduced = torch.is_autocast_enabled(inputs.device.type) and outputs.dtype == torch.bfloat16
    return outputs.float() if reduced else outputs  # so that sums over them are not rounded


def _at_once(target: nn.Module, weights: Weights, inputs: Tensor, *, shared: bool) -> Tensor | None:
    """Outputs of N networks by batched matrix products; None if the target does not suit them."""
    if not _is_batched(target, inputs.device) and not (shared and _is_dense_on_frozen(target)):
        return None
    call = partial(functional_call, target, tie_weights=False)
    in_dims, attributes = (0, None if shared else 0), Attributes(target)
    try:
        outputs = vmap(call, in_dims=in_dims, randomness="different")(weights, inputs.clone())
    except (RuntimeError, TypeError, ValueError):  # what vmap cannot trace
        return None
    finally:
        attributes.put_back()
    size = inputs.shape[0 if shared else 1]
    if isinstance(outputs, Tensor) and size == 1 and outputs.shape[1:2] != (1,):
        return outputs.unsqueeze(1)  # it squeezed a batch of one away
    return _require_outputs(target, outputs, size, axis=1)


def _one_after_another(
    target: nn.Module, weights: Weights, inputs: Tensor, *, shared: bool
) -> Tensor:
    """Outputs of N networks, computed one by one; see :func:`forward_networks`."""
    run = partial(_in_turn, target, weights, shared=shared)
    return in_quick_layout(run, inputs, image_dims=4 if shared else 5)


def _in_turn(target: nn.Module, weights: Weights, inputs: Tensor, *, shared: bool) -> Tensor:
    size = inputs.shape[0 if shared else 1]
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
    target = once.target if once else target
    attributes, outputs = Attributes(target), []
    for network, batch in zip(networks, batches, strict=True):
        try:
            output = functional_call(target, network, batch, tie_weights=False)
        finally:
            attributes.put_back()
        if isinstance(output, Tensor) and size == 1 and output.shape[:1] != (1,):
            output = output.unsqueeze(0)
        outputs.append(_require_outputs(target, output, size, axis=0))
        if once:
            once.first_is_done()
    return torch.stack(outputs)


def _can_share(target: nn.Module) -> bool:
    """Whether there is a frozen part to compute once; a compiler finds it by itself."""
    return not torch.compiler.is_compiling() and (
        next(frozen_parts(target, foreign=True), None) is not None
    )


def _require_outputs(target: nn.Module, outputs: Any, size: int, axis: int) -> Tensor:
    """Check that the outputs are one tensor with one entry for each of ``size`` inputs.

    Raises:
        TargetError: If they are not.
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
            "inputs and outputs must be the batch"
        )
    return outputs


@contextmanager
def explained(target: nn.Module, inputs: Tensor, dtype: torch.dtype) -> Iterator[None]:
    """Turn an error of a forward pass inside the block into one that says what to do.

    Args:
        target: Whose forward pass it is.
        inputs: Its inputs, (B, ...).
        dtype: The dtype of the generated weights.

    Raises:
        DataError: In place of PyTorch's error, unless memory is what lacks.
    """
    try:
        yield
    except (RuntimeError, IndexError, TypeError, ValueError) as error:
        if isinstance(error, torch.OutOfMemoryError) or "allocate memory" in str(error):
            raise
        if inputs.dtype != dtype and re.search("type|not implemented for", str(error)):
            scaled = "" if inputs.is_floating_point() else ", scaled as the network expects them"
            raise DataError(
                f"the inputs are {inputs.dtype} and the target's weights {dtype}; "
                f"convert the inputs with .to({dtype}){scaled}"
            ) from error
        raise DataError(
            f"{type(target).__name__} does not accept inputs of shape {tuple(inputs.shape)} and "
            f"{inputs.dtype} ({error}); give inputs that it accepts, or wrap it in a module whose "
            "forward takes them as one tensor"
        ) from error


def networks_of(weights: Weights) -> Iterator[Weights]:
    """The weights of each network in turn."""
    for tensors in zip(*(tensor.unbind() for tensor in weights.values()), strict=True):
        yield dict(zip(weights, tensors, strict=True))


def _under_all_names(target: nn.Module, weights: Weights) -> Weights:
    """The weights under all their names in the target: tied ones have several.

    PyTorch's own ``tie_weights`` also lists a module that is used twice under both names, and then
    leaves the generated weights in it.
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
    """Whether the target is a plain stack of layers that N networks compute at once under vmap.

    Those are dense layers and, on a GPU, convolutions: launching the kernels of one network after
    another takes longer there than their work. On an H100 shared by sixteen processes a step of
    HyperGAN on CIFAR-10 takes 19 ms at once and 27 ms one by one. On CPU the batched form of
    convolutions is 5-10 times slower than one network after another. Modules with a custom forward
    do not count, as vmap may not be able to trace it.
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
    """Whether only dense layers are generated, such as a new head on a frozen backbone.

    Under vmap, everything that does not depend on the generated weights is computed once.
    """
    return next(frozen_parts(target, foreign=True), None) is not None and all(
        isinstance(module, nn.Linear)
        for module in target.modules()
        if any(parameter.requires_grad for parameter in module.parameters(recurse=False))
    )


def in_quick_layout(run: Callable[[Tensor], Tensor], inputs: Tensor, image_dims: int) -> Tensor:
    """Apply a function to inputs in the layout that is quickest, or else as they are.

    Networks that flatten images with ``view`` only take them as they are.
    """
    quick = _channels_last(inputs, image_dims)
    if quick is inputs or torch.compiler.is_compiling():
        return run(quick)
    drawn = torch.get_rng_state()
    try:
        return run(quick)
    except RuntimeError:
        torch.set_rng_state(drawn)
        return run(inputs.contiguous())


def _channels_last(inputs: Tensor, image_dims: int) -> Tensor:
    """Images in channels-last layout, several times faster for CPU convolutions and pooling.

    With one channel both layouts hold the same bytes, and PyTorch infers the layout from the
    strides, wrongly. Its own conversion then does nothing, so the images are copied in that order.
    """
    if inputs.dim() != image_dims or inputs.device.type != "cpu":
        return inputs
    copied = inputs.movedim(-3, -1).clone(memory_format=torch.contiguous_format)
    return copied.movedim(-1, -3)
