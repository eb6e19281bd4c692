"""Metrics of networks and of their predictions.

Shapes: N networks, B images, C classes.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from hypergan.errors import DataError, require_at_least
from hypergan.forward import Weights
from hypergan.kinds import require_kinds
from hypergan.layers import Layer
from hypergan.objective import require_class_indices

Labels = Tensor | np.ndarray[Any, Any] | Sequence[int]
"""Class indices, of any type of integer and on any device."""


def accuracy(scores: Tensor, labels: Labels) -> Tensor:
    """Share of images whose highest score is their label's, in percent.

    >>> accuracy(torch.tensor([[0.9, 0.1], [0.8, 0.2]]), torch.tensor([0, 1]))
    tensor(50.)

    Args:
        scores: Logits or probabilities, (..., C).
        labels: Class indices, (...) or its last dimensions, such as (B,) for scores (N, B, C).

    Returns:
        The share; NaN if a score is.

    Raises:
        DataError: If the labels are not class indices of this shape.
    """
    _require_tensor(scores)
    labels = torch.as_tensor(labels)
    expected = scores.shape[max(0, scores.dim() - 1 - labels.dim()) :]
    labels = _indices(labels, scores.new_empty(()).expand(expected))
    right = (scores.argmax(-1) == labels).float()
    return 100 * right.masked_fill(scores.isnan().any(-1), torch.nan).mean()


def entropy(probabilities: Tensor) -> Tensor:
    r"""Predictive entropy :math:`-\sum_c p_c \log p_c` in nats (section 4.4).

    >>> entropy(torch.tensor([[0.5, 0.5], [1.0, 0.0]]))
    tensor([0.6931, 0.0000])

    Args:
        probabilities: (..., C).

    Returns:
        (...), between 0 and log C; a class of probability 0 adds nothing.

    Raises:
        DataError: If they are not probabilities.
    """
    require_probabilities(probabilities)
    return torch.special.entr(probabilities).sum(-1)


def log_mixture(log_probabilities: Tensor) -> Tensor:
    """Logarithm of the networks' mean softmax, (N, B, C) to (B, C), safe from underflow.

    The scoring rule of section 4.2, :meth:`hypergan.Ensemble.predict_proba`, in logarithms.
    """
    return log_probabilities.logsumexp(0) - math.log(len(log_probabilities))


def negative_log_likelihood(log_probabilities: Tensor, labels: Labels) -> Tensor:
    """Mean over images of -log p(label), in nats, from (B, C) and (B,).

    Raises:
        DataError: If the labels are not class indices, or the scores not log probabilities.
    """
    labels = _indices(labels, log_probabilities)
    require_probabilities(log_probabilities.exp(), "log_softmax(-1)")
    return F.nll_loss(log_probabilities, labels)


def brier_score(probabilities: Tensor, labels: Labels) -> Tensor:
    """Mean squared distance to the one-hot labels, summed over classes: 0 to 2 (Brier, 1950).

    >>> brier_score(torch.tensor([[1.0, 0.0], [0.5, 0.5]]), torch.tensor([0, 1]))
    tensor(0.2500)

    Args:
        probabilities: (B, C).
        labels: (B,).

    Raises:
        DataError: If the labels are not class indices, or the scores not probabilities.
    """
    labels = _indices(labels, probabilities)
    require_probabilities(probabilities)
    return (probabilities - F.one_hot(labels, probabilities.shape[-1])).square().sum(-1).mean()


def calibration_error(probabilities: Tensor, labels: Labels, bins: int = 15) -> Tensor:
    """Expected calibration error of the predicted class, 0 to 1 (Guo et al., 2017, Eq. 3).

    >>> calibration_error(torch.tensor([[0.75, 0.25], [0.75, 0.25]]), torch.tensor([0, 1]))
    tensor(0.2500)

    Args:
        probabilities: (B, C).
        labels: (B,).
        bins: Number of confidence bins of equal width.

    Raises:
        DataError: If the labels are not class indices, or the scores not probabilities.
        SettingsError: If there is not one bin or more.
    """
    require_kinds(calibration_error, {"bins": bins})
    require_at_least(1, bins=bins)
    labels = _indices(labels, probabilities)
    require_probabilities(probabilities)
    confidence, predicted = probabilities.clamp(0, 1).float().max(-1)
    edges = torch.linspace(0, 1, bins + 1, dtype=confidence.dtype, device=confidence.device)
    bin_of = torch.bucketize(confidence, edges, right=True) - 1

    def total(values: Tensor) -> Tensor:
        return values.new_zeros(bins + 1).scatter_add_(0, bin_of, values)

    count = total(torch.ones_like(confidence))
    sure = (total(confidence) / count).nan_to_num()
    right = (total((predicted == labels).to(confidence)) / count).nan_to_num()
    return ((right - sure).abs() * (count / count.sum())).sum()


def _require_tensor(scores: Tensor) -> None:
    """Refuse scores that are no tensor, such as an array.

    Raises:
        DataError: Says how to convert them.
    """
    if not isinstance(scores, Tensor):
        raise DataError(
            f"the scores are a {type(scores).__name__}; convert them with torch.as_tensor"
        )


def _indices(labels: Labels, scores: Tensor) -> Tensor:
    """The labels (..., B) of scores (..., B, C) as int64, on the scores' device.

    Raises:
        DataError: If they are not class indices of these shapes.
    """
    _require_tensor(scores)
    labels = torch.as_tensor(labels)
    require_class_indices(labels.cpu(), scores)
    return labels.to(scores.device, torch.long)


def require_probabilities(values: Tensor, by: str = "softmax(-1)") -> None:
    """Refuse values (..., C) that do not sum to one over the classes.

    Args:
        values: Probabilities.
        by: What turns logits into the right values, for the message.

    Raises:
        DataError: If they are something else, such as logits.
    """
    _require_tensor(values)
    sums = values.detach().sum(-1)
    if not bool((values >= 0).all() & ((sums - 1).abs() < 1e-2).all()):
        raise DataError(
            f"scores {tuple(values.shape)} are not probabilities that sum to one over the last "
            f"axis, the classes; apply {by} to logits first"
        )


def uncertainty(log_mean: Tensor, mean_entropy: Tensor) -> dict[str, Tensor]:
    r"""How uncertain an ensemble is of each image, (B,) per score; higher is less certain.

    Args:
        log_mean: Logarithm of the mean softmax, (B, C), see :func:`log_mixture`.
        mean_entropy: Mean of the networks' own entropies, (B,).

    Returns:
        ``entropy`` of the mean softmax, in nats (section 4.4); ``mutual_information``, that entropy
        less the networks' mean entropy, in nats, which measures how much they disagree (Depeweg et
        al., 2018, Eq. 2); ``least_confidence``, one minus the maximum of the mean softmax
        (Hendrycks and Gimpel, 2017).
    """
    mean = log_mean.exp()
    total = entropy(mean)
    return {
        "entropy": total,
        "mutual_information": (total - mean_entropy).clamp_min(0),
        "least_confidence": (1 - mean.amax(-1)).clamp_min(0),
    }


def disagreement(log_probabilities: Tensor) -> Tensor:
    """Share of images that two networks put in different classes, averaged over all pairs.

    >>> disagreement(torch.tensor([[[1.0, 0.0], [1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]])).item()
    0.5

    Args:
        log_probabilities: Log probabilities, logits or probabilities, (N, B, C) of two or more
            networks.

    Returns:
        The share; NaN if a score is.

    Raises:
        DataError: If they have another shape.
    """
    _require_networks(log_probabilities)
    networks, _, classes = log_probabilities.shape
    votes = F.one_hot(log_probabilities.argmax(-1), classes).sum(0)
    agreeing = (votes * (votes - 1)).sum(-1).double()
    agreeing = agreeing.masked_fill(log_probabilities.isnan().any(-1).any(0), torch.nan).mean()
    return 1 - agreeing / (networks * (networks - 1))


def pairwise_kl(log_probabilities: Tensor) -> Tensor:
    r"""Mean of KL(p_i || p_j) in nats over all ordered pairs of networks and all images.

    The sum over pairs is :math:`N \sum_i \sum_c p_{ic} \log p_{ic} - \sum_c (\sum_i p_{ic})
    (\sum_j \log p_{jc})`, which needs no loop over pairs.

    Args:
        log_probabilities: (N, B, C) of two or more networks.

    Returns:
        The mean; infinite if a network rules out a class that another does not.

    Raises:
        DataError: If they are something else.
    """
    _require_networks(log_probabilities)
    require_probabilities(log_probabilities.exp(), "log_softmax(-1)")
    networks = len(log_probabilities)
    probabilities = log_probabilities.exp()
    own = networks * _weighted(probabilities, log_probabilities).sum((0, -1))
    crossed = _weighted(probabilities.sum(0), log_probabilities.sum(0)).sum(-1)
    return (own - crossed).mean() / (networks * (networks - 1))


def _weighted(probabilities: Tensor, logarithms: Tensor) -> Tensor:
    """Their product, where a class of probability 0 adds nothing."""
    return (probabilities * logarithms).masked_fill(probabilities == 0, 0.0)


def _require_networks(scores: Tensor) -> None:
    """Refuse scores that are not (N, B, C) of two or more networks."""
    _require_tensor(scores)
    if scores.dim() != 3 or len(scores) < 2:
        raise DataError(
            f"scores {tuple(scores.shape)} are not those of two or more networks, (N, B, C); "
            "give ensemble.predict(inputs) of an ensemble of that size"
        )


def layer_norms(weights: Weights, layers: list[Layer]) -> dict[str, Tensor]:
    """L2 norm of each layer's weights in each network, (N,) per layer (Table 1)."""
    return {
        layer.name: torch.cat(
            [weights[name].reshape(len(weights[name]), -1) for name in layer.shapes], dim=1
        ).norm(dim=1)
        for layer in layers
    }


def relative_std(values: Tensor) -> float:
    """Standard deviation divided by the mean of (N,) values (Fig. 7); 0 for a single value.

    >>> relative_std(torch.tensor([1.0, 2.0, 3.0]))
    0.5
    """
    return float(values.std() / values.mean()) if len(values) > 1 else 0.0


def mean_and_std(values: Tensor) -> dict[str, float]:
    """Mean and standard deviation of (N,) values."""
    return {"mean": float(values.mean()), "std": float(values.std())}
