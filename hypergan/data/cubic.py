"""The regression of section 4.3: noisy points of a cubic."""

import torch
from torch import Tensor

SEED = 0
"""Seed of the 20 training points."""

NOISE = 3.0
"""Standard deviation of their noise."""

LIMIT = 4.0
"""Training inputs lie between -LIMIT and LIMIT."""


def points(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw inputs and targets (B, 1): x ~ U(-4, 4), y = x^3 + noise, noise ~ N(0, 3^2) (§4.3)."""
    inputs = LIMIT * (2 * torch.rand(count, 1, generator=generator) - 1)
    return inputs, inputs**3 + NOISE * torch.randn(count, 1, generator=generator)


def grid() -> tuple[Tensor, Tensor]:
    """Test inputs from -6 to 6 and their cubes, (241, 1) each."""
    inputs = torch.arange(-120, 121).unsqueeze(1) / 20
    return inputs, inputs**3
