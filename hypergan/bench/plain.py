"""What people would write: the contenders, without any of this package's optimisations."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.nn import functional as F

from hypergan.ensemble import Ensemble
from hypergan.model import HyperGAN


@torch.no_grad()
def one_after_another(ensemble: Ensemble, images: Tensor, batch_size: int = 100) -> Tensor:
    """Logits (N, B, C): each network's weights put into the target, images in default layout."""
    weights, target = ensemble.weights, ensemble.target
    return torch.stack(
        [
            torch.cat(
                [
                    functional_call(target, {k: v[i] for k, v in weights.items()}, batch)
                    for batch in images.split(batch_size)
                ]
            )
            for i in range(len(ensemble))
        ]
    )


@torch.no_grad()
def vectorised(ensemble: Ensemble, images: Tensor, batch_size: int = 100) -> Tensor:
    """Logits (N, B, C) using ``torch.func.vmap`` over the networks."""
    call = vmap(lambda weights, batch: functional_call(ensemble.target, weights, batch), (0, None))
    return torch.cat([call(ensemble.weights, batch) for batch in images.split(batch_size)], dim=1)


@torch.no_grad()
def as_modules(networks: list[nn.Module], images: Tensor, batch_size: int = 100) -> Tensor:
    """Logits (N, B, C) of separate modules."""
    return torch.stack(
        [torch.cat([network(batch) for batch in images.split(batch_size)]) for network in networks]
    )


@torch.no_grad()
def predict_proba(model: HyperGAN, images: Tensor, networks: int) -> Tensor:
    """Mean softmax (B, C) of so many networks, drawn a hundred at a time, used one by one."""
    total = torch.zeros(())
    for first in range(0, networks, 100):
        ensemble = model.ensemble(min(100, networks - first))
        total = total + one_after_another(ensemble, images).softmax(-1).sum(0)
    return total / networks


def fgsm(ensemble: Ensemble, images: Tensor, labels: Tensor, eps: float) -> Tensor:
    """One step against the mean softmax of an ensemble, images (B, channels, H, W) in [0, 1]."""
    tried = images.clone().requires_grad_()
    weights = ensemble.weights
    each = [
        functional_call(ensemble.target, {k: v[i] for k, v in weights.items()}, tried).softmax(-1)
        for i in range(len(ensemble))
    ]
    F.nll_loss(torch.stack(each).mean(0).log(), labels).backward()
    assert tried.grad is not None
    return (images + eps * tried.grad.sign()).clamp(0, 1)


def step(
    model: HyperGAN, networks: int, generator: torch.Generator, *, share_images: bool = True
) -> Callable[[Tensor, Tensor], None]:
    """A training step as in the authors' code, with its adversarial term corrected.

    All networks see the same images, or each its part, one after another; Adam with PyTorch's
    defaults, rate 1e-4.
    """
    players = [(n, p) for n, p in model.named_parameters() if not n.startswith("target.")]
    critic = [p for n, p in players if n.startswith("discriminator.")]
    makers = [p for n, p in players if not n.startswith("discriminator.")]
    maker_adam, critic_adam = torch.optim.Adam(makers, lr=1e-4), torch.optim.Adam(critic, lr=1e-4)

    def update(images: Tensor, labels: Tensor) -> None:
        assert model.discriminator is not None
        codes = model.codes(model.noise(networks, generator))
        weights = model.weights(codes)
        losses = []
        parts = list(zip(images.chunk(networks), labels.chunk(networks), strict=True))
        for i in range(networks):
            seen, truth = (images, labels) if share_images else parts[i]
            logits = functional_call(model.target, {k: v[i] for k, v in weights.items()}, seen)
            losses.append(F.cross_entropy(logits, truth))
        task_loss = torch.stack(losses).mean()
        objective = task_loss + model.beta * F.softplus(-model.discriminator(codes)).mean()
        maker_adam.zero_grad()
        objective.backward()
        maker_adam.step()
        prior = model.prior(networks, generator)
        separation = (
            F.softplus(-model.discriminator(prior)).mean()
            + F.softplus(model.discriminator(codes.detach())).mean()
        )
        critic_adam.zero_grad()
        separation.backward()
        critic_adam.step()

    return update
