"""The first convolution of many networks as one matrix product.

Networks that see the same images see the same patches, so their first layers can be computed as
one, as wide as all of them together. That pays when gradients flow to the images: with few input
channels, a convolution's own backward pass is several times slower than a matrix product.

Shapes: N networks, B images, C channels, K pixels in a patch of all channels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

BY_CHANNEL = (nn.MaxPool2d, nn.AvgPool2d, nn.ReLU, nn.LeakyReLU, nn.ELU, nn.Tanh, nn.Sigmoid)
"""Modules without weights that act on each channel separately."""


@dataclass(frozen=True)
class FirstLayer:
    """The start of an ``nn.Sequential`` whose first module is a convolution.

    Attributes:
        name: The name of the convolution.
        convolution: The convolution.
        by_channel: The modules right after it whose types are in :data:`BY_CHANNEL`.
        rest: The other modules, under their own names.
    """

    name: str
    convolution: nn.Conv2d
    by_channel: list[nn.Module]
    rest: nn.Sequential

    @classmethod
    def of(cls, target: nn.Module, weights: Mapping[str, Tensor]) -> FirstLayer | None:
        """The start of a target; None if it has another structure.

        Args:
            target: The target.
            weights: Its generated parameters, which must include the convolution's and others.
        """
        if type(target) is not nn.Sequential or not len(target) or _is_changed(target):
            return None
        if type(target[0]) is not nn.Conv2d:
            return None
        (name, convolution), *others = target.named_children()
        assert isinstance(convolution, nn.Conv2d)
        plain = convolution.groups == 1 and convolution.padding_mode == "zeros"
        if not plain or isinstance(convolution.padding, str):
            return None
        end = next((i for i, (_, m) in enumerate(others) if type(m) not in BY_CHANNEL), len(others))
        by_channel = [module for _, module in others[:end]]
        touched = [convolution, *by_channel]
        rest = target[1 + end :]
        if any(_is_changed(module) or module in rest.modules() for module in touched):
            return None
        own = {f"{name}.{parameter}" for parameter, _ in convolution.named_parameters()}
        first = cls(name, convolution, by_channel, rest)
        return first if own <= weights.keys() and first.others(weights) else None

    def others(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The generated parameters of ``rest``."""
        names = dict(self.rest.named_children())
        return {name: w for name, w in weights.items() if name.partition(".")[0] in names}

    def patches(self, images: Tensor) -> Tensor:
        """The patches that the convolution sees, (B, C, H, W) to (B, positions, K)."""
        layer = self.convolution
        assert not isinstance(layer.padding, str)
        return F.unfold(
            images, layer.kernel_size, layer.dilation, layer.padding, layer.stride
        ).transpose(1, 2)

    def outputs(self, weights: Mapping[str, Tensor], images: Tensor) -> Iterator[Tensor]:
        """Yield the input to the rest of each network, (B, channels, height, width).

        Args:
            weights: Parameters of N networks.
            images: (B, C, H, W).
        """
        weight, bias = weights[f"{self.name}.weight"], weights.get(f"{self.name}.bias")
        networks, channels = weight.shape[:2]
        wide = F.linear(
            self.patches(images),
            weight.reshape(networks * channels, -1),
            None if bias is None else bias.flatten(),
        )
        size = self.convolution(images[:0].detach()).shape[2:]
        image = wide.transpose(1, 2).unflatten(2, size)  # channels last in memory
        for module in self.by_channel:
            image = module(image)
        own = image.permute(0, 2, 3, 1).unflatten(3, (networks, channels)).permute(3, 0, 1, 2, 4)
        for each in own.contiguous():
            yield each.permute(0, 3, 1, 2)


def _is_changed(module: nn.Module) -> bool:
    """Whether a module has hooks, or a forward of its own instead of its class's."""
    own = vars(module)
    return "forward" in own or any(held for name, held in own.items() if name.endswith("_hooks"))
