"""Weights of a network, or of some of its layers, as one vector.

Shapes: N networks, P weights.
"""

from math import prod

import torch
from torch import Tensor, nn

from hypergan.forward import Weights
from hypergan.layers import Layer


def vector_of(target: nn.Module, layers: list[Layer]) -> Tensor:
    """A copy of a target's own weights, (P,), layer after layer."""
    parameters = dict(target.named_parameters())
    return torch.cat([parameters[name].detach().flatten() for name in _shapes(layers)])


def weights_of(vectors: Tensor, layers: list[Layer]) -> Weights:
    """Vectors (N, P) as weights of N networks, each ``(N, *shape)``; padding rows are constant."""
    shapes = _shapes(layers)
    parts = vectors.split([prod(shape) for shape in shapes.values()], dim=1)
    weights = {
        name: part.reshape(len(vectors), *shape)
        for (name, shape), part in zip(shapes.items(), parts, strict=True)
    }
    for layer in layers:
        for name, (row, parameter) in layer.padding.items():
            index = torch.tensor([row], device=vectors.device)
            kept = parameter.detach()[row].to(vectors)
            weights[name] = weights[name].index_copy(1, index, kept.expand(len(vectors), 1, -1))
    return weights


def _shapes(layers: list[Layer]) -> dict[str, tuple[int, ...]]:
    """Shape of each parameter, by its name."""
    return {name: shape for layer in layers for name, shape in layer.shapes.items()}
