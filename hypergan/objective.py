r"""The HyperGAN objective, one function per equation of section 3 (Ratzlaff and Li, 2019).

Everything works on logits: a probability rounded to 0 or 1 has no gradient.
Shapes: N networks, B inputs, C classes, L layers.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from hypergan.errors import DataError

Loss = Callable[[Tensor, Tensor], Tensor]
"""Maps outputs (N, B, ...) and targets (N, B, ...) to the loss of each network, (N,)."""


def expected_task_loss(loss: Loss, outputs: Tensor, targets: Tensor) -> Tensor:
    r"""Eq. 1: :math:`E_s E_{(x, y)} L(F(x; G(Q(s))), y)`, the mean over the networks of a step.

    Args:
        loss: A loss per network, such as :func:`cross_entropy`.
        outputs: Outputs of N generated networks, (N, B, ...).
        targets: Their targets, (N, B, ...).
    """
    return loss(outputs, targets).mean()


def hypergan_loss(task_loss: Tensor, distance: Tensor, beta: float) -> Tensor:
    r"""Eq. 2: the task loss plus :math:`\beta` times the distance of the codes from the prior.

    The paper writes :math:`-\beta D(Q(s), P)` with a discriminator loss D that the mixer
    maximises; :func:`adversarial_term` is small when the codes look like the prior, so it is added.
    """
    return task_loss + beta * distance


def discriminator_loss(prior_logits: Tensor, code_logits: Tensor) -> Tensor:
    r"""Eq. 3: :math:`-\sum_i (\log D(p_i) + \log(1 - D(z_i)))`, averaged over codes.

    The paper sums over the L layers; the mean gives beta the same meaning for every target.

    Args:
        prior_logits: The discriminator's logits of samples of the prior, any shape.
        code_logits: Its logits of the mixer's codes. Only the discriminator's parameters may
            follow the gradient: the mixer's would make the codes easier to tell from the prior.
    """
    return F.softplus(-prior_logits).mean() + F.softplus(code_logits).mean()


def adversarial_term(code_logits: Tensor) -> Tensor:
    r"""The mixer's side of Eq. 3, non-saturating: :math:`-\log D(z_i)`, averaged over codes.

    The gradient of :math:`\log(1 - D(z_i))` itself vanishes while the discriminator is confident
    (Goodfellow et al., 2014, section 3).
    """
    return F.softplus(-code_logits).mean()


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Eq. 4: mean cross entropy of each network.

    >>> cross_entropy(torch.zeros(2, 5, 4), torch.zeros(2, 5, dtype=torch.long))
    tensor([1.3863, 1.3863])

    Args:
        logits: (N, B, ..., C); an input may have several labels, such as one per token of a
            sequence.
        labels: Class indices, (N, B, ...).

    Returns:
        Nats per label, (N,).

    Raises:
        DataError: If the labels are not class indices of these shapes.
    """
    require_class_indices(labels, logits)
    losses = F.cross_entropy(logits.flatten(0, -2), labels.flatten().long(), reduction="none")
    return losses.unflatten(0, logits.shape[:-1]).flatten(1).mean(1)


def require_class_indices(labels: Tensor, scores: Tensor) -> None:
    """Refuse labels that are not one class index per input, counting from 0.

    Args:
        labels: Class indices, (..., B). Values on a GPU are not checked: reading them would stall.
        scores: Logits or probabilities, (..., B, C).

    Raises:
        DataError: If they have another shape, are not integers or not below C, or C is 1.
    """
    if labels.shape != scores.shape[:-1] or labels.is_floating_point():
        raise DataError(
            f"labels {tuple(labels.shape)} of {labels.dtype} are not class indices for outputs "
            f"{tuple(scores.shape)}; give one integer per input, (B,), or a loss for other "
            "targets: torch.nn.CrossEntropyLoss() for soft labels, mean_squared_error for numbers"
        )
    classes = scores.shape[-1]
    if classes == 1:
        raise DataError(
            f"outputs {tuple(scores.shape)} are of a single class, which always has probability 1; "
            "give the network two outputs, or for one logit use torch.nn.BCEWithLogitsLoss()"
        )
    if labels.device.type != "cpu" or not labels.numel():
        return
    least, most = (int(bound) for bound in labels.long().aminmax())
    if least < 0 or most >= classes:
        raise DataError(
            f"labels run from {least} to {most}, but outputs for {classes} classes are numbered "
            f"from 0 to {classes - 1}; renumber the labels, change the network's outputs, or leave "
            "some out with torch.nn.CrossEntropyLoss(ignore_index=...)"
        )


def mean_squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    """Eq. 5: mean squared error of each network.

    Args:
        outputs: (N, B, ...).
        targets: (N, B, ...).

    Returns:
        Squared units of the target, (N,).

    Raises:
        DataError: If the shapes differ: broadcasting would compare every output with every target.
    """
    if outputs.shape != targets.shape:
        raise DataError(
            f"outputs {tuple(outputs.shape)} and targets {tuple(targets.shape)} differ in shape; "
            "give targets the shape of the network's outputs, (B, 1) for one number per input"
        )
    return torch.square(outputs - targets).flatten(1).mean(1)
