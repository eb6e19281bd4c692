"""Deep ensembles: networks trained from random starts; the paper calls this standard training."""

from dataclasses import replace

from hypergan.baselines.network_ensemble import NetworkEnsemble
from hypergan.evaluation.protocol import Evaluation
from hypergan.experiments.method import Method
from hypergan.experiments.settings import Settings
from hypergan.training import Training

_MEMBERS = 10
_PASSES = {"mnist": 10, "mnist5000": 30, "cifar5": 14, "cifar10": 10, "digits": 60}
_FULL_PASSES = {"mnist": 10, "mnist5000": 30, "cifar5": 60, "cifar10": 60, "digits": 60}
"""How often each member sees every image."""


def _ensemble(training: Training, evaluation: Evaluation) -> Settings:
    """An ensemble whose members are all measured."""
    members = evaluation.networks
    return Settings({"members": members}, replace(training, networks=members), evaluation)


def _split(passes: int) -> Settings:
    """The members split each mini-batch, so that in an epoch each sees its share of the images."""
    training = Training(
        epochs=_MEMBERS * passes, batch_size=_MEMBERS * 100, networks=1, learning_rate=2e-3
    )
    return _ensemble(training, Evaluation(networks=_MEMBERS, sizes=(1, 5, 10)))


# As many steps on the 20 points, which all networks see, as HyperGAN takes. The networks are so
# small that a hundred of them take no longer.
_CUBIC = _ensemble(
    Training(epochs=20, steps_per_epoch=100, batch_size=20, share_images=True, learning_rate=1e-2),
    Evaluation(networks=100, sizes=(10, 100)),
)
# Section 4.1 for rate, schedule and epochs; the authors' code for the batch. The members see the
# same images, so that an epoch is one for each of them.
_PAPER = _ensemble(
    Training(epochs=100, batch_size=100, share_images=True, learning_rate=1e-2, schedule="plateau"),
    Evaluation(networks=_MEMBERS, sizes=(1, 5, 10)),
)

METHOD = Method(
    "deep ensemble",
    NetworkEnsemble,
    {
        "lite": {"cubic": _CUBIC} | {name: _split(n) for name, n in _PASSES.items()},
        "full": {name: _split(n) for name, n in _FULL_PASSES.items()},
        "paper": dict.fromkeys(_PASSES, _PAPER),
    },
    compared=(1, 5, 10),
    papers={1: "Standard Training", 2: "Random Start"},
)

AS_RELEASED = replace(
    METHOD,
    title="deep ensemble as released",
    switches={"initialisation": "normal"},
    compared=(),
    papers={1: "Standard Training"},
    attacked=0,
)
"""The authors' code initialises convolutions from N(0, 1); see the book's deviations."""
