"""The gold standard of the regression: the exact posterior, by Hamiltonian Monte Carlo.

The 1-100-1 network of section 4.3 is small enough for the No-U-Turn sampler (Hoffman and Gelman,
2014), here in NumPyro. Its draws are exact in the limit, so they show what the approximations miss.
NumPyro is an optional extra, ``pip install --editable '.[gold]'``.

Shapes: N networks, B inputs.
"""

from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from hypergan.errors import SettingsError, TargetError, require_at_least
from hypergan.extras import need
from hypergan.forward import Weights, forward_networks
from hypergan.kinds import checked
from hypergan.layers import copy_of
from hypergan.posterior import Posterior
from hypergan.randomness import normal, some_of
from hypergan.step import Step
from hypergan.training import Training

Prior = Literal["scaled", "unit"]


class GoldStandard(Posterior):
    r"""Draws of the posterior of a plain stack of dense layers with ReLU, under Gaussian noise.

    The prior "scaled" is that of Neal (1996), whose functions stay of order one whatever the width:
    :math:`\mathcal{N}(0, 1 / \text{fan-in})` on weights and :math:`\mathcal{N}(0, 1)` on biases.
    "unit" is :math:`\mathcal{N}(0, 1)` on all of them, as for :class:`hypergan.baselines.mnf.MNF`
    and the Langevin chain on the cubic. One :meth:`update` with all data is the whole run; before
    it, draws come from the prior.

    Args:
        target: The network, an ``nn.Sequential`` of distinct ``nn.Linear`` layers and ``nn.ReLU``,
            none of them frozen. It is copied.
        noise: Standard deviation of the observation noise, in the units of the targets.
        chains: Number of independent chains.
        warmup: Adaptation steps per chain, which are discarded.
        draws: Steps per chain that are kept.
        max_tree_depth: A step takes at most 2 to this power gradients.
        prior: "scaled" or "unit".
        generator: Source of randomness.

    Raises:
        TargetError: If the target has another structure, or cannot be copied.
        SettingsError: If noise is not above 0, chains or draws is below 1, another setting is
            negative, or the prior is unknown.
    """

    size: int

    @checked
    def __init__(
        self,
        target: nn.Module,
        *,
        noise: float,
        chains: int = 4,
        warmup: int = 1000,
        draws: int = 1000,
        max_tree_depth: int = 10,
        prior: Prior = "scaled",
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        _require_form(target)
        require_at_least(1, chains=chains, draws=draws)
        require_at_least(0, warmup=warmup, max_tree_depth=max_tree_depth)
        if not noise > 0:
            raise SettingsError(f"noise is {noise}; it must be above 0, in units of the targets")
        self.target, self.prior = copy_of(target), prior
        self.noise, self.chains, self.warmup, self.draws = noise, chains, warmup, draws
        self.max_tree_depth = max_tree_depth
        self.size = chains * draws
        for name, std in prior_stds(target, prior).items():
            shape = (self.size, *target.get_parameter(name).shape)
            values = std * normal(*shape, generator=generator, device=torch.device("cpu"))
            self.register_buffer(_buffer(name), values.to(target.get_parameter(name).dtype))

    @property
    def settings(self) -> dict[str, Any]:
        """Settings that change sampling; ``chains`` and ``draws`` show in the buffers' shapes."""
        names = ("noise", "warmup", "max_tree_depth", "prior")
        return {name: getattr(self, name) for name in names}

    def optimisers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        """None: nothing is optimised."""
        return {}

    def update(self, step: Step) -> dict[str, Tensor]:
        """Run the chains on all data.

        Returns:
            ``loss``, the mean over the draws; ``divergences`` in all chains and ``gradients`` per
            step; and the largest ``r_hat`` and smallest ``effective_sample_size`` of the function
            values at the inputs and at 1.5 times the inputs. Those of the weights would mean
            nothing, since hidden units can be permuted.

        Raises:
            SettingsError: If the mini-batch is not the whole data, or NumPyro is not installed.
        """
        if len(step.inputs) != step.data_size:
            raise SettingsError(
                f"the sampler takes all {step.data_size} inputs in one step; set batch_size to "
                "that and epochs and steps_per_epoch to 1"
            )
        seed = int(torch.randint(2**31, (), generator=step.generator))
        x, y = (tensor.cpu().double().numpy() for tensor in (step.inputs, step.targets))
        samples, report = self._run(x, y, seed)
        for name, values in samples.items():
            self.get_buffer(_buffer(name)).copy_(torch.from_numpy(values.copy()).flatten(0, 1))
        weights = self._draws()
        outputs = forward_networks(self.target, weights, step.inputs)
        report["loss"] = float(step.loss(outputs, step.targets.expand_as(outputs)).mean())
        report |= self._diagnose(weights, step.inputs)
        return {name: torch.tensor(value) for name, value in report.items()}

    def sample(self, n: int, generator: torch.Generator | None = None) -> Weights:
        """Weights of ``n`` different draws.

        Raises:
            SettingsError: If ``n`` is below 1 or above the number of draws.
        """
        self._check_count(n, more="raise chains or draws")
        weights = self._draws()
        device = next(iter(weights.values())).device
        chosen = some_of(self.size, n, generator=generator, device=device)
        return {name: values[chosen] for name, values in weights.items()}

    def _model(self, inputs: Any, targets: Any) -> None:
        """The Bayesian neural network as NumPyro's random variables."""
        import numpyro
        from numpyro.distributions import Normal

        weights = {
            name: numpyro.sample(
                name, Normal(0, std).expand(self.target.get_parameter(name).shape).to_event()
            )
            for name, std in prior_stds(self.target, self.prior).items()
        }
        outputs = self._forward(weights, inputs)
        numpyro.sample("targets", Normal(outputs, self.noise).to_event(), obs=targets)

    def _forward(self, weights: dict[str, Any], inputs: Any) -> Any:
        """The target network in JAX, (B, ...) to (B, ...)."""
        import jax

        for name, module in self.target._modules.items():  # `named_children` leaves out repeats
            if isinstance(module, nn.Linear):
                inputs = inputs @ weights[f"{name}.weight"].T
                inputs = inputs + weights[f"{name}.bias"] if module.bias is not None else inputs
            else:
                inputs = jax.nn.relu(inputs)
        return inputs

    def _run(
        self, inputs: Any, targets: Any, seed: int
    ) -> tuple[dict[str, np.ndarray[Any, Any]], dict[str, float]]:
        """Samples, ``(chains, draws, *shape)``, and the sampler's own statistics."""
        need("numpyro", extra="gold")
        import jax
        import numpyro
        from numpyro.infer import MCMC, NUTS

        numpyro.enable_x64()
        sampler = MCMC(
            NUTS(self._model, max_tree_depth=self.max_tree_depth),
            num_warmup=self.warmup,
            num_samples=self.draws,
            num_chains=self.chains,
            chain_method="vectorized",
            progress_bar=False,
        )
        key = jax.random.PRNGKey(seed)
        sampler.run(key, inputs, targets, extra_fields=("diverging", "num_steps"))
        samples = sampler.get_samples(group_by_chain=True)
        fields = sampler.get_extra_fields()
        return (
            {name: np.asarray(values) for name, values in samples.items()},
            {
                "divergences": float(fields["diverging"].sum()),
                "gradients": float(fields["num_steps"].mean()),
            },
        )

    def _diagnose(self, weights: Weights, inputs: Tensor) -> dict[str, float]:
        """How well the chains mixed."""
        from numpyro.diagnostics import effective_sample_size, split_gelman_rubin

        values = forward_networks(self.target, weights, torch.cat([inputs, 1.5 * inputs]))
        chains = values.flatten(1).unflatten(0, (self.chains, self.draws)).double().cpu().numpy()
        return {
            "r_hat": float(split_gelman_rubin(chains).max()),
            "effective_sample_size": float(effective_sample_size(chains).min()),
        }

    def _draws(self) -> Weights:
        """All draws, chain after chain."""
        return {name: self.get_buffer(_buffer(name)) for name in prior_stds(self.target)}


def _require_form(target: nn.Module) -> None:
    """Refuse a target that :meth:`GoldStandard._forward` cannot compute, or that has no prior."""
    modules = list(target) if type(target) is nn.Sequential else []
    dense = [module for module in modules if type(module) is nn.Linear]
    odd = sorted({type(m).__name__ for m in modules or [target]} - {"Linear", "ReLU"})
    if not dense and not odd:
        odd.append("no stack of layers")
    if len(set(dense)) < len(dense):
        odd.append("a dense layer used twice")
    if not all(parameter.requires_grad for parameter in target.parameters()):
        odd.append("frozen parameters")
    if odd:
        raise TargetError(
            f"the gold standard cannot sample a target with {', '.join(odd)}; give it an "
            "nn.Sequential of distinct nn.Linear layers and nn.ReLU, none of them frozen"
        )


def prior_stds(target: nn.Module, prior: str = "scaled") -> dict[str, float]:
    """Standard deviation of each parameter's prior."""
    scaled = prior == "scaled"
    return {
        name: parameter.shape[1] ** -0.5 if scaled and parameter.dim() == 2 else 1.0
        for name, parameter in target.named_parameters()
    }


def _buffer(name: str) -> str:
    """A buffer's name may not hold a dot."""
    return name.replace(".", "_")
