"""Frozen parts of a target, such as a pretrained backbone: they are computed once.

They also keep the mode that the user chose, which decides how dropout and normalisation act.
"""

import operator
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_flatten, tree_map

from hypergan.attributes import is_pytorchs
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


@dataclass
class _Memory:
    """What is remembered of a frozen module.

    Attributes:
        target: The target that it is part of.
        recording: Not empty while outputs are remembered.
        seen: Arguments and outputs.
        held: What the module held at first, see :func:`_held`.
        changed: Not empty once one of its hooks has changed inputs or outputs.
    """

    target: nn.Module
    recording: list[bool]
    seen: list[tuple[Any, Any]] = field(default_factory=list)
    held: list[Any] = field(default_factory=list)
    changed: list[bool] = field(default_factory=list)


class _Once(nn.Module):
    """Mixin for a frozen module: returns the remembered outputs for inputs it has seen."""

    _memory: _Memory

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        memory, given = self._memory, (args, kwargs)
        if memory.changed or not _is_plain(given) or not _identical(_held(self), memory.held):
            return super().__call__(*args, **kwargs)
        for seen, outputs in memory.seen:
            if _same(seen, given):
                return _copies(outputs)  # the caller may change them in place
        if not memory.recording:
            return super().__call__(*args, **kwargs)
        seen, held = _copies(given), _held(memory.target)
        outputs = super().__call__(*args, **kwargs)
        unchanged = _same(seen, given) and _identical(_held(memory.target), held)
        pure = not memory.changed and not _generated(outputs, given)
        if _is_plain(outputs) and unchanged and pure:
            memory.seen.append((seen, _copies(outputs)))
        return outputs


class Once:
    """A target whose frozen parts are computed for the first network and reused for the others.

    Attributes:
        target: To be called in place of the one given, which is left unchanged. Computed every time
            are parts in training mode, which may draw random numbers, parts whose hooks change
            outputs, and those that keep something in the target, are given something other than
            arguments, or reach generated weights.
    """

    def __init__(self, target: nn.Module) -> None:
        self._recording = [True]
        self.target = structure_of(target)
        for _, part in list(frozen_parts(self.target, foreign=True)):
            if isinstance(part, torch.jit.ScriptModule) or any(map(_is_varied, part.modules())):
                continue
            memory = part._memory = _Memory(self.target, self._recording)  # type: ignore[assignment]
            kind = type(part)
            part.__class__ = cast(type[nn.Module], type(kind.__name__, (_Once, kind), {}))
            for module in part.modules():
                _watch(module._forward_hooks, memory.changed)
                _watch(module._forward_pre_hooks, memory.changed)
            memory.held = _held(part)

    def first_is_done(self) -> None:
        """Remember nothing more: what follows a generated layer differs between networks."""
        self._recording.clear()


def _is_varied(module: nn.Module) -> bool:
    """Whether a module's outputs may differ between calls with the same arguments."""
    return module.training or any(map(_trains, _inside(vars(module))))


def _watch(hooks: dict[int, Any], changed: list[bool]) -> None:
    """Note when one of a part's hooks changes its inputs or outputs."""

    def watched(hook: Any, *args: Any, **kwargs: Any) -> Any:
        if (found := hook(*args, **kwargs)) is not None:
            changed.append(True)
        return found

    for name, hook in hooks.items():
        hooks[name] = partial(watched, hook)


def _trains(value: Any) -> bool:
    """Whether something that is no submodule holds weights that may be generated."""
    tensors = value.parameters() if isinstance(value, nn.Module) else [value]
    return any(isinstance(each, Tensor) and each.requires_grad for each in tensors)


def _held(part: nn.Module) -> list[Any]:
    """What the modules of users in a part hold: attributes, and what is in their containers."""
    return [
        each
        for module in part.modules()
        if not is_pytorchs(module)
        for each in _inside({k: v for k, v in vars(module).items() if k != "_memory"})
    ]


def _inside(own: dict[str, Any]) -> Iterator[Any]:
    """Yield a module's attributes, and what lies in those that are containers."""
    for value in own.values():
        yield value
        if isinstance(value, dict):
            yield from value.values()
        elif isinstance(value, list | tuple | set):
            yield from value


def _identical(ours: list[Any], theirs: list[Any]) -> bool:
    return len(ours) == len(theirs) and all(map(operator.is_, ours, theirs))


def _generated(outputs: Any, given: Any) -> bool:
    """Whether outputs have a gradient that their inputs do not explain."""
    return any(map(_trains, tree_flatten(outputs)[0])) and not any(
        map(_trains, tree_flatten(given)[0])
    )


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
