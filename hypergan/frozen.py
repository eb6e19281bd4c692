"""Parts of a target that train nothing: they keep their mode, and are computed once.

A pretrained backbone is one. Its owner chooses its mode, in which dropout and normalisation act.
"""

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_flatten, tree_map

from hypergan.layers import frozen_parts, moves, structure_of


def still(target: nn.Module) -> list[str]:
    """Names of the modules that stay in evaluation mode while the rest trains.

    Those of frozen parts whose owner put them there; those without parameters that he put there
    one by one, while the target as a whole was in training; and those that train nothing but
    would change state of their own, such as frozen batch normalisation.
    """
    frozen = {id(module) for _, part in frozen_parts(target) for module in part.modules()}
    names = []
    for name, module in target.named_modules():
        trains = any(parameter.requires_grad for parameter in module.parameters())
        chosen = not module.training and (id(module) in frozen or target.training)
        if not trains and (chosen or moves(module)):
            names.append(name)
    return names


class _Once(nn.Module):
    """Mixed into a frozen module: inputs that it has seen give what they gave."""

    _seen: list[tuple[Any, Any]]
    _recording: list[bool]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        given = args, kwargs
        for seen, outputs in self._seen:
            if _same(seen, given):
                return _copies(outputs)  # whoever gets them may change them in place
        if not self._recording:
            return super().__call__(*args, **kwargs)
        seen = _copies(given)
        outputs = super().__call__(*args, **kwargs)
        self._seen.append((seen, _copies(outputs)))
        return outputs


class Once:
    """A target whose frozen parts are computed for the first network and remembered for others.

    Attributes:
        target: To be called in place of the one given, which is left as it is. Parts in training
            mode, which may draw random numbers, are computed anew.
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
        """Remember nothing more: what follows a generated layer differs from network to network."""
        self._recording.clear()


def _same(one: Any, other: Any) -> bool:
    """Whether two nests of tensors and other things hold the same values."""
    (ours, form), (theirs, other_form) = tree_flatten(one), tree_flatten(other)
    return form == other_form and all(
        _equal(a, b) if isinstance(a, Tensor) and isinstance(b, Tensor) else a is b or a == b
        for a, b in zip(ours, theirs, strict=True)
    )


def _equal(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are alike; tensors of a function transform cannot be asked."""
    if one.shape != other.shape or one.dtype != other.dtype or one.device != other.device:
        return False
    try:
        return torch.equal(one, other)
    except RuntimeError:
        return False


def _copies(nest: Any) -> Any:
    """A nest with copies of its tensors."""
    return tree_map(lambda leaf: leaf.clone() if isinstance(leaf, Tensor) else leaf, nest)
