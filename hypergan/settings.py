"""Profiles: what a cell means in numbers.

``smoke`` takes seconds and replaces image data by embedded stand-ins; ``lite`` is real data within
90 minutes on two cores; ``paper`` is the paper's own settings. The book's page on deviations
gives the reasons for the numbers.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from hypergan.data import NAMES as DATASETS
from hypergan.errors import SettingsError
from hypergan.methods import METHODS
from hypergan.training import Training

PROFILES = ("smoke", "lite", "paper")


@dataclass(frozen=True)
class Evaluation:
    """How a trained posterior is measured.

    Attributes:
        networks: Networks in a full ensemble, and draws behind the norms.
        sizes: Sizes of the ensembles whose accuracy is measured; each full ensemble is cut into
            disjoint ones of every size.
        draws: Number of full ensembles.
    """

    networks: int = 100
    sizes: tuple[int, ...] = (1, 5, 10, 100)
    draws: int = 1


@dataclass(frozen=True)
class Settings:
    """Everything that a cell depends on besides its seed.

    Attributes:
        model: Arguments of the method's constructor.
        training: Settings of :func:`hypergan.fit`.
        evaluation: Settings of the measurements.
        validation: Images held out of the training data and scored after each epoch.
        stand_in: Whether an embedded stand-in takes the place of an image data set.
    """

    model: dict[str, Any] = field(default_factory=dict)
    training: Training = field(default_factory=Training)
    evaluation: Evaluation = field(default_factory=Evaluation)
    validation: int = 0
    stand_in: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The settings as JSON knows them, as a record keeps them."""
        return asdict(self) | {
            "training": asdict(self.training) | {"betas": list(self.training.betas)},
            "evaluation": asdict(self.evaluation) | {"sizes": list(self.evaluation.sizes)},
        }


# Section 4.3: 128 hidden units, a 64-dimensional latent space, 20 points that all networks see.
# No batch normalisation: it would keep the networks apart by itself, whatever beta is. With many
# more than 2,000 steps they would fit the noise of the 20 points.
_CUBIC = Settings(
    model={
        "noise_dim": 64,
        "code_dim": 64,
        "hidden": 128,
        "beta": 3.0,
        "centred": False,
        "batch_norm": False,
    },
    training=Training(
        epochs=20,
        steps_per_epoch=100,
        batch_size=20,
        networks=100,
        codes=100,
        share_images=True,
        learning_rate=1e-3,
        weight_rate=None,
        mean_rate=None,
        weight_decay=3e-4,
    ),
    evaluation=Evaluation(sizes=(10, 100), networks=1000),
)
# Section 4.1 for the sizes; the authors' code for batch, rates and weight decay.
_PAPER_TRAINING = Training(
    epochs=100,
    batch_size=100,
    networks=100,
    codes=100,
    share_images=True,
    learning_rate=1e-4,
    weight_rate=None,
    mean_rate=None,
    weight_decay=5e-4,
    schedule="constant",
)
_MNIST = {"noise_dim": 256, "code_dim": 128, "hidden": 512}
_CIFAR = {"noise_dim": 256, "code_dim": 256, "hidden": 512}
# Chosen on 5,000 validation images of MNIST: of the settings in data/search/mnist.csv these gave
# the most accurate ensembles, with a discriminator that stays near balance.
_LITE_GREY = Training(
    learning_rate=1e-4,
    weight_rate=None,
    mean_rate=None,
    discriminator_rate=3e-5,
    weight_decay=5e-4,
    codes=256,
)
_LITE = {
    "mnist": Settings(_MNIST | {"centred": False}, replace(_LITE_GREY, epochs=40)),
    "mnist5000": Settings(_MNIST | {"centred": False}, replace(_LITE_GREY, epochs=300)),
    "digits": Settings(_MNIST | {"centred": False}, replace(_LITE_GREY, epochs=300)),
    "cifar10": Settings(_CIFAR | {"spread": 0.3}, Training(epochs=40)),
    "cifar5": Settings(_CIFAR | {"spread": 0.3}, Training(epochs=80)),
}


def settings_for(method: str, dataset: str, profile: str) -> Settings:
    """What a method on a data set means in a profile.

    Raises:
        SettingsError: If a name is unknown; the message lists the known ones.
    """
    _require("method", method, tuple(METHODS))
    _require("data set", dataset, DATASETS)
    _require("profile", profile, PROFILES)
    if method in _LANGEVIN:
        return _LANGEVIN[method](dataset, profile)
    settings = _base(dataset, profile)
    return replace(settings, model=settings.model | METHODS[method].switches)


def _base(dataset: str, profile: str) -> Settings:
    """HyperGAN's settings."""
    if dataset == "cubic":
        return _smoke(_CUBIC) if profile == "smoke" else _CUBIC
    if profile == "paper":
        model = _CIFAR if dataset.startswith("cifar") else _MNIST
        uncentred = {"centred": False}  # the paper's networks do not start around a given one
        return Settings(model | uncentred, _PAPER_TRAINING)
    return _smoke(_LITE[dataset]) if profile == "smoke" else _LITE[dataset]


def _smoke(settings: Settings) -> Settings:
    """The same in seconds: small hidden layers, few steps, embedded images."""
    training = replace(settings.training, epochs=3, steps_per_epoch=20, diversity_networks=20)
    return replace(
        settings, model=settings.model | {"hidden": 64}, training=training, stand_in=True
    )


def _require(kind: str, name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        raise SettingsError(f"unknown {kind} {name!r}; choose one of {', '.join(known)}")


def sgld(dataset: str, profile: str) -> Settings:
    """Settings of :class:`hypergan.baselines.sgld.SGLD`; ``paper`` is the code of Wang et al.

    On images ``lite`` has their batch and twice their rate, at which a short chain gets further:
    after 9,000 steps on MNIST single networks have 98.1 % of 2,000 validation images right instead
    of 97.9 %, ensembles of 20 have 98.65 % instead of 98.5 %. Its prior is everywhere the one that
    their weight decay means on MNIST, N(0, 1/60): the weight decay is 60 over the number of
    training images.
    """
    if dataset == "cubic":
        return _cubic_chain(profile)
    if profile == "paper":  # the points take 1.3 GB on MNIST and 3.6 GB on CIFAR
        settings = _chain(epochs=100, steps_per_epoch=2000, samples=9975, burn_in=500)
        return replace(settings, training=replace(settings.training, checkpoint_seconds=600))
    if profile == "smoke":
        settings = _chain(
            epochs=3, steps_per_epoch=40, samples=100, burn_in=20, thinning=1, weight_decay=0.04
        )
        return replace(settings, stand_in=True)
    epochs, weight_decay = {
        "mnist": (30, 0.001),
        "mnist5000": (30, 0.012),
        "digits": (20, 0.04),
        "cifar10": (30, 0.0012),
        "cifar5": (30, 0.0024),
    }[dataset]
    return _chain(
        epochs=epochs,
        steps_per_epoch=500,
        samples=500,
        burn_in=5000,
        rate=0.1,
        weight_decay=weight_decay,
    )


def apd(dataset: str, profile: str) -> Settings:
    """Settings of :class:`hypergan.baselines.apd.APD`: the chain's, and the GAN's steps after it.

    ``paper`` is the code of Wang et al. with the 100 noise dimensions of its convolutional
    networks; their vectors are not standardised. With standardised ones a generator of MNIST
    networks has two thirds of the chain's spread after 160 steps of the rate and the number of
    points that ``lite`` has; it takes 500, a third of a second each.
    """
    chain = sgld(dataset, profile)
    steps = chain.training.epochs * (chain.training.steps_per_epoch or 0)
    epochs, model = 1, dict[str, Any](points=32, rate=5e-4)
    if profile == "paper" and dataset != "cubic":
        epochs, model = 50, {"standardise": False}
    elif profile == "smoke":
        model = {"hidden": 16, "points": 8, "rate": 1e-3}
    training = replace(chain.training, epochs=chain.training.epochs + epochs)
    return replace(chain, model=chain.model | {"sgld_steps": steps} | model, training=training)


def _cubic_chain(profile: str) -> Settings:
    """A chain on the 20 points, in units of standard deviations like all regression here.

    The temperature is twice the variance of the data's noise, 2 (3 / 18.05)^2, and the weight decay
    then means the prior N(0, 1).
    """
    epochs, steps, burn_in, thinning = 50, 2000, 20_000, 80
    if profile == "smoke":
        epochs, steps, burn_in, thinning = 3, 400, 200, 1
    settings = _chain(
        epochs=epochs,
        steps_per_epoch=steps,
        samples=1000,
        burn_in=burn_in,
        thinning=thinning,
        rate=0.01,
        weight_decay=0.00275,
        temperature=0.055,
    )
    evaluation = Evaluation(sizes=(10, 100), networks=1000)
    return replace(settings, evaluation=evaluation, stand_in=profile == "smoke")


def _chain(
    *,
    epochs: int,
    steps_per_epoch: int,
    samples: int,
    burn_in: int,
    thinning: int = 20,
    rate: float = 0.05,
    weight_decay: float = 0.001,
    temperature: float = 1.0,
) -> Settings:
    """A Langevin chain at a constant rate, 0.05 in the code of Wang et al."""
    return Settings(
        model={
            "samples": samples,
            "burn_in": burn_in,
            "thinning": thinning,
            "temperature": temperature,
        },
        training=Training(
            epochs=epochs,
            steps_per_epoch=steps_per_epoch,
            batch_size=100,
            networks=1,
            learning_rate=rate,
            weight_decay=weight_decay,
            schedule="constant",
        ),
        evaluation=Evaluation(networks=100, sizes=(1, 10, 100)),
    )


_LANGEVIN: dict[str, Callable[[str, str], Settings]] = {"sgld": sgld, "apd": apd}
