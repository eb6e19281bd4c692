"""The last layer of a generator of large layers: chunks of weights that share one linear map.

Shapes: N networks, P weights, K chunks.
"""

from math import ceil

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SIZE = 4096
"""Weights per chunk; smaller layers keep a dense map."""

INNER = 64
"""Width of the hidden layer before a chunk's weights."""


class Chunks(nn.Module):
    r"""Features f (N, hidden) to weights (N, P) in K chunks: :math:`W \mathrm{relu}(Af + e_k) + b`.

    One map W makes all chunks, distinguished by learned embeddings :math:`e_k` (Ha et al., 2017,
    section 3.1; von Oswald et al., 2020); every weight has its own bias b, which centres the
    networks. A dense layer has hidden x P parameters, this one little more than P.

    Args:
        hidden: Number of features.
        centre: Initial mean of the weights, (P,).
        std: Initial standard deviation of each weight over networks.
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
        """Set the mean and spread of the weights, for features that are ReLUs of N(0, 1)."""
        features = torch.randn(256, self.project.in_features, dtype=centre.dtype).relu()
        inner = F.relu(self.project(features).unsqueeze(1) + self.embeddings[:16])
        self.weight.mul_(std / F.linear(inner, self.weight).std(0).mean())
        mean = F.relu(self.project(features).unsqueeze(1) + self.embeddings).mean(0)
        self.bias.copy_(centre - F.linear(mean, self.weight).flatten()[: len(centre)])

    def forward(self, features: Tensor) -> Tensor:
        """Features (N, hidden) to weights (N, P)."""
        inner = F.relu(self.project(features).unsqueeze(1) + self.embeddings)  # (N, K, inner)
        return F.linear(inner, self.weight).flatten(1)[:, : len(self.bias)] + self.bias
