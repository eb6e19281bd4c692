"""All weights of a network as one vector, as samplers and plain GANs need them.

Shapes: N networks, P weights.
"""

from math import prod

import torch
from torch import Tensor, nn

from hypergan.ensemble import Weights
from hypergan.layers import layers_of


def vector_of(target: nn.Module) -> Tensor:
    """A copy of a target's own weights, (P,), in the order of its named parameters."""
    parameters = dict(target.named_parameters())
    return torch.cat([parameters[name].detach().flatten() for name in _shapes(target)])


def weights_of(vectors: Tensor, target: nn.Module) -> Weights:
    """Vectors (N, P) as the weights of N networks, each ``(N, *shape)``; views where possible."""
    shapes = _shapes(target)
    parts = vectors.split([prod(shape) for shape in shapes.values()], dim=1)
    return {
        name: part.reshape(len(vectors), *shape)
        for (name, shape), part in zip(shapes.items(), parts, strict=True)
    }


def _shapes(target: nn.Module) -> dict[str, tuple[int, ...]]:
    """Shape of each trainable parameter, by its name."""
    return {name: shape for layer in layers_of(target) for name, shape in layer.shapes.items()}
