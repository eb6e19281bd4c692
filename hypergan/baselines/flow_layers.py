r"""Layers whose weights are Gaussian given multiplicative noise z, which follows a flow.

Louizos and Welling (2017), "Multiplicative normalizing flows for variational Bayesian neural
networks", https://arxiv.org/abs/1703.01961.

Shapes: N networks, B inputs in total, D numbers in z.
"""

from abc import ABC, abstractmethod
from math import log

import torch
from torch import Tensor, nn
from torch.distributions import Normal
from torch.nn import functional as F

from hypergan.baselines.flows import Flow
from hypergan.errors import TargetError
from hypergan.forward import Weights
from hypergan.randomness import normal


class FlowLayer(nn.Module, ABC):
    r"""A layer with posterior :math:`q(W) = \int q(W|z)\, q(z)\, dz`.

    Given z, weights are independent Gaussians :math:`N(z \mu, \sigma^2)`, with one z per input of
    a dense layer or per output channel of a convolution; :math:`q(z)` is a Gaussian transformed by
    a flow. Biases are Gaussian without z. All have the prior N(0, 1).

    The means start at the layer's own weights and z around 1, so that the first networks are the
    given one with a little multiplicative noise. (The original code starts z around 0, that is,
    with tiny weights of random sign.)

    Args:
        layer: The layer to replace; it is used for the means.
        flow_steps: Steps of the flow of q(z) and of the auxiliary r(z|W).
        flow_hidden: Hidden units per step of each.
        log_std: Initial logarithm of every :math:`\sigma`.
        z_std: Initial standard deviation of z.
    """

    z: Tensor
    """The draws of z, (N, D), that :meth:`forward` uses, each for an equal share of its inputs, in
    order. Ones until they are set."""

    def __init__(
        self,
        layer: nn.Linear | nn.Conv2d,
        *,
        flow_steps: tuple[int, int],
        flow_hidden: tuple[int, int],
        log_std: float,
        z_std: float,
    ) -> None:
        super().__init__()
        self.mean = layer
        self.log_std = nn.ParameterDict(
            {
                name: torch.full_like(parameter, log_std)
                for name, parameter in layer.named_parameters()
                if parameter.requires_grad
            }
        )
        dim = self.matrix(layer.weight).shape[1]
        self.z_mean = nn.Parameter(torch.ones(dim))
        self.z_log_std = nn.Parameter(torch.full((dim,), log(z_std)))
        self.flow = Flow(dim, flow_steps[0], flow_hidden[0])
        self.auxiliary_flow = Flow(dim, flow_steps[1], flow_hidden[1])
        # b1, b2 and c of r(z|W)
        self.auxiliary = nn.Parameter(torch.randn(3, dim) / dim**0.5)
        self.register_buffer("z", torch.ones(1, dim), persistent=False)

    @abstractmethod
    def matrix(self, weight: Tensor) -> Tensor:
        """A weight tensor as a matrix whose columns z multiplies, (weights per z, D)."""

    @abstractmethod
    def scaled(self, z: Tensor) -> Tensor:
        """The means of the weights given z (N, D), ``(N, *shape)``."""

    @abstractmethod
    def statistic(self, projected: Tensor) -> Tensor:
        """What r(z|W) sees of the weights' projections :math:`c^T W` (N, rows), (N, 1)."""

    def draw(self, n: int, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """``n`` draws of z, (n, D), and their log q(z), (n,)."""
        noise = self._normal(n, len(self.z_mean), generator=generator)
        base = Normal(self.z_mean, self.z_log_std.exp())
        start = base.loc + base.scale * noise
        z, log_det = self.flow(start, generator)
        return z, base.log_prob(start).sum(1) - log_det

    def kl(self, z: Tensor, log_q: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """One-sample estimate of the bound on KL(q(W) || p(W)) for each z, (N,) in nats.

        KL(q(W|z) || p(W)) + KL(q(b) || p(b)) + log q(z) - log r(z|W): its mean over z and W is the
        KL plus that of q(z|W) from r(z|W), so the better r, the tighter the bound.

        Args:
            z: (N, D), as returned by :meth:`draw`.
            log_q: Their log q(z), (N,).
            generator: Source of the weights that r(z|W) sees.
        """
        weights = self._gaussian_kl("weight", z.square())
        biases = self._gaussian_kl("bias") if "bias" in self.log_std else 0.0
        return weights + biases + log_q - self.log_r(z, generator)

    def log_r(self, z: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Log density of the auxiliary r(z|W), for W drawn from q(W|z), (N,).

        It is a Gaussian before its own flow. Its mean and log standard deviation are b1 and b2
        times a number that depends on W only through its projection on c, which is itself Gaussian,
        so only the projection is drawn.
        """
        mean_direction, log_std_direction, projection = self.auxiliary
        projected = F.linear(z * projection, self.matrix(self.mean.weight))
        variance = F.linear(projection.square(), self.matrix(self._variances()[0]))
        noise = self._normal(*projected.shape, generator=generator)
        statistic = self.statistic(projected + variance.sqrt() * noise)
        end, log_det = self.auxiliary_flow(z, generator)
        base = Normal(statistic * mean_direction, (statistic * log_std_direction).exp())
        return base.log_prob(end).sum(1) + log_det

    def sample(self, n: int, generator: torch.Generator | None = None) -> Weights:
        """The layer's parameters in ``n`` networks, ``(n, *shape)``, by their own names."""
        z, _ = self.draw(n, generator)
        means = {"weight": self.scaled(z), "bias": self.mean.bias}
        return {
            name: means[name] + log_std.exp() * self._normal(n, *log_std.shape, generator=generator)
            for name, log_std in self.log_std.items()
        }

    def _variances(self) -> tuple[Tensor, Tensor]:
        """The variances of the weights and of the biases, barely above 0 if these do not vary."""
        weight = (2 * self.log_std["weight"]).exp()
        if "bias" in self.log_std:
            return weight, (2 * self.log_std["bias"]).exp()
        tiny = torch.finfo(weight.dtype).tiny  # the root of 0 has no gradient
        return weight, weight.new_full((len(weight),), tiny)

    def _gaussian_kl(self, name: str, z_squared: Tensor | None = None) -> Tensor:
        """KL(N(z mean, std^2) || N(0, 1)) over a parameter; z^2 as (N, D) gives (N,)."""
        mean, log_std = getattr(self.mean, name), self.log_std[name]
        spread = ((2 * log_std).exp() - 1).sum() / 2 - log_std.sum()
        if z_squared is None:
            return spread + mean.square().sum() / 2
        return spread + z_squared @ self.matrix(mean).square().sum(0) / 2

    def _z_for(self, inputs: Tensor) -> Tensor:
        """The z of each of the B inputs, (B, D).

        Raises:
            TargetError: If they cannot be split equally between the networks.
        """
        if len(inputs) % len(self.z):
            raise TargetError(
                f"a layer sees {len(inputs)} inputs for {len(self.z)} networks; MNF splits them "
                "along the first axis, which must be the batch"
            )
        return self.z.repeat_interleave(len(inputs) // len(self.z), dim=0)

    def _noisy(self, mean: Tensor, variance: Tensor) -> Tensor:
        """Local reparametrisation: independent noise per unit, from PyTorch's global generator."""
        noise = torch.randn(mean.numel(), dtype=mean.dtype, device=mean.device)
        noise = noise.as_strided(mean.shape, mean.stride())  # the strided generator is slower
        return torch.addcmul(mean, variance.sqrt(), noise)

    def _normal(self, *shape: int, generator: torch.Generator | None) -> Tensor:
        like = self.z_mean
        return normal(*shape, generator=generator, device=like.device).to(like.dtype)


class FlowLinear(FlowLayer):
    """A dense layer with one z for each input feature (Algorithm 1)."""

    mean: nn.Linear

    def matrix(self, weight: Tensor) -> Tensor:
        """The weights (outputs, inputs) as they are."""
        return weight

    def scaled(self, z: Tensor) -> Tensor:
        """Columns of the mean times z, (N, outputs, inputs)."""
        return z.unsqueeze(1) * self.mean.weight

    def statistic(self, projected: Tensor) -> Tensor:
        """The mean of tanh over the outputs."""
        return torch.tanh(projected).mean(1, keepdim=True)

    def forward(self, inputs: Tensor) -> Tensor:
        """Noisy outputs, (B, ..., inputs) to (B, ..., outputs)."""
        z = self._z_for(inputs)
        z = z.view(len(z), *[1] * (inputs.dim() - 2), -1)
        mean = F.linear(inputs * z, self.mean.weight, self.mean.bias)
        variance = F.linear(inputs.square(), *self._variances())
        return self._noisy(mean, variance)


class FlowConv2d(FlowLayer):
    """A convolution with one z for each output channel (Algorithm 2).

    Its local noise is drawn independently at each position in the image, although positions share
    a sampled network's weights: mean and variance of each output are right, but correlations are
    ignored, as in the paper.
    """

    mean: nn.Conv2d

    def matrix(self, weight: Tensor) -> Tensor:
        """One column per output channel, (weights per channel, outputs)."""
        return weight.flatten(1).T

    def scaled(self, z: Tensor) -> Tensor:
        """Filters of the mean times z, (N, outputs, inputs, height, width)."""
        return z[:, :, None, None, None] * self.mean.weight

    def statistic(self, projected: Tensor) -> Tensor:
        """The plain mean."""
        return projected.mean(1, keepdim=True)

    def forward(self, inputs: Tensor) -> Tensor:
        """Noisy outputs, (B, channels, height, width) to the same."""
        z = self._z_for(inputs)[:, :, None, None]
        mean, bias = self.mean._conv_forward(inputs, self.mean.weight, None), self.mean.bias
        mean = z * mean if bias is None else torch.addcmul(bias[:, None, None], z, mean)
        variance = self.mean._conv_forward(inputs.square(), *self._variances())
        return self._noisy(mean, variance)
