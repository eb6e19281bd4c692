"""What is measured of networks and of their predictions.

Shapes: N networks, B images, C classes.
"""

import torch
from torch import Tensor

from hypergan.ensemble import Weights
from hypergan.layers import Layer


def accuracy(scores: Tensor, labels: Tensor) -> Tensor:
    """Share of images whose highest score is their label's, in percent.

    Args:
        scores: Logits or probabilities, (..., C).
        labels: Class indices, (...) or what broadcasts to it.
    """
    return 100 * (scores.argmax(-1) == labels).float().mean()


def entropy(probabilities: Tensor) -> Tensor:
    r"""Predictive entropy :math:`-\sum_c p_c \log p_c` in nats (section 4.4).

    Args:
        probabilities: (..., C).

    Returns:
        (...), between 0 and log C; a class of probability 0 adds nothing.
    """
    return torch.special.entr(probabilities).sum(-1)


def layer_norms(weights: Weights, layers: list[Layer]) -> dict[str, Tensor]:
    """L2 norm of each layer's weights in each network, (N,) a layer (Table 1)."""
    return {
        layer.name: torch.cat(
            [weights[name].reshape(len(weights[name]), -1) for name in layer.shapes], dim=1
        ).norm(dim=1)
        for layer in layers
    }


def relative_std(values: Tensor) -> float:
    """Standard deviation over the mean, of (N,) values (Fig. 7); 0 for a single one."""
    return float(values.std() / values.mean()) if len(values) > 1 else 0.0
