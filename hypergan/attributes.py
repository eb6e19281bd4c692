"""What a forward pass keeps in its modules, such as a feature or a hidden state."""

from typing import Any

import torch
from torch import nn


def is_pytorchs(module: nn.Module) -> bool:
    """Whether a module's class comes with PyTorch, whose forward passes keep nothing unseen."""
    return type(module).__module__.startswith("torch.")


class Attributes:
    """The attributes of a target's modules, to be put back after each network.

    Else what one network keeps would reach the next. So are the entries of dicts and lists among
    them. Modules of PyTorch keep nothing, unless a hook does it for them.
    """

    def __init__(self, target: nn.Module) -> None:
        modules = [] if torch.compiler.is_compiling() else [*target.modules()]
        hooked = any(module._forward_hooks or module._forward_pre_hooks for module in modules)
        kept = [vars(module) for module in modules if hooked or not is_pytorchs(module)]
        self._before = [(held, dict(held)) for held in kept]
        self._before += [(held["_buffers"], dict(held["_buffers"])) for held in kept]
        self._containers = [
            (each, each.copy())
            for held in kept
            for name, each in held.items()
            if isinstance(each, dict | list | set) and name not in _PYTORCHS
        ]

    def put_back(self) -> None:
        """Set them to what they were."""
        for container, copied in self._containers:
            if not _identical(container, copied):
                container.clear()
                (container.extend if isinstance(container, list) else container.update)(copied)
        for held, before in self._before:
            for name in held.keys() - before.keys():
                del held[name]
            held.update(
                {name: value for name, value in before.items() if held.get(name) is not value}
            )


_PYTORCHS = frozenset(vars(nn.Module()))
"""Attributes that every module has."""


def _identical(one: Any, other: Any) -> bool:
    """Whether two containers of one kind hold the same objects."""
    if len(one) != len(other):
        return False
    if isinstance(one, dict):
        return all(name in other and other[name] is value for name, value in one.items())
    if isinstance(one, set):
        return {*map(id, one)} == {*map(id, other)}
    return all(a is b for a, b in zip(one, other, strict=True))
