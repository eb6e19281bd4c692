"""Frozen parts of a target, such as a pretrained backbone: they are computed once.

They also keep the mode that the user chose, which decides how dropout and normalisation act.
"""

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_flatten, tree_map

from hypergan.layers import frozen_parts, moves, structure_of


def still(target: nn.Module) -> list[str]:
    """Names of the modules that stay in evaluation mode while the rest trains.

    These are modules of frozen parts that the user put into evaluation mode; modules without
    parameters that were put there one by one, while the target itself was in training mode; and
    modules that train nothing but would update their own state, such as frozen batch normalisation.
    """
    frozen = {id(module) for _, part in frozen_parts(target) for module in part.modules()}
    names = []
    for name, module in target.named_modules():
        trains = any(parameter.requires_grad for parameter in module.parameters())
        chosen = not module.training and (id(module) in frozen or target.training)
        if not trains and (chosen or moves(module)):
            names.append(name)
    return names


_PLAIN = (Tensor, int, float, complex, str, bytes, torch.dtype, torch.device, type(None))


class _Once(nn.Module):
    """Mixin for a frozen module: returns the remembered outputs for inputs it has seen."""

    _seen: list[tuple[Any, Any]]
    _recording: list[bool]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        given = args, kwargs
        if not _is_plain(given):
            return super().__call__(*args, **kwargs)
        for seen, outputs in self._seen:
            if _same(seen, given):
                return _copies(outputs)  # the caller may change them in place
        if not self._recording:
            return super().__call__(*args, **kwargs)
        seen = _copies(given)
        outputs = super().__call__(*args, **kwargs)
        if _is_plain(outputs) and _same(seen, given):  # else it changed its inputs in place
            self._seen.append((seen, _copies(outputs)))
        return outputs


class Once:
    """A target whose frozen parts are computed for the first network and reused for the others.

    Attributes:
        target: To be called in place of the one given, which is left unchanged. Parts in training
            mode, which may draw random numbers, are computed every time.
    """

    def __init__(self, target: nn.Module) -> None:
        self._recording = [True]
        self.target = structure_of(target)
        for _, part in list(frozen_parts(self.target, foreign=True)):
            if isinstance(part, torch.jit.ScriptModule) or any(m.training for m in part.modules()):
                continue
            part._seen, part._recording = [], self._recording  # type: ignore[assignment]
            kind = type(part)
            part.__class__ = cast(type[nn.Module], type(kind.__name__, (_Once, kind), {}))

    def first_is_done(self) -> None:
        """Remember nothing more: what follows a generated layer differs between networks."""
        self._recording.clear()


def _is_plain(nest: Any) -> bool:
    """Whether a nested structure holds tensors and simple values alone, which can be compared."""
    return all(isinstance(leaf, _PLAIN) for leaf in tree_flatten(nest)[0])


def _same(one: Any, other: Any) -> bool:
    """Whether two nested structures hold the same values."""
    (ours, form), (theirs, other_form) = tree_flatten(one), tree_flatten(other)
    return form == other_form and all(
        _equal(a, b) if isinstance(a, Tensor) and isinstance(b, Tensor) else a is b or a == b
        for a, b in zip(ours, theirs, strict=True)
    )


def _equal(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are equal; False inside a function transform, which hides values."""
    if one.shape != other.shape or one.dtype != other.dtype or one.device != other.device:
        return False
    try:
        return torch.equal(one, other)
    except RuntimeError:
        return False


def _copies(nest: Any) -> Any:
    """A nested structure with its tensors copied."""
    return tree_map(lambda leaf: leaf.clone() if isinstance(leaf, Tensor) else leaf, nest)
