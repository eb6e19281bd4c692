"""Adversarial posterior distillation (Wang et al., 2018, "Adversarial distillation of Bayesian
neural network posteriors"): a GAN learns the points of a Langevin chain.

Shapes: N networks, P weights.
"""  # noqa: D205

from typing import Any

import torch
from torch import Tensor, nn

from hypergan.baselines.sgld import SGLD, task_loss
from hypergan.baselines.wasserstein import gradient_penalty, wasserstein_distance
from hypergan.errors import SettingsError, require_at_least
from hypergan.forward import Weights
from hypergan.kinds import checked
from hypergan.model import mlp
from hypergan.posterior import Posterior
from hypergan.randomness import global_seed, normal
from hypergan.step import Step
from hypergan.training import Training
from hypergan.vectors import weights_of


class APD(Posterior):
    r"""A generator of weight vectors: noise (N, noise_dim) to points (N, P).

    The first ``sgld_steps`` updates are those of :class:`hypergan.baselines.sgld.SGLD`. Each later
    one trains the GAN on points that the chain kept, some steps of the critic and then one of the
    generator; the mini-batch then only scores a generated network for the history. Networks are
    drawn from the chain at first, and from the generator once the chain is done.

    Wang et al. train on the raw vectors, which takes many steps: the generator has to find the mean
    network before it can learn the much smaller fluctuations around it. With ``standardise`` it
    starts there and works in units of the fluctuations: a generated weight is its mean over the
    chain plus the generator's output times the root mean square fluctuation, one number for all
    weights. The critic sees vectors minus their mean, in units of their root mean square distance
    from it: the best critic has slope :math:`1 + W / 2 \lambda`, where W is the distance and
    :math:`\lambda` the weight of the gradient penalty, so W must not be much above 1.

    Args:
        target: Any module without running statistics. It is copied.
        sgld_steps: Updates of the chain before the GAN is trained.
        noise_dim: Length of the generator's noise.
        hidden: Units in each of the three hidden layers of generator and critic.
        rate: Learning rate of both; the training schedule applies to it too.
        penalty: Weight of the gradient penalty.
        critic_steps: Steps of the critic per step of the generator.
        points: Weight vectors per step.
        standardise: See above.
        generator: Source of the initialisation; by default PyTorch's global one.
        chain: Further arguments go to the chain.

    Raises:
        TargetError: If the target's weights cannot be sampled, or it cannot be copied.
        SettingsError: If a number is out of range, or the chain would keep fewer than two points.
    """

    centre: Tensor
    scale: Tensor

    @checked
    def __init__(
        self,
        target: nn.Module,
        sgld_steps: int = 20_000,
        *,
        noise_dim: int = 100,
        hidden: int = 100,
        rate: float = 1e-4,
        penalty: float = 10.0,
        critic_steps: int = 5,
        points: int = 64,
        standardise: bool = True,
        generator: torch.Generator | None = None,
        **chain: Any,
    ) -> None:
        super().__init__()
        require_at_least(
            1, noise_dim=noise_dim, hidden=hidden, critic_steps=critic_steps, points=points
        )
        require_at_least(0, rate=rate, penalty=penalty)
        self.sgld = SGLD(target, **chain)
        self.target = self.sgld.target
        kept = (sgld_steps - self.sgld.burn_in) // self.sgld.thinning
        if min(kept, len(self.sgld.kept)) < 2:
            raise SettingsError(
                f"after {sgld_steps} steps the chain has not kept the two points that a spread "
                "needs; raise sgld_steps or samples, or lower burn_in or thinning"
            )
        self.sgld_steps, self.noise_dim, self.rate = sgld_steps, noise_dim, rate
        self.penalty, self.critic_steps, self.points = penalty, critic_steps, points
        self.standardise = standardise
        size = len(self.sgld.position)
        with global_seed(generator):
            self.generator = mlp(noise_dim, hidden, hidden, hidden, size, batch_norm=False)
            self.critic = mlp(size, hidden, hidden, hidden, 1, batch_norm=False)
        for module in (self.generator, self.critic):
            module.to(self.sgld.position.dtype)
        self.register_buffer("centre", torch.zeros_like(self.sgld.position.detach()))
        self.register_buffer("scale", self.centre.new_ones(()))

    @property
    def distilling(self) -> bool:
        """Whether the chain is done."""
        return int(self.sgld.steps) >= self.sgld_steps

    @property
    def size(self) -> int | None:  # type: ignore[override]  # the generator has no limit
        """Number of different networks that the chain holds; None once the generator makes them."""
        return None if self.distilling else self.sgld.size

    @property
    def settings(self) -> dict[str, Any]:
        """Settings that change training, but not the shapes of the parameters."""
        return self.sgld.settings | {
            "sgld_steps": self.sgld_steps,
            "rate": self.rate,
            "penalty": self.penalty,
            "critic_steps": self.critic_steps,
            "points": self.points,
            "standardise": self.standardise,
        }

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator | None = None) -> Weights:
        """Weights of ``n`` generated networks or, while the chain runs, of ``n`` of its points.

        Raises:
            SettingsError: If ``n`` is below 1, or above what a running chain holds.
        """
        if not self.distilling:
            return self.sgld.sample(n, generator)
        self._check_count(n)
        vectors = self.centre + self.scale * self.generator(self._noise(n, generator))
        return weights_of(vectors, self.sgld.layers)

    def optimisers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        """The chain's, and Adam with Gulrajani et al.'s decay rates for generator and critic."""
        return self.sgld.optimisers(training) | {
            name: torch.optim.Adam(module.parameters(), lr=self.rate, betas=(0.5, 0.9), fused=True)
            for name, module in (("generator", self.generator), ("critic", self.critic))
        }

    def update(self, step: Step) -> dict[str, Tensor]:
        """Take a step of the chain, or of the GAN once the chain is done."""
        chain_is_done = self.distilling
        if chain_is_done:
            distance = self._distil(step)
            with torch.no_grad():
                _, history = task_loss(self.target, self.sample(1, step.generator), step)
            return history | {"wasserstein_distance": distance}
        history = self.sgld.update(step)
        if self.distilling and self.standardise:
            self._standardise()
        return history

    def _standardise(self) -> None:
        """Set ``centre`` and ``scale`` to the mean and overall spread of the chain's points."""
        self.centre.copy_(self.sgld.points.mean(0))
        self.scale.copy_((self.sgld.points - self.centre).square().mean().sqrt())

    def _distil(self, step: Step) -> Tensor:
        """Train the critic, then the generator; return the critic's distance estimate."""
        for _ in range(self.critic_steps):
            real = self._real(step.generator)
            with torch.no_grad():
                fake = self._fake(step.generator)
            mix = torch.rand(self.points, 1, generator=step.generator).to(real)
            distance = wasserstein_distance(self.critic, real, fake)
            smoothness = gradient_penalty(self.critic, real, fake, mix)
            step.descend("critic", self.penalty * smoothness - distance)
        step.descend("generator", -self.critic(self._fake(step.generator)).mean())
        return distance.detach()

    def _real(self, generator: torch.Generator) -> Tensor:
        """Random points of the chain as the critic sees them, (points, P)."""
        points = self.sgld.points
        chosen = torch.randint(len(points), (self.points,), generator=generator)
        return (points[chosen.to(points.device)] - self.centre) * (self._unit / self.scale)

    def _fake(self, generator: torch.Generator) -> Tensor:
        """Generated points as the critic sees them, (points, P)."""
        return self._unit * self.generator(self._noise(self.points, generator))

    @property
    def _unit(self) -> float:
        """Root mean square entry of a standardised vector of length 1."""
        return float(len(self.centre) ** -0.5) if self.standardise else 1.0

    def _noise(self, n: int, generator: torch.Generator | None) -> Tensor:
        """The generator's input, N(0, I), (n, noise_dim)."""
        noise = normal(n, self.noise_dim, generator=generator, device=self.centre.device)
        return noise.to(self.centre.dtype)
