"""Adversarial examples against ensembles: FGSM, PGD, and PGD over fresh draws (section 4.5).

All work in pixel space: images lie in [0, 1] before and after an attack, and ``eps`` is the largest
change to a pixel (L-infinity). Shapes: N networks, B images, C classes.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor, nn

from hypergan.ensemble import Ensemble
from hypergan.errors import DataError, SettingsError, require_at_least
from hypergan.forward import explained
from hypergan.kinds import require_kinds
from hypergan.metrics import Labels, log_mixture
from hypergan.objective import require_class_indices
from hypergan.precision import Precision, products_in
from hypergan.randomness import require_generator

Victim = Callable[[Tensor], Iterator[Tensor]]
"""Maps images (B, channels, H, W) in pixels to its networks' logits, in parts (n, B, C).

Each part's graph can be freed before the next is computed, so that memory does not grow with N.
"""

_PASSES_AT_ONCE = 1000
"""Images times networks per graph, at about 300 kB each for the paper's targets.

With 200, the gradient for 100 images over ten networks takes one core 1.45 times as long.
"""


def in_pixels(
    draw: Callable[[], Ensemble],
    mean: Sequence[float] | float,
    std: Sequence[float] | float,
    *,
    precision: Precision = "auto",
) -> Victim:
    """Make an ensemble a victim that takes pixels.

    >>> network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 3))
    >>> weights = {"1.weight": torch.randn(5, 3, 4), "1.bias": torch.zeros(5, 3)}
    >>> ensemble = Ensemble(network, weights)
    >>> victim = in_pixels(lambda: ensemble, mean=[0.5], std=[0.5])
    >>> fgsm(victim, torch.rand(2, 1, 2, 2), torch.tensor([0, 1]), eps=0.1).shape
    torch.Size([2, 1, 2, 2])

    Args:
        draw: Returns the ensemble; called at every forward pass, so it may return a new one.
        mean: Mean per channel, or of all: the networks expect ``(pixel - mean) / std``.
        std: Standard deviation per channel, or of all.
        precision: Precision of matrix products, see :func:`hypergan.precision.products_in`.

    The victim raises DataError for images that are not (B, channels, H, W) in [0, 1] or that the
    networks do not accept, and SettingsError if ``draw`` returns no ensemble.

    Raises:
        SettingsError: If ``draw`` is a module instead of a function, or mean and std are not as
            many finite numbers, std above 0.
    """
    if isinstance(draw, nn.Module):
        raise SettingsError(
            f"draw is a module ({type(draw).__name__}); give a function that returns an ensemble, "
            "lambda: ensemble, or lambda: model.ensemble(10) for new networks at every pass"
        )
    centre, scale = _per_channel(mean), _per_channel(std)
    if len(centre) != len(scale) or not bool((scale > 0).all()):
        raise SettingsError(
            f"mean is {mean} and std {std}; give as many numbers of each, std above 0"
        )

    def victim(images: Tensor) -> Iterator[Tensor]:
        _require_pixels(images)
        if len(centre) not in (1, images.shape[1]):
            raise DataError(
                f"images {tuple(images.shape)} do not have the {len(centre)} channels that are "
                "normalised; give in_pixels one mean and one std per channel"
            )
        with torch.no_grad():
            ensemble = draw()
        if not isinstance(ensemble, Ensemble):
            raise SettingsError(
                f"draw returned a {type(ensemble).__name__} instead of an ensemble; return "
                "model.ensemble(n), or for one network a slice such as ensemble[:1]"
            )
        n = max(1, _PASSES_AT_ONCE // len(images))
        for i in range(0, len(ensemble), n):
            inputs = ((images - centre.to(images)) / scale.to(images)).to(ensemble.device)
            with (
                products_in(precision, ensemble.device),
                explained(ensemble.target, inputs, ensemble.dtype),
            ):
                logits = ensemble[i : i + n](inputs)
            yield logits.to(images.device)

    return victim


def _per_channel(values: Sequence[float] | float) -> Tensor:
    """Numbers as a tensor (channels, 1, 1).

    Raises:
        SettingsError: If they are no finite numbers.
    """
    with suppress(TypeError, ValueError, RuntimeError):
        numbers = torch.as_tensor(values, dtype=torch.float64)
        if numbers.isfinite().all():
            return numbers.reshape(-1, 1, 1)
    raise SettingsError(f"mean or std is {values!r}; give one finite number per channel")


@torch.no_grad()
def fgsm(victim: Victim, images: Tensor, labels: Labels, eps: float) -> Tensor:
    r"""Fast gradient sign method (Goodfellow et al., 2015): one step of :math:`\epsilon`.

    :math:`x' = \mathrm{clip}(x + \epsilon \, \mathrm{sign} \nabla_x L(x, y))`, L being the
    negative log-likelihood of the mean softmax.

    Args:
        victim: The networks under attack.
        images: (B, channels, H, W) in [0, 1].
        labels: (B,).
        eps: Size of the change to each pixel.

    Returns:
        The adversarial examples, like ``images``.

    Raises:
        DataError: If the images are not (B, channels, H, W) in [0, 1], or the labels not their
            class indices.
        SettingsError: If eps is not 0 or more.
    """
    labels = _require_attackable(images, labels, eps=eps)
    gradient, _ = _ascent(victim, images, labels)
    return (images + eps * gradient.sign()).clamp(0, 1)


@torch.no_grad()
def pgd(
    victim: Victim,
    images: Tensor,
    labels: Labels,
    eps: float,
    *,
    steps: int,
    step: float | None = None,
    restarts: int = 1,
    until_fooled: bool = True,
    generator: torch.Generator | None,
) -> Tensor:
    r"""Projected gradient descent in the L-infinity ball (Madry et al., 2018).

    :math:`x \leftarrow \mathrm{clip}(x + \alpha \, \mathrm{sign} \nabla_x L(x, y))` onto the ball
    of radius :math:`\epsilon` around the image and onto [0, 1]. If the victim draws new networks at
    every forward pass, the gradient is that of the expectation over draws (EOT; Athalye et al.,
    2018).

    Args:
        victim: The networks under attack.
        images: (B, channels, H, W) in [0, 1].
        labels: (B,).
        eps: Largest change to a pixel.
        steps: Steps per start.
        step: Step size, by default 2.5 eps / steps.
        restarts: Number of starts. For each image, the attempt with the lowest mean probability of
            the label is kept or, with ``until_fooled``, the first that fools all networks, if any.
        until_fooled: Stop changing an image once it fools every network and their mean softmax, as
            in section 4.5. Choose False for a victim that draws new networks, where one lucky draw
            would end the attack.
        generator: Source of the uniform starts in the ball; None to start at the images.

    Returns:
        The adversarial examples, like ``images``.

    Raises:
        DataError: If the images are not (B, channels, H, W) in [0, 1], or the labels not their
            class indices.
        SettingsError: If eps or step is not 0 or more, steps or restarts not 1 or more, or the
            generator no source of randomness.
    """
    labels = _require_attackable(images, labels, eps=eps, step=step, steps=steps, restarts=restarts)
    require_generator(generator)
    step = 2.5 * eps / steps if step is None else step
    low, high = (images - eps).clamp_min(0), (images + eps).clamp_max(1)
    best, strength = images.clone(), images.new_full((len(images),), -torch.inf)
    todo = torch.arange(len(images))
    for _ in range(restarts):
        tried = images[todo]
        if generator is not None:
            noise = torch.rand(tried.shape, generator=generator, device=generator.device)
            tried = tried + eps * (2 * noise.to(tried) - 1)
            tried = tried.clamp(low[todo], high[todo])
        moving = torch.arange(len(todo))
        for _ in range(steps):
            own = todo[moving]
            gradient, fooled = _ascent(victim, tried[moving], labels[own])
            if until_fooled:
                moving, own, gradient = moving[~fooled], own[~fooled], gradient[~fooled]
            if not len(moving):
                break
            moved = tried[moving] + step * gradient.sign()
            tried[moving] = moved.clamp(low[own], high[own])
        fooled, probability = _outcome(victim, tried, labels[todo])
        reached = (fooled.float() - probability if until_fooled else -probability).to(strength)
        better = reached > strength[todo]
        best[todo[better]], strength[todo[better]] = tried[better], reached[better]
        if until_fooled:
            todo = todo[~fooled]
        if not len(todo):
            break
    return best


_LEAST = {"eps": 0, "step": 0, "steps": 1, "restarts": 1}
"""Lower bounds of an attack's numbers."""


def _require_attackable(images: Tensor, labels: Labels, **numbers: Any) -> Tensor:
    """Refuse what no attack can start from; return the labels as int64, beside the images.

    Raises:
        DataError: If the images are not pixels as floats, or the labels not one integer per image.
        SettingsError: If a number has another type, or is too low.
    """
    kind = getattr(images, "dtype", None)
    if not isinstance(kind, torch.dtype) or not kind.is_floating_point:
        raise DataError(
            f"the images are a {type(images).__name__} of {kind}; give a tensor of floats from 0 "
            "to 1, torch.as_tensor(images).float(), divided by 255 if they are bytes"
        )
    _require_pixels(images)
    for name, number in numbers.items():
        plain = number.item() if isinstance(number, Tensor) and not number.dim() else number
        require_kinds(pgd, {name: plain})
        require_at_least(_LEAST[name], **{name: plain})
    labels = torch.as_tensor(labels)
    if labels.shape != images.shape[:1] or labels.is_floating_point():
        raise DataError(
            f"labels {tuple(labels.shape)} of {labels.dtype} are not the classes of "
            f"{len(images)} images; give one class index per image, (B,)"
        )
    return labels.to(images.device, torch.long)


def _require_pixels(images: Tensor) -> None:
    """Refuse images whose values are not pixels.

    Raises:
        DataError: If they are not (B, channels, H, W) in [0, 1].
    """
    if images.dim() != 4 or not len(images):
        raise DataError(
            f"images {tuple(images.shape)} are not (B, channels, height, width); give a batch of "
            "one or more images of that shape"
        )
    if not bool((images.detach() >= 0).all() & (images.detach() <= 1).all()):
        raise DataError(
            f"images run from {images.min():.3g} to {images.max():.3g} instead of 0 to 1; give "
            "pixels, and pass their normalisation to in_pixels as mean and std"
        )


def _ascent(victim: Victim, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Gradient of -log(mean softmax of the label), and which images fool everyone, (B,).

    Everyone is every network and their mean softmax. The gradients are summed over parts, weighted
    by exp(part - total), as the derivative of the logarithm of a sum requires.
    """
    images = images.detach().requires_grad_()
    gradient, mixture = torch.zeros_like(images), torch.tensor(-torch.inf)
    standing = torch.zeros(len(images), dtype=torch.bool)
    with torch.enable_grad():
        for logits in victim(images):
            _require_classes(logits)
            part = logits.log_softmax(-1).logsumexp(0)
            (own,) = torch.autograd.grad(_of_label(part, labels).sum(), images)
            total = torch.logaddexp(mixture, part.detach())
            before, now = (_of_label(x - total, labels).exp() for x in (mixture, part.detach()))
            gradient = gradient * _column(before) - own * _column(now)
            mixture = total
            standing |= (logits.argmax(-1) == labels).any(0)
    return gradient, ~standing & (mixture.argmax(-1) != labels)


def _require_classes(logits: Tensor) -> None:
    """Refuse logits (n, B, C) that no attack can change the class of.

    Raises:
        DataError: If there is only one class.
    """
    if logits.dim() != 3 or logits.shape[-1] < 2:
        raise DataError(
            f"the networks' outputs are {tuple(logits.shape[1:])}; an attack needs logits (B, C) "
            "of two classes or more"
        )


def _outcome(victim: Victim, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Which images fool everyone, and the mean probability of their label, (B,) each."""
    log_probabilities = torch.cat([part.log_softmax(-1) for part in victim(images)])
    mixture = log_mixture(log_probabilities)
    fooled = (log_probabilities.argmax(-1) != labels).all(0) & (mixture.argmax(-1) != labels)
    return fooled, _of_label(mixture, labels).exp()


def _of_label(values: Tensor, labels: Tensor) -> Tensor:
    """The values (B, C) at the labels, (B,).

    Raises:
        DataError: If a label is no class of these.
    """
    try:
        return values.gather(-1, labels.unsqueeze(-1)).squeeze(-1)
    except RuntimeError:  # the number of classes is not known before
        require_class_indices(labels, values)
        raise


def _column(values: Tensor) -> Tensor:
    """Reshape (B,) so that it multiplies images."""
    return values.view(-1, 1, 1, 1)
