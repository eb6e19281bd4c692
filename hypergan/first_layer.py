"""The first convolution of many networks as one matrix product.

Networks that see the same images look at the same patches of them, so that their first layers are
one, as wide as all of them together. That pays where gradients reach the images: for an image of
few channels a convolution's own backward pass is several times slower than a matrix product.

Shapes: N networks, B images, C channels, K pixels in a patch of all channels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

BY_CHANNEL = (nn.MaxPool2d, nn.AvgPool2d, nn.ReLU, nn.LeakyReLU, nn.ELU, nn.Tanh, nn.Sigmoid)
"""Modules without weights that treat every channel alike."""


@dataclass(frozen=True)
class FirstLayer:
    """How a plain stack of modules begins.

    Attributes:
        name: The name of its first convolution.
        convolution: That convolution.
        by_channel: The modules after it that are of :data:`BY_CHANNEL`.
        rest: The others, under their own names.
    """

    name: str
    convolution: nn.Conv2d
    by_channel: list[nn.Module]
    rest: nn.Sequential

    @classmethod
    def of(cls, target: nn.Module, weights: Mapping[str, Tensor]) -> FirstLayer | None:
        """The beginning of a target; None if it is no such stack.

        Args:
            target: The target.
            weights: Its generated parameters; the convolution's have to be among them, and others.
        """
        if type(target) is not nn.Sequential or not len(target):
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
        if any(m._forward_hooks or m._forward_pre_hooks or m in rest.modules() for m in touched):
            return None
        own = {f"{name}.{parameter}" for parameter, _ in convolution.named_parameters()}
        first = cls(name, convolution, by_channel, rest)
        return first if own <= weights.keys() and first.others(weights) else None

    def others(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The generated parameters of the rest."""
        names = dict(self.rest.named_children())
        return {name: w for name, w in weights.items() if name.partition(".")[0] in names}

    def patches(self, images: Tensor) -> Tensor:
        """What the convolution sees at each place, (B, C, H, W) to (B, places, K)."""
        layer = self.convolution
        assert not isinstance(layer.padding, str)
        return F.unfold(
            images, layer.kernel_size, layer.dilation, layer.padding, layer.stride
        ).transpose(1, 2)

    def outputs(self, weights: Mapping[str, Tensor], images: Tensor) -> Iterator[Tensor]:
        """What enters the rest of each network, (B, channels, height, width), one by one.

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
        image = wide.transpose(1, 2).unflatten(2, size)  # its memory: channels last
        for module in self.by_channel:
            image = module(image)
        own = image.permute(0, 2, 3, 1).unflatten(3, (networks, channels)).permute(3, 0, 1, 2, 4)
        for each in own.contiguous():
            yield each.permute(0, 3, 1, 2)
