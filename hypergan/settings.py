"""Profiles: what a cell means in numbers.

``smoke`` takes seconds and replaces image data by embedded stand-ins; ``lite`` is real data within
90 minutes on two cores; ``paper`` is the paper's own settings. The book's page on deviations
gives the reasons for the numbers.
"""

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
    settings = _mnf(dataset, profile) if method == "mnf" else _base(dataset, profile)
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


# The original code's, github.com/AMLab-Amsterdam/MNF_VBNN: a draw of z for each of 100 images.
_MNF_PAPER = Training(
    epochs=100, batch_size=100, networks=100, learning_rate=1e-3, schedule="constant"
)
# Standard deviations start near 0 and rise by about a rate a step: twice the rate, fewer steps.
_MNF_LITE = replace(_MNF_PAPER, learning_rate=2e-3, schedule="cosine")
_MNF_EPOCHS = {"mnist": 15, "mnist5000": 150, "digits": 300, "cifar10": 15, "cifar5": 30}
# The noise has a standard deviation of 3, a sixth of the targets': twice its square is 0.055.
_MNF_CUBIC = Settings(
    {"kl_weight": 0.055},
    Training(epochs=20, steps_per_epoch=200, batch_size=20, networks=20, learning_rate=1e-2),
    Evaluation(sizes=(10, 100), networks=1000),
)


def _mnf(dataset: str, profile: str) -> Settings:
    """MNF on a data set in a profile."""
    if dataset == "cubic":
        return _smoke_mnf(_MNF_CUBIC) if profile == "smoke" else _MNF_CUBIC
    paper = profile == "paper"
    training = _MNF_PAPER if paper else replace(_MNF_LITE, epochs=_MNF_EPOCHS[dataset])
    settings = Settings(training=training, evaluation=Evaluation(sizes=(1, 10, 100)))
    return _smoke_mnf(settings) if profile == "smoke" else settings


def _smoke_mnf(settings: Settings) -> Settings:
    """The same in seconds: few steps, embedded images."""
    training = replace(settings.training, epochs=3, steps_per_epoch=20, diversity_networks=20)
    return replace(settings, training=training, stand_in=True)


def _require(kind: str, name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        raise SettingsError(f"unknown {kind} {name!r}; choose one of {', '.join(known)}")
