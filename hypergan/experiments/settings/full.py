"""The profile ``full``: what the book shows, at most 90 minutes of one core for a cell.

All methods share one protocol. Images of CIFAR have the target and the augmentation of the authors'
code from before the paper, products are in float32 on every machine, and nothing is held out of
the training images. What each method chose by trials on held-out images is in ``data/search``.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypergan.baselines.apd import APD
from hypergan.baselines.mc_dropout import MCDropout
from hypergan.baselines.mnf import MNF
from hypergan.baselines.network_ensemble import NetworkEnsemble
from hypergan.baselines.sgld import SGLD
from hypergan.evaluation.protocol import Evaluation
from hypergan.experiments.settings.form import Settings
from hypergan.model import HyperGAN
from hypergan.posterior import Posterior
from hypergan.training import Training

_WATCHED = 500
"""Training images on which accuracy and disagreement are watched."""

_MNIST = {"noise_dim": 256, "code_dim": 128, "hidden": 512, "centred": False}
_CIFAR = {"noise_dim": 256, "code_dim": 256, "hidden": 512, "centred": False}
"""The sizes that the paper states (section 4.1)."""


def full(posterior: type[Posterior], dataset: str, lite: Settings) -> Settings:
    """A method on a data set.

    Args:
        posterior: The method's posterior.
        dataset: Data set's name.
        lite: Its settings in the profile ``lite``, which those of the regression are.
    """
    if dataset == "cubic":
        return lite
    return _under_protocol(_CHOICES[posterior](dataset), dataset)


def _under_protocol(settings: Settings, dataset: str) -> Settings:
    """What all methods share."""
    colour = dataset.startswith("cifar")
    return replace(
        settings,
        training=replace(settings.training, precision="float32", watched=_WATCHED),
        evaluation=replace(settings.evaluation, precision="float32"),
        target="cifar-2018" if colour else "",
        augmentation="crop-flip" if colour else "",
    )


def _hypergan(dataset: str) -> Settings:
    """HyperGAN at the sizes of the paper."""
    epochs = {"mnist": 40, "mnist5000": 150, "digits": 300, "cifar10": 100, "cifar5": 200}[dataset]
    if dataset.startswith("cifar"):
        training = Training(
            epochs=epochs,
            batch_size=200,
            networks=10,
            codes=64,
            weight_rate=1.2e-5,
            mean_rate=1e-4,
        )
        return Settings(_CIFAR, training)
    training = Training(
        epochs=epochs,
        learning_rate=1e-4,
        weight_rate=None,
        mean_rate=None,
        discriminator_rate=3e-5,
        weight_decay=5e-4,
        codes=256,
    )
    return Settings(_MNIST, training)


def compact(dataset: str) -> Settings:
    """HyperGAN with narrow generators and noise of few dimensions."""
    epochs = {"mnist": 30, "mnist5000": 200, "digits": 300, "cifar10": 200, "cifar5": 300}[dataset]
    colour = dataset.startswith("cifar")
    model: dict[str, Any] = (_CIFAR if colour else _MNIST) | {"noise_dim": 3, "hidden": 64}
    training = Training(
        epochs=epochs,
        batch_size=200 if colour else 250,
        networks=10 if colour else 5,
        weight_rate=1e-4,
        mean_rate=1e-4,
    )
    return _under_protocol(Settings(model, training), dataset)


def _ensemble(dataset: str) -> Settings:
    """Ten networks, each of which sees every image so many times."""
    passes = {"mnist": 10, "mnist5000": 30, "digits": 60, "cifar10": 40, "cifar5": 60}[dataset]
    training = Training(epochs=10 * passes, batch_size=1000, networks=10, learning_rate=2e-3)
    return Settings({"members": 10}, training, Evaluation(networks=10, sizes=(1, 5, 10)))


def _mc_dropout(dataset: str) -> Settings:
    """One network, of which single outputs are dropped."""
    epochs = {"mnist": 40, "mnist5000": 120, "digits": 120, "cifar10": 100, "cifar5": 150}[dataset]
    shape = (3, 32, 32) if dataset.startswith("cifar") else (1, 28, 28)
    training = Training(epochs=epochs, batch_size=100, networks=1, learning_rate=2e-3)
    return Settings({"input_shape": shape}, training)


def _mnf(dataset: str) -> Settings:
    epochs = {"mnist": 30, "mnist5000": 200, "digits": 200, "cifar10": 60, "cifar5": 120}[dataset]
    training = Training(epochs=epochs, batch_size=100, networks=100, learning_rate=2e-3)
    return Settings({"log_std": -5.0}, training)


def _sgld(dataset: str) -> Settings:
    """A Langevin chain under the prior N(0, 1/60), which Wang et al.'s decay means on MNIST."""
    images = {"mnist": 60_000, "mnist5000": 5_000, "digits": 1_437, "cifar10": 50_000}
    epochs = {"mnist": 60, "mnist5000": 60, "digits": 20, "cifar10": 100, "cifar5": 100}[dataset]
    training = Training(
        epochs=epochs,
        steps_per_epoch=500,
        batch_size=100,
        networks=1,
        learning_rate=0.1,
        weight_decay=60 / images.get(dataset, 25_000),
        schedule="constant",
    )
    steps = 500 * epochs
    return Settings({"samples": 500, "burn_in": steps - 500 * 20, "thinning": 20}, training)


def _apd(dataset: str) -> Settings:
    """The same chain and a GAN that learns its points in one epoch more."""
    chain = _sgld(dataset)
    steps = 500 * chain.training.epochs
    training = replace(chain.training, epochs=chain.training.epochs + 1)
    return Settings(chain.model | {"sgld_steps": steps, "points": 32, "rate": 5e-4}, training)


_CHOICES: dict[type[Posterior], Callable[[str], Settings]] = {
    HyperGAN: _hypergan,
    NetworkEnsemble: _ensemble,
    MCDropout: _mc_dropout,
    MNF: _mnf,
    SGLD: _sgld,
    APD: _apd,
}
