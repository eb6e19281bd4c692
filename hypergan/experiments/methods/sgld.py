"""SGLD: a Langevin chain, which APD distils."""

from dataclasses import replace

from hypergan.baselines.sgld import SGLD
from hypergan.data.datasets import DATASETS
from hypergan.evaluation.protocol import Evaluation
from hypergan.experiments.method import BySet, Method
from hypergan.experiments.profiles import Profile
from hypergan.experiments.settings import Settings
from hypergan.training import Training

_KEPT = Evaluation(networks=100, sizes=(1, 10, 100))
_LITE_EPOCHS = {"mnist": 30, "mnist5000": 30, "cifar5": 30, "cifar10": 30, "digits": 20}
_FULL_EPOCHS = {"mnist": 60, "mnist5000": 60, "cifar5": 100, "cifar10": 100, "digits": 20}
# The prior is the one that the weight decay of Wang et al. implies on MNIST, N(0, 1/60): the decay
# is 60 over the number of training images.
_DECAY = {
    "mnist": 0.001,
    "mnist5000": 0.012,
    "cifar5": 0.0024,
    "cifar10": 0.0012,
    "digits": 0.04,
}


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
    evaluation: Evaluation = _KEPT,
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
        evaluation=evaluation,
    )


def _lite(dataset: str) -> Settings:
    """The batch of Wang et al. and twice their rate.

    At that rate a short chain gets further on validation images of MNIST, see
    ``data/search/sgld.csv``.
    """
    return _chain(
        epochs=_LITE_EPOCHS[dataset],
        steps_per_epoch=500,
        samples=500,
        burn_in=5000,
        rate=0.1,
        weight_decay=_DECAY[dataset],
    )


def _full(dataset: str) -> Settings:
    """The same for longer; the last 20 epochs are kept."""
    epochs = _FULL_EPOCHS[dataset]
    chain = _chain(
        epochs=epochs,
        steps_per_epoch=500,
        samples=500,
        burn_in=500 * (epochs - 20),
        rate=0.1,
        weight_decay=60 / DATASETS[dataset].images[0],
    )
    model = {name: value for name, value in chain.model.items() if name != "temperature"}
    return replace(chain, model=model, evaluation=Evaluation())


def _cubic(epochs: int, steps_per_epoch: int, burn_in: int, thinning: int) -> Settings:
    """A chain on the 20 points, in units of standard deviations like all regression here.

    The temperature is twice the variance of the data's noise, 2 (3 / 18.05)^2; the weight decay
    then implies the prior N(0, 1).
    """
    return _chain(
        epochs=epochs,
        steps_per_epoch=steps_per_epoch,
        samples=1000,
        burn_in=burn_in,
        thinning=thinning,
        rate=0.01,
        weight_decay=0.00275,
        temperature=0.055,
        evaluation=Evaluation(sizes=(10, 100), networks=1000),
    )


def _paper() -> Settings:
    """The code of Wang et al.; the points take 1.3 GB on MNIST and 3.6 GB on CIFAR."""
    chain = _chain(epochs=100, steps_per_epoch=2000, samples=9975, burn_in=500)
    return replace(chain, training=replace(chain.training, checkpoint_seconds=600))


_SMOKE = _chain(
    epochs=3, steps_per_epoch=40, samples=100, burn_in=20, thinning=1, weight_decay=0.04
)

SETTINGS: dict[Profile, BySet] = {
    "smoke": {
        "cubic": _cubic(3, 400, burn_in=200, thinning=1),
        **dict.fromkeys(_DECAY, _SMOKE),
    },
    "lite": {
        "cubic": _cubic(50, 2000, burn_in=20_000, thinning=80),
        **{name: _lite(name) for name in _DECAY},
    },
    "full": {name: _full(name) for name in _DECAY},
    "paper": dict.fromkeys(_DECAY, _paper()),
}

METHOD = Method("SGLD", SGLD, SETTINGS, compared=(100,))
