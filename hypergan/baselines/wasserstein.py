r"""Losses of a Wasserstein GAN with gradient penalty (Gulrajani et al., 2017, Eq. 3).

Shapes: N points, P dimensions. A critic maps points (N, P) to scores (N, 1).
"""

from collections.abc import Callable

import torch
from torch import Tensor

Critic = Callable[[Tensor], Tensor]
"""Maps points (N, P) to scores (N, 1)."""


def wasserstein_distance(critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
    r""":math:`E\,D(x) - E\,D(\tilde x)`: the distance W_1 if D is the best critic of slope 1."""
    real_scores, fake_scores = critic(torch.cat([real, fake])).split([len(real), len(fake)])
    return real_scores.mean() - fake_scores.mean()


def gradient_penalty(critic: Critic, real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    r""":math:`E (\|\nabla D(\hat x)\| - 1)^2` at random points between real and generated ones.

    Args:
        critic: The critic D.
        real: Real points, (N, P).
        fake: Generated points, (N, P), detached.
        mix: How far each :math:`\hat x` lies from the generated to the real point, (N, 1), uniform
            on [0, 1].
    """
    between = torch.lerp(fake, real, mix).requires_grad_()
    (slopes,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return torch.square(slopes.norm(dim=1) - 1).mean()
