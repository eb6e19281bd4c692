"""HyperGAN."""

from dataclasses import replace

from hypergan.evaluation.protocol import Evaluation
from hypergan.experiments.method import BySet, Method
from hypergan.experiments.settings import Settings
from hypergan.model import HyperGAN
from hypergan.training import Training

# Section 4.3: 128 hidden units, a 64-dimensional latent space, 20 points that all networks see.
# No batch normalisation: it alone would keep the networks apart, whatever beta is. With many
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

GREY = {"noise_dim": 256, "code_dim": 128, "hidden": 512}
COLOUR = {"noise_dim": 256, "code_dim": 256, "hidden": 512}
"""The sizes that the paper states (section 4.1)."""

UNCENTRED = {"centred": False}
"""The paper's networks do not start around a given one."""

# Chosen on 5,000 validation images of MNIST: of the settings in data/search/mnist.csv these gave
# the most accurate ensembles, with a discriminator that stays near balance.
_TRAINING_GREY = Training(
    learning_rate=1e-4,
    weight_rate=None,
    mean_rate=None,
    discriminator_rate=3e-5,
    weight_decay=5e-4,
    codes=256,
)
# Without weight decay, networks of CIFAR fit their training images ever more closely; its strength
# was chosen on the watched images, see data/search/cifar10-2019.csv.
_LITE_COLOUR = Training(weight_decay=3e-3)
_WATCHED = 2_000
"""Images held out to plot the course of training (Fig. 6)."""


def _grey(epochs: int) -> Settings:
    return Settings(GREY | UNCENTRED, replace(_TRAINING_GREY, epochs=epochs))


def _lite_colour(epochs: int) -> Settings:
    return Settings(COLOUR | {"spread": 0.3}, replace(_LITE_COLOUR, epochs=epochs))


_LITE = {
    "mnist": replace(_grey(40), validation=_WATCHED),
    "mnist5000": _grey(150),
    "cifar5": _lite_colour(40),
    "cifar10": replace(_lite_colour(20), validation=_WATCHED),
    "digits": _grey(300),
}

# Of the trials in data/search/full.csv those that start around ordinary networks, with half the
# usual spread and a lower rate for the hidden layers, learnt fastest; the effects of the three were
# not separated.
_FULL_COLOUR = Settings(
    COLOUR | {"spread": 0.5},
    Training(
        batch_size=200,
        networks=10,
        learning_rate=1e-4,
        weight_rate=1.2e-5,
        mean_rate=2e-3,
    ),
)


def _full_colour(epochs: int) -> Settings:
    return replace(_FULL_COLOUR, training=replace(_FULL_COLOUR.training, epochs=epochs))


_FULL = {
    "mnist": _grey(40),
    "mnist5000": _grey(150),
    "cifar5": _full_colour(280),
    "cifar10": _full_colour(140),
    "digits": _grey(300),
}

# Section 4.1 for the sizes; the authors' code for batch, rates and weight decay.
_PAPER = Training(
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


def _paper(dataset: str) -> Settings:
    sizes = COLOUR if dataset.startswith("cifar") else GREY
    return Settings(sizes | UNCENTRED, _PAPER, validation=_LITE[dataset].validation)


METHOD = Method(
    "HyperGAN",
    HyperGAN,
    {
        "lite": {"cubic": _CUBIC, **_LITE},
        "full": _FULL,
        "paper": {name: _paper(name) for name in _LITE},
    },
    smoke={"hidden": 64},
    compared=(1, 5, 10, 100),
    papers={1: "HyperGAN", 2: "HyperGAN"},
    attacked=1000,
)


def without(title: str, **switches: object) -> Method:
    """An ablation of HyperGAN, which is neither compared nor attacked."""
    return replace(METHOD, title=title, switches=switches, compared=(), papers={}, attacked=0)


ABLATIONS = {
    "hypergan-no-mixer": without("without mixer", mixer=False),
    "hypergan-no-discriminator": without("without discriminator", beta=0.0),
}

VARIED = {
    "beta": (0.0, 0.1, 0.3, 1.0, 3.0, 10.0),
    "code_dim": (8, 32, 64, 256),
    "hidden": (64, 128, 256, 1024),
}
"""Numbers of HyperGAN that are varied on MNIST, one at a time."""

UNVARIED = "hypergan-beta-1"
"""HyperGAN itself, for as few epochs as the others: codes of 128 numbers, 512 hidden units."""

_SHORT = 10
"""Epochs of all of them in ``lite`` and ``full``, so that they are comparable."""


def _short(settings: Settings, epochs: int) -> BySet:
    training = replace(settings.training, epochs=epochs)
    return {
        "mnist": replace(
            settings, training=training, evaluation=replace(settings.evaluation, many=0)
        )
    }


def varying(argument: str, value: float) -> Method:
    """HyperGAN with another value of an argument."""
    return replace(
        without(_name(argument, value), **{argument: value}),
        settings={
            "lite": _short(_LITE["mnist"], _SHORT),
            "full": _short(_FULL["mnist"], _SHORT),
            "paper": _short(_paper("mnist"), _PAPER.epochs),
        },
        variation=True,
    )


def _name(argument: str, value: float) -> str:
    return f"hypergan-{argument.replace('_', '-')}-{value:g}"


VARIATIONS = {
    _name(argument, value): varying(argument, value)
    for argument, values in VARIED.items()
    for value in values
}
