"""What a forward pass keeps in its modules, such as a feature or a hidden state."""

import torch
from torch import nn


def is_pytorchs(module: nn.Module) -> bool:
    """Whether a module's class comes with PyTorch, whose forward passes keep nothing unseen."""
    return type(module).__module__.startswith("torch.")


class Attributes:
    """The attributes of a target's modules, to be put back after each network.

    Else what one network keeps would reach the next. Modules of PyTorch keep nothing.
    """

    def __init__(self, target: nn.Module) -> None:
        self._before = [
            (held, dict(held))
            for module in ([] if torch.compiler.is_compiling() else target.modules())
            if not is_pytorchs(module)
            for held in (vars(module), module._buffers)
        ]

    def put_back(self) -> None:
        """Set them to what they were."""
        for held, before in self._before:
            for name in held.keys() - before.keys():
                del held[name]
            held.update(
                {name: value for name, value in before.items() if held.get(name) is not value}
            )
