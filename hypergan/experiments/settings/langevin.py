"""Settings of the Langevin chain and of the posterior distilled from it."""

from dataclasses import replace
from typing import Any

from hypergan.evaluation.protocol import Evaluation
from hypergan.experiments.settings.form import Settings
from hypergan.training import Training


def sgld(dataset: str, profile: str) -> Settings:
    """Settings of :class:`hypergan.baselines.sgld.SGLD`; ``paper`` is the code of Wang et al.

    On images ``lite`` has their batch and twice their rate, at which a short chain gets further on
    validation images of MNIST, see ``data/search/sgld.csv``. Its prior is everywhere the one that
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
    networks; their vectors are not standardised. With standardised ones a few hundred steps give a
    generator of MNIST networks the chain's spread.
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
