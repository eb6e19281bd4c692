r"""Stochastic gradient Langevin dynamics (Welling and Teh, 2011), over all weights of a target.

A step on a mini-batch whose mean loss is :math:`L(\theta)`, with rate :math:`\epsilon`, weight
decay :math:`\lambda`, temperature T and n training inputs, is

.. math:: \theta \leftarrow \theta - \tfrac{\epsilon}{2} (\nabla L(\theta) + \lambda \theta) + \xi,
    \qquad \xi \sim N(0, \epsilon T / n).

For small :math:`\epsilon` it samples :math:`p(\theta) \propto \exp(-U(\theta))` with
:math:`U = \frac{n}{T} (L(\theta) + \frac{\lambda}{2} \|\theta\|^2)`: Welling and Teh's Eq. 4 with
their step :math:`\epsilon T / n`. With the mean cross entropy and T = 1, the default, that is the
Bayesian posterior of all n inputs under the prior :math:`N(0, \frac{1}{n \lambda} I)`. With the
mean squared error it is the posterior under Gaussian noise of variance T / 2 and the prior
:math:`N(0, \frac{T}{n \lambda} I)`.

Shapes: N networks, B inputs, P weights.
"""

from typing import Any

import torch
from torch import Tensor, nn

from hypergan.errors import require_at_least
from hypergan.forward import Weights, forward_networks
from hypergan.kinds import checked
from hypergan.layers import copy_of, layers_of
from hypergan.memory import require_memory
from hypergan.objective import expected_task_loss
from hypergan.posterior import Posterior
from hypergan.randomness import normal, some_of
from hypergan.step import Step
from hypergan.training import Training
from hypergan.vectors import vector_of, weights_of


class SGLD(Posterior):
    """One Langevin chain that starts at the target's own weights, and the points kept from it.

    Of the training settings it uses the learning rate (the noise follows its schedule), the weight
    decay, ``max_gradient`` and ``precision``.

    >>> from hypergan import fit
    >>> chain = SGLD(nn.Linear(2, 3), samples=10, burn_in=5, thinning=1)
    >>> data = torch.randn(50, 2), torch.arange(50) % 3
    >>> history = fit(chain, data, Training(epochs=20), progress=False)
    >>> chain.size
    10

    Args:
        target: Any module without running statistics. It is copied.
        samples: Number of points kept, the most recent ones; their buffer is allocated at once.
        burn_in: Steps before points are kept.
        thinning: Steps from one kept point to the next.
        temperature: T of the equation above.
        generator: Not used: the chain starts at the target's weights.

    Raises:
        TargetError: If the target's weights cannot be sampled, or it cannot be copied.
        SettingsError: If ``samples`` or ``thinning`` is below 1, ``burn_in`` or ``temperature``
            below 0.
    """

    position: nn.Parameter
    kept: Tensor
    steps: Tensor

    @checked
    def __init__(
        self,
        target: nn.Module,
        samples: int = 1000,
        burn_in: int = 500,
        thinning: int = 20,
        *,
        temperature: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        require_at_least(1, samples=samples, thinning=thinning)
        require_at_least(0, burn_in=burn_in, temperature=temperature)
        self.burn_in, self.thinning, self.temperature = burn_in, thinning, temperature
        self.layers = layers_of(target)
        start = vector_of(target, self.layers)
        require_memory(
            samples * start.numel() * start.element_size(),
            start.device,
            f"a chain that keeps {samples} points of {len(start):,} weights",
            "keep fewer samples, or freeze a part of the target (requires_grad=False)",
        )
        self.target = copy_of(target)
        self.layers = layers_of(self.target)  # their padding rows are those that load() reads
        self.position = nn.Parameter(start)
        self.register_buffer("kept", start.new_zeros(samples, len(start)))
        self.register_buffer("steps", torch.tensor(0))

    @property
    def points(self) -> Tensor:
        """The points kept so far, (N, P); until there is one, the chain's current point, (1, P)."""
        after = int(self.steps) - self.burn_in
        if after < self.thinning:
            return self.position.detach().unsqueeze(0)
        return self.kept[: after // self.thinning]

    @property
    def size(self) -> int:  # type: ignore[override]  # it grows
        """Number of points held."""
        return len(self.points)

    @property
    def settings(self) -> dict[str, Any]:
        """Settings that change training, but not the shapes of the parameters."""
        return {
            "burn_in": self.burn_in,
            "thinning": self.thinning,
            "temperature": self.temperature,
        }

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator | None = None) -> Weights:
        """Weights of ``n`` different points of the chain.

        Raises:
            SettingsError: If ``n`` is below 1 or above the number of points held.
        """
        self._check_count(n, more="train with more steps, more samples or less thinning")
        points = self.points
        chosen = some_of(len(points), n, generator=generator, device=points.device)
        return weights_of(points[chosen], self.layers)

    def optimisers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        """The drift: plain gradient descent at half the rate."""
        drift = torch.optim.SGD(
            [self.position], lr=training.learning_rate / 2, weight_decay=training.weight_decay
        )
        return {"drift": drift}

    def update(self, step: Step) -> dict[str, Tensor]:
        """Take one Langevin step, and keep its end point if it is due."""
        weights = weights_of(self.position.unsqueeze(0), self.layers)
        with step.products():
            objective, history = task_loss(self.target, weights, step)
        step.descend("drift", objective)
        rate = 2 * step.optimisers["drift"].param_groups[0]["lr"]
        self._diffuse(rate * self.temperature / step.data_size, step.generator)
        self._keep()
        return history

    @torch.no_grad()
    def _diffuse(self, variance: float, generator: torch.Generator) -> None:
        """Add the noise of a step, N(0, variance I)."""
        noise = normal(len(self.position), generator=generator, device=self.position.device)
        self.position.add_(noise, alpha=variance**0.5)

    @torch.no_grad()
    def _keep(self) -> None:
        """Count the step; if a point is due, let it replace the oldest one."""
        self.steps += 1
        after = int(self.steps) - self.burn_in
        if after > 0 and after % self.thinning == 0:
            self.kept[(after // self.thinning - 1) % len(self.kept)] = self.position


def task_loss(target: nn.Module, weights: Weights, step: Step) -> tuple[Tensor, dict[str, Tensor]]:
    """Mean loss of N networks on a mini-batch that all of them see, and the values to report."""
    outputs = forward_networks(target, weights, step.inputs)
    targets = step.targets.expand(len(outputs), *step.targets.shape)
    value = expected_task_loss(step.loss, outputs, targets)
    return value, step.report(value, outputs, targets)
