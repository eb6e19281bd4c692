"""Checks before training: a mini-batch passes through two copies of the target, and back."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.utils import checkpoint

from hypergan.attributes import is_pytorchs
from hypergan.batches import Pair
from hypergan.errors import DataError, SettingsError, TargetError
from hypergan.forward import explained, forward_networks
from hypergan.layers import layers_of, structure_of
from hypergan.losses import name_of, try_out
from hypergan.objective import Loss
from hypergan.posterior import Posterior
from hypergan.randomness import global_seed
from hypergan.training import Training


@torch.enable_grad()
def require_trainable(posterior: Posterior, pair: Pair, loss: Loss, training: Training) -> None:
    """Find errors before training, which would come late or go unnoticed.

    Raises:
        DataError: If the target does not accept the inputs, or the loss the targets.
        TargetError: If the target does not return one tensor with one entry per input, if its
            outputs do not depend on its weights or depend on those it was made with, or if it
            changes its own buffers or recomputes activations.
        SettingsError: If the loss does not return one number per network, or no gradient.
    """
    share = len(pair[0]) // (1 if training.share_images else training.networks)
    inputs, targets = (part[:share] for part in pair)
    target = structure_of(posterior.target)
    weights = {
        name: target.get_parameter(name).detach().expand(2, *shape).requires_grad_()
        for layer in layers_of(target)
        for name, shape in layer.shapes.items()
    }
    with global_seed(torch.Generator()), _nothing_recomputed(), _buffers_unchanged(target):
        outputs = _outputs(target, weights, inputs)
        value = try_out(loss, outputs, targets.expand(2, *targets.shape))
        gradients = _gradients(value, weights, loss, targets)
        _require_generated(value, weights, gradients, target)
        target.eval()
        _outputs(target, weights, inputs)


def _outputs(target: nn.Module, weights: dict[str, Tensor], inputs: Tensor) -> Tensor:
    name, dtype = type(target).__name__, next(iter(weights.values())).dtype
    with explained(target, inputs, dtype):
        outputs = forward_networks(target, weights, inputs)
    if outputs.is_floating_point() and not outputs.requires_grad:
        raise TargetError(
            f"the outputs of {name} do not depend on its weights, so nothing can be learnt; leave "
            "out no_grad, detach and the like from its forward"
        )
    return outputs


def _gradients(
    value: Tensor, weights: dict[str, Tensor], loss: Loss, targets: Tensor
) -> tuple[Tensor | None, ...]:
    """The gradient of each weight; None for those that the value does not depend on."""
    if not value.requires_grad:
        raise SettingsError(
            f"{name_of(loss)} has no gradient; compute it from the outputs, without detach or item"
        )
    try:
        return torch.autograd.grad(value.sum(), [*weights.values()], allow_unused=True)
    except (RuntimeError, NotImplementedError) as error:
        raise DataError(
            f"{name_of(loss)} has no gradient for targets of {targets.dtype} ({error}); convert "
            "them, or choose another loss"
        ) from error


def _require_generated(
    value: Tensor,
    weights: dict[str, Tensor],
    gradients: tuple[Tensor | None, ...],
    target: nn.Module,
) -> None:
    """Refuse a target that uses the weights it was made with instead of those generated.

    A lambda, a hook or a replaced forward may hold the module that was copied, and so its weights.

    Raises:
        TargetError: If a generated weight is not used, and one of the same values is.
    """
    unused = [name for name, found in zip(weights, gradients, strict=True) if found is None]
    strange = [leaf for leaf in _leaves(value) if all(leaf is not w for w in weights.values())]
    for name in unused:
        own = target.get_parameter(name).detach()
        if any(leaf.shape == own.shape and torch.equal(leaf, own) for leaf in strange):
            raise TargetError(
                f"{type(target).__name__} uses its own {name!r} instead of the generated one; a "
                "lambda, a hook or a replaced forward holds the module that was copied, so make "
                "them methods that use self"
            )


def _leaves(value: Tensor) -> list[Tensor]:
    """The tensors whose gradients a value would reach."""
    found, todo, seen = [], [value.grad_fn], set()
    while todo:
        node = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            found.append(node.variable)
        todo += [following for following, _ in node.next_functions]
    return found


def _refuse(*_values: object, **_named: object) -> None:
    raise TargetError(
        "the target uses activation checkpointing, which recomputes activations with the target's "
        "own weights instead of the generated ones; switch it off"
    )


_REFUSED = {
    "CheckpointFunction": type("Refused", (), {"apply": staticmethod(_refuse)}),
    "_checkpoint_hook": _refuse,
}
"""In place of what torch.utils.checkpoint uses, reentrant and not."""
_OWN = {name: getattr(checkpoint, name) for name in _REFUSED if hasattr(checkpoint, name)}


@contextmanager
def _nothing_recomputed() -> Iterator[None]:
    """Refuse activation checkpointing, whose gradients would be wrong."""
    for name in _OWN:
        setattr(checkpoint, name, _REFUSED[name])
    try:
        yield
    finally:
        for name, own in _OWN.items():
            setattr(checkpoint, name, own)


@contextmanager
def _buffers_unchanged(target: nn.Module) -> Iterator[None]:
    """Leave the target's buffers as they were, and refuse modules of the user that change them.

    Raises:
        TargetError: If a forward pass changes a buffer, which all networks would share.
    """
    before = {name: buffer.clone() for name, buffer in target.named_buffers()}
    try:
        yield
        for name, buffer in target.named_buffers():
            own = target.get_submodule(name.rpartition(".")[0])
            if name in before and not is_pytorchs(own) and not torch.equal(buffer, before[name]):
                raise TargetError(
                    f"a forward pass changes the buffer {name!r}, which all networks would share; "
                    "compute it from the inputs, or put its module into evaluation mode first"
                )
    finally:
        for name, buffer in target.named_buffers():
            if name in before:
                buffer.detach().copy_(before[name])
