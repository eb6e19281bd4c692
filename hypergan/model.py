"""HyperGAN: mixer, generators and discriminator (Ratzlaff and Li, 2019, section 3).

Shapes: N networks, L layers of the target.
"""

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from hypergan import chunks
from hypergan.chunks import Chunks
from hypergan.errors import SettingsError, require_at_least
from hypergan.forward import Weights, forward_networks
from hypergan.kinds import checked
from hypergan.layers import Layer, copy_of, layers_of
from hypergan.memory import require_memory, total_memory
from hypergan.objective import (
    adversarial_term,
    discriminator_loss,
    expected_task_loss,
    hypergan_loss,
)
from hypergan.posterior import Posterior
from hypergan.precision import products_in
from hypergan.randomness import global_seed, normal
from hypergan.step import Step
from hypergan.training import Training
from hypergan.vectors import vector_of, weights_of

FORMS = ("auto", "dense", "chunked")

SHARE = 0.25
"""Share of the machine's memory up to which "auto" is dense."""

COPIES = 4
"""Of each number in training: itself, its gradient, and Adam's two means."""


def perceptron(*widths: int, batch_norm: bool) -> nn.Sequential:
    """Dense layers with ReLU between them (section 4.1), without one after the last."""
    modules: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        if modules:
            modules += [nn.BatchNorm1d(inputs)] if batch_norm else []
            modules += [nn.ReLU()]
        modules.append(nn.Linear(inputs, outputs))
    return nn.Sequential(*modules)


@torch.no_grad()
def _start_along(weight: Tensor, directions: int) -> None:
    """Weights (outputs, inputs) of PyTorch's usual size that see few directions of the inputs."""
    basis = torch.linalg.qr(torch.randn(weight.shape[1], directions)).Q
    weight.copy_(torch.randn(len(weight), directions) @ basis.T / (3 * directions) ** 0.5)


def _effective_dimension(points: Tensor) -> Tensor:
    r""":math:`(\sum_i \lambda_i)^2 / \sum_i \lambda_i^2` of the covariance of (..., B, D)."""
    centred = points - points.mean(-2, keepdim=True)
    gram = centred @ centred.mT  # its eigenvalues are those of the covariance, times B
    return gram.diagonal(dim1=-2, dim2=-1).sum(-1).square() / gram.square().sum((-2, -1))


class Generator(nn.Module):
    """Codes of one layer to that layer's weights: G_i of Fig. 1.

    The last dense layer starts as a small random map around ``centre``, so that the first
    networks are ``spread`` times a usual initialisation away from it.

    Args:
        layer: The layer whose weights it makes.
        code_dim: Length of a code.
        hidden: Units in each of the two hidden layers.
        centre: Where the weights start, (P,) for the layer's P weights.
        spread: Standard deviation of the generated weights at the start, in units of
            1 / sqrt(fan-in).
        batch_norm: Normalise the hidden layers over the codes of a step.
        chunked: Make the weights in chunks, if there are more than one of them.
    """

    weights: nn.Linear | Chunks

    def __init__(
        self,
        layer: Layer,
        code_dim: int,
        hidden: int,
        *,
        centre: Tensor,
        spread: float,
        batch_norm: bool,
        chunked: bool = False,
    ) -> None:
        super().__init__()
        self.layer = layer
        body = perceptron(code_dim, hidden, hidden, hidden, batch_norm=batch_norm)
        self.features = body[:-1]  # the last dense layer is the one to the weights
        if chunked and layer.size > chunks.SIZE:
            self.weights = Chunks(hidden, centre, std=spread * layer.fan_in**-0.5)
            return
        self.weights = nn.Linear(hidden, layer.size, dtype=centre.dtype)
        # Half of the hidden ReLU units are active, so features have mean square 1/2.
        nn.init.normal_(self.weights.weight, std=spread * (2 / (hidden * layer.fan_in)) ** 0.5)
        with torch.no_grad():
            self.weights.bias.copy_(centre)

    def forward(self, codes: Tensor, networks: int | None = None) -> Weights:
        """Codes (M, code_dim) to the layer's weights of the first N of them, ``(N, *shape)``.

        Batch normalisation sees all M codes; the costly last dense layer serves N.
        """
        features = self.features(codes)[:networks]
        with products_in("float32", features.device):  # a rounded sum would be a weight off
            vectors = self.weights(features.to(self.weights.weight.dtype))
        return weights_of(vectors, [self.layer])


def _is_chunked(form: str, layers: list[Layer], hidden: int) -> bool:
    """Whether the generators' last layers are chunked.

    Raises:
        SettingsError: If the form is unknown.
    """
    if form not in FORMS:
        raise SettingsError(f"generators is {form!r}; choose one of {', '.join(FORMS)}")
    dense = 4 * COPIES * sum(_numbers(layer, hidden) for layer in layers)
    return form == "chunked" or (form == "auto" and dense > max(SHARE * total_memory(), 2**31))


def _numbers(layer: Layer, hidden: int, *, chunked: bool = False) -> int:
    """How many numbers a generator's last layer has, nearly."""
    if chunked and layer.size > chunks.SIZE:
        return layer.size + chunks.INNER * (layer.size // chunks.SIZE + chunks.SIZE + hidden)
    return layer.size * (hidden + 1)


class HyperGAN(Posterior):
    """A distribution over the weights of a target network, to be trained with :func:`fit`.

    Noise s goes through the mixer Q to correlated codes z_1 ... z_L, one per layer; each layer's
    generator turns its code into the layer's weights; a discriminator on single codes holds their
    distribution near the prior N(0, I), so that the networks do not collapse into one.

    Args:
        target: Any module without running statistics. It is copied; the generated networks start
            around its present weights, and its frozen parameters and buffers keep their values.
        noise_dim: Length of the noise vector s.
        code_dim: Length of the code z_i of each layer.
        hidden: Units in each of the two hidden layers of mixer, generators and discriminator.
        mixer: If False, each generator gets an independent code from N(0, I) (section 5).
        beta: Weight of the mixer's adversarial term (Eq. 2); 0 leaves the discriminator out.
        spread: Size of the random part of the generated weights at the start, in units of
            1 / sqrt(fan-in).
        centred: Start around the target's own weights; if False, around 0.
        batch_norm: Batch normalisation in mixer and generators.
        directions: The mixer starts as a function of so few directions of the noise, so that the
            networks start as a family of so many dimensions; by default of all of them.
        generators: The generators' last layers: "dense", a map to all weights of a layer as in the
            paper, which has ``hidden`` numbers for each of them; "chunked", one map for all chunks
            of a layer (:class:`hypergan.chunks.Chunks`), which has little more than one; or "auto",
            dense where its training fits into a quarter of the machine's memory, or 2 GiB.
        generator: Source of the initialisation; by default PyTorch's global one.

    Raises:
        TargetError: If the target cannot be generated; the message says what to use instead.
        SettingsError: If a size is below 1, beta or spread below 0, or the model too large for the
            memory that is free.
    """

    @checked
    def __init__(
        self,
        target: nn.Module,
        noise_dim: int = 256,
        code_dim: int = 128,
        hidden: int = 512,
        *,
        mixer: bool = True,
        beta: float = 1.0,
        spread: float = 1.0,
        centred: bool = True,
        batch_norm: bool = True,
        directions: int | None = None,
        generators: str = "auto",
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        require_at_least(
            1, noise_dim=noise_dim, code_dim=code_dim, hidden=hidden, directions=directions
        )
        require_at_least(0, beta=beta, spread=spread)
        self.layers = layers_of(target)
        chunked = _is_chunked(generators, self.layers, hidden)
        self.arguments["generators"] = "chunked" if chunked else "dense"  # another machine's too
        need = 4 * sum(_numbers(layer, hidden, chunked=chunked) for layer in self.layers)
        require_memory(
            need,
            torch.device("cpu"),
            f"HyperGAN for the {sum(layer.size for layer in self.layers):,} weights of "
            f"{type(target).__name__}",
            ("" if chunked else "set generators='chunked', ")
            + "freeze a part of the target (requires_grad=False), or lower hidden",
        )
        self.noise_dim, self.code_dim, self.beta = noise_dim, code_dim, beta
        self.batch_norm = batch_norm
        self.drawn: list[Tensor] = []
        self.target = copy_of(target)
        dtype = next(p.dtype for p in target.parameters() if p.requires_grad)
        with global_seed(generator):
            self.mixer = (
                perceptron(
                    noise_dim, hidden, hidden, len(self.layers) * code_dim, batch_norm=batch_norm
                )
                if mixer
                else None
            )
            if self.mixer is not None and directions is not None:
                _start_along(self.mixer.get_parameter("0.weight"), min(directions, noise_dim))
            self.generators = nn.ModuleList(
                Generator(
                    layer,
                    code_dim,
                    hidden,
                    centre=vector_of(target, [layer]) * centred,
                    spread=spread,
                    batch_norm=batch_norm,
                    chunked=chunked,
                )
                for layer in self.layers
            )
            self.discriminator = (
                perceptron(code_dim, hidden, hidden, 1, batch_norm=False)
                if mixer and beta
                else None
            )
        for module in (self.mixer, self.generators, self.discriminator):
            if module is not None:
                module.to(dtype)  # the target itself keeps its types

    def _normal(self, *shape: int, generator: torch.Generator | None) -> Tensor:
        """Standard normal numbers where the model lies, of its type; a graph's are drawn already."""
        if self.drawn:
            return self.drawn.pop(0)
        like = next(self.generators.parameters())
        return normal(*shape, generator=generator, device=like.device).to(like.dtype)

    def noise(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """The noise s ~ N(0, I), (n, noise_dim); without a mixer the codes' (n, L, code_dim)."""
        shape = (self.noise_dim,) if self.mixer else (len(self.layers), self.code_dim)
        return self._normal(n, *shape, generator=generator)

    def prior(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """Samples of the codes' prior P = N(0, I), (n, L, code_dim)."""
        return self._normal(n, len(self.layers), self.code_dim, generator=generator)

    def codes(self, noise: Tensor) -> Tensor:
        """Noise (N, noise_dim) to correlated codes z_1 ... z_L, (N, L, code_dim)."""
        if self.mixer is None:
            return noise
        codes = self.mixer(noise).to(noise.dtype)
        return codes.unflatten(1, (len(self.layers), self.code_dim))

    def weights(self, codes: Tensor, networks: int | None = None) -> Weights:
        """Codes (M, L, code_dim) to the weights of the first N networks, each ``(N, *shape)``."""
        weights: Weights = {}
        for generator, layer_codes in zip(self.generators, codes.unbind(1), strict=True):
            weights |= generator(layer_codes, networks)
        return weights

    @property
    def settings(self) -> dict[str, Any]:
        """What training depends on and the shapes of the parameters do not show."""
        return {"beta": self.beta}

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator | None = None) -> Weights:
        """Weights of ``n`` networks, by their names in ``target.named_parameters()``.

        They go into ``torch.func.functional_call``; slice i goes into ``target.load_state_dict``.

        Args:
            n: Number of networks.
            generator: Source of the noise; by default PyTorch's global one.

        Returns:
            Each parameter of the networks, ``(n, *shape)``, without gradients.

        Raises:
            SettingsError: If ``n`` is below 1.
        """
        self._check_count(n)
        was_training = self.training
        self.eval()  # a network must not depend on the others it is drawn with
        try:
            return self.weights(self.codes(self.noise(n, generator)))
        finally:
            self.train(was_training)

    def optimisers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        """Adam for mixer and generators, and for the discriminator if there is one.

        The generators' last layers have rates of their own: a generated weight sums over all
        hidden units, so that it moves a hundred times further in a step than any single
        parameter, while the last bias is the mean network and wants an ordinary rate.

        Raises:
            SettingsError: If batch normalisation would see a single code.
        """
        if self.batch_norm and max(training.codes, training.networks) == 1:
            raise SettingsError(
                "batch normalisation needs two codes in a step; set Training(codes=2) or more, "
                "or HyperGAN(batch_norm=False)"
            )
        last = [
            generator.weights for generator in self.generators if isinstance(generator, Generator)
        ]
        outputs = {id(parameter) for module in last for parameter in (module.weight, module.bias)}
        hidden = [
            parameter
            for module in (self.mixer, self.generators)
            if module is not None
            for parameter in module.parameters()
            if id(parameter) not in outputs
        ]
        rates = training.learning_rate, training.weight_rate, training.mean_rate
        groups = hidden, [m.weight for m in last], [m.bias for m in last]
        optimisers = {
            "generators": training.adam(
                [
                    {"params": group, "lr": training.learning_rate if rate is None else rate}
                    for group, rate in zip(groups, rates, strict=True)
                ]
            )
        }
        if self.discriminator is not None:
            optimisers["discriminator"] = training.adam(
                [
                    {
                        "params": list(self.discriminator.parameters()),
                        "lr": training.discriminator_rate,
                        "weight_decay": 0.0,
                    }
                ]
            )
        return optimisers

    def update(self, step: Step) -> dict[str, Tensor]:
        """Eq. 2 for mixer and generators, then Eq. 3 for the discriminator."""
        with step.factors():
            codes, history = self._improve_generators(step)
            if self.discriminator is not None:
                history |= self._improve_discriminator(codes, step)
        return history

    def _improve_generators(self, step: Step) -> tuple[Tensor, dict[str, Tensor]]:
        """Eq. 2; the codes (M, L, code_dim) of the step, and its row of the history."""
        networks, shared = step.training.networks, step.training.share_images
        noise = self.noise(max(step.training.codes, networks), step.generator)
        inputs, targets = step.split(networks)
        with step.products():
            codes = self.codes(noise)
            weights = self.weights(codes, networks)
            outputs = forward_networks(self.target, weights, inputs, shared=shared)
            distance = adversarial_term(self.judge(codes)) if self.discriminator else None
        objective = task_loss = expected_task_loss(step.loss, outputs, targets)
        history = step.report(task_loss, outputs, targets)
        if distance is not None:
            objective = hypergan_loss(task_loss, distance, self.beta)
            history["adversarial_term"] = distance.detach()
        step.descend("generators", objective)
        return codes.detach(), history

    def _improve_discriminator(self, codes: Tensor, step: Step) -> dict[str, Tensor]:
        """Eq. 3 on codes (M, L, code_dim) without gradient."""
        prior = self.prior(len(codes), step.generator)
        with step.products():
            separation = discriminator_loss(self.judge(prior), self.judge(codes))
        step.descend("discriminator", separation)
        return {"discriminator_loss": separation.detach()}

    @torch.no_grad()
    def state(self, generator: torch.Generator) -> dict[str, float]:
        """How near the codes are to their prior, and how well the discriminator tells them apart.

        Returns:
            Of 512 codes of each layer: ``code_norm``, their mean squared length, which is
            ``code_dim`` in the prior; ``code_dimension``, the participation ratio of their
            covariance's eigenvalues, at most ``code_dim``; and ``discriminator_accuracy`` in
            percent, 50 where it is blind.
        """
        if self.mixer is None:
            return {}
        was_training = self.training
        self.eval()
        codes = self.codes(self.noise(512, generator))
        found = {
            "code_norm": float(codes.square().sum(-1).mean()),
            "code_dimension": float(_effective_dimension(codes.transpose(0, 1)).mean()),
        }
        if self.discriminator is not None:
            right = self.judge(codes) < 0, self.judge(self.prior(512, generator)) > 0
            found["discriminator_accuracy"] = 100 * float(torch.stack(right).float().mean())
        self.train(was_training)
        return found

    def judge(self, codes: Tensor) -> Tensor:
        """The discriminator's logits of codes (M, L, code_dim), (M, L, 1)."""
        assert self.discriminator is not None
        return self.discriminator(codes).to(codes.dtype)
