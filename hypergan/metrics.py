"""What is measured of networks and of their predictions.

Shapes: N networks, B images, C classes.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from hypergan.errors import DataError
from hypergan.forward import Weights
from hypergan.layers import Layer
from hypergan.objective import require_class_indices


def accuracy(scores: Tensor, labels: Tensor) -> Tensor:
    """Share of images whose highest score is their label's, in percent.

    Args:
        scores: Logits or probabilities, (..., C).
        labels: Class indices, (...), or the last dimensions of that: (B,) where scores are
            (N, B, C).

    Raises:
        DataError: If the labels are not class indices of this shape.
    """
    expected = scores.shape[max(0, scores.dim() - 1 - labels.dim()) :]
    require_class_indices(labels.cpu(), scores.new_empty(()).expand(expected))
    return 100 * (scores.argmax(-1) == labels).float().mean()


def entropy(probabilities: Tensor) -> Tensor:
    r"""Predictive entropy :math:`-\sum_c p_c \log p_c` in nats (section 4.4).

    Args:
        probabilities: (..., C).

    Returns:
        (...), between 0 and log C; a class of probability 0 adds nothing.

    Raises:
        DataError: If they are no probabilities.
    """
    require_probabilities(probabilities)
    return torch.special.entr(probabilities).sum(-1)


def log_mixture(log_probabilities: Tensor) -> Tensor:
    """Logarithm of the networks' mean softmax: (N, B, C) to (B, C), exact where it underflows.

    The scoring rule of section 4.2, :meth:`hypergan.Ensemble.predict_proba`, in logarithms.
    """
    return log_probabilities.logsumexp(0) - math.log(len(log_probabilities))


def negative_log_likelihood(log_probabilities: Tensor, labels: Tensor) -> Tensor:
    """Mean over images of -log p(label), in nats, from (B, C) and (B,).

    Raises:
        DataError: If the labels are no class indices or the others no log probabilities.
    """
    require_class_indices(labels.cpu(), log_probabilities)
    require_probabilities(log_probabilities.exp(), "log_softmax(-1)")
    return F.nll_loss(log_probabilities, labels)


def brier_score(probabilities: Tensor, labels: Tensor) -> Tensor:
    """Mean squared distance to the one-hot labels, summed over classes: 0 to 2 (Brier, 1950).

    Args:
        probabilities: (B, C).
        labels: (B,).

    Raises:
        DataError: If the labels are no class indices or the others no probabilities.
    """
    require_class_indices(labels.cpu(), probabilities)
    require_probabilities(probabilities)
    return (probabilities - F.one_hot(labels, probabilities.shape[-1])).square().sum(-1).mean()


def calibration_error(probabilities: Tensor, labels: Tensor, bins: int = 15) -> Tensor:
    """Expected calibration error of the predicted class, 0 to 1 (Guo et al., 2017, Eq. 3).

    Args:
        probabilities: (B, C).
        labels: (B,).
        bins: Equal intervals of confidence.

    Raises:
        DataError: If the labels are no class indices or the others no probabilities.
    """
    require_class_indices(labels.cpu(), probabilities)
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


def require_probabilities(values: Tensor, by: str = "softmax(-1)") -> None:
    """Refuse values (..., C) that do not sum to one over the classes.

    Args:
        values: Probabilities.
        by: What makes the right thing of logits.

    Raises:
        DataError: If they are something else, such as logits.
    """
    sums = values.detach().sum(-1)
    if not bool((values >= 0).all() & ((sums - 1).abs() < 1e-2).all()):
        raise DataError(
            f"scores {tuple(values.shape)} are no probabilities that sum to one over the last "
            f"axis, the classes; take logits through {by} first"
        )


def uncertainty(log_mean: Tensor, mean_entropy: Tensor) -> dict[str, Tensor]:
    r"""How unsure an ensemble is of each image, (B,) a score; each grows with the doubt.

    Args:
        log_mean: Logarithm of the mean softmax, (B, C), see :func:`log_mixture`.
        mean_entropy: Mean of the networks' own entropies, (B,).

    Returns:
        ``entropy`` of the mean in nats (section 4.4); ``mutual_information`` in nats, that entropy
        without the networks' own, which is what they disagree about (Depeweg et al., 2018,
        Eq. 2); ``least_confidence``, 1 less the highest mean probability (Hendrycks and Gimpel,
        2017).
    """
    mean = log_mean.exp()
    total = entropy(mean)
    return {
        "entropy": total,
        "mutual_information": (total - mean_entropy).clamp_min(0),
        "least_confidence": (1 - mean.amax(-1)).clamp_min(0),
    }


def disagreement(log_probabilities: Tensor) -> Tensor:
    """Share of images that two networks put in different classes, the mean over all pairs.

    Args:
        log_probabilities: Or logits, or probabilities, (N, B, C) of two networks or more.

    Raises:
        DataError: If they have another form.
    """
    _require_networks(log_probabilities)
    networks, _, classes = log_probabilities.shape
    votes = F.one_hot(log_probabilities.argmax(-1), classes).sum(0)
    agreeing = (votes * (votes - 1)).sum(-1).double().mean()
    return 1 - agreeing / (networks * (networks - 1))


def pairwise_kl(log_probabilities: Tensor) -> Tensor:
    r"""Mean of KL(p_i || p_j) in nats over all ordered pairs of networks and all images.

    The sum over pairs is :math:`N \sum_i \sum_c p_{ic} \log p_{ic} - \sum_c (\sum_i p_{ic})
    (\sum_j \log p_{jc})`, so that no pair is ever looked at.

    Args:
        log_probabilities: (N, B, C) of two networks or more.

    Raises:
        DataError: If they are something else.
    """
    _require_networks(log_probabilities)
    require_probabilities(log_probabilities.exp(), "log_softmax(-1)")
    networks = len(log_probabilities)
    probabilities = log_probabilities.exp()
    own = networks * (probabilities * log_probabilities).sum((0, -1))
    crossed = (probabilities.sum(0) * log_probabilities.sum(0)).sum(-1)
    return (own - crossed).mean() / (networks * (networks - 1))


def _require_networks(scores: Tensor) -> None:
    """Refuse what is not (N, B, C) of two networks or more."""
    if scores.dim() != 3 or len(scores) < 2:
        raise DataError(
            f"scores {tuple(scores.shape)} are not those of two networks or more, (N, B, C); "
            "give ensemble.predict(inputs) of an ensemble of that size"
        )


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


def mean_and_std(values: Tensor) -> dict[str, float]:
    """Mean and standard deviation of (N,) values."""
    return {"mean": float(values.mean()), "std": float(values.std())}
