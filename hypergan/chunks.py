"""The last layer of a generator for large layers: weights in chunks that share one map.

Shapes: N networks, P weights, K chunks.
"""

from math import ceil

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SIZE = 4096
"""Weights in a chunk; smaller layers keep a dense map."""

INNER = 64
"""Units in front of a chunk's weights."""


class Chunks(nn.Module):
    r"""Features f (N, hidden) to weights (N, P) in K chunks: :math:`W \mathrm{relu}(Af + e_k) + b`.

    One map W makes all chunks, told apart by learned embeddings :math:`e_k` (Ha et al., 2017,
    section 3.1; von Oswald et al., 2020); the bias b, where the networks are on average, is each
    weight's own. A dense layer has hidden x P numbers, this one little more than P.

    Args:
        hidden: Features.
        centre: Where the weights start, (P,).
        std: Standard deviation over networks of each weight at the start.
    """

    def __init__(self, hidden: int, centre: Tensor, std: float) -> None:
        super().__init__()
        dtype, (size,) = centre.dtype, centre.shape
        self.project = nn.Linear(hidden, INNER, dtype=dtype)
        self.embeddings = nn.Parameter(torch.randn(ceil(size / SIZE), INNER, dtype=dtype) / 2)
        self.weight = nn.Parameter(torch.randn(min(SIZE, size), INNER, dtype=dtype))
        self.bias = nn.Parameter(torch.zeros_like(centre))
        self._start_around(centre, std)

    @torch.no_grad()
    def _start_around(self, centre: Tensor, std: float) -> None:
        """Give the weights a mean and a spread, over features of a ReLU of normal numbers."""
        features = torch.randn(256, self.project.in_features, dtype=centre.dtype).relu()
        inner = F.relu(self.project(features).unsqueeze(1) + self.embeddings[:16])
        self.weight.mul_(std / F.linear(inner, self.weight).std(0).mean())
        mean = F.relu(self.project(features).unsqueeze(1) + self.embeddings).mean(0)
        self.bias.copy_(centre - F.linear(mean, self.weight).flatten()[: len(centre)])

    def forward(self, features: Tensor) -> Tensor:
        """Features (N, hidden) to weights (N, P)."""
        inner = F.relu(self.project(features).unsqueeze(1) + self.embeddings)  # (N, K, inner)
        return F.linear(inner, self.weight).flatten(1)[:, : len(self.bias)] + self.bias
