"""MC dropout: one trained network, from which a hundred are drawn."""

from hypergan.baselines.mc_dropout import MCDropout
from hypergan.evaluation.protocol import Evaluation
from hypergan.experiments.method import Method
from hypergan.experiments.settings import Settings
from hypergan.training import Training

_HUNDRED = Evaluation(networks=100, sizes=(1, 10, 100))
_EPOCHS = {"mnist": 20, "mnist5000": 60, "cifar5": 60, "cifar10": 40, "digits": 120}
_FULL_EPOCHS = {"mnist": 40, "mnist5000": 120, "cifar5": 150, "cifar10": 100, "digits": 120}


def _lite(epochs: int) -> Settings:
    training = Training(epochs=epochs, batch_size=100, networks=1, learning_rate=2e-3)
    return Settings(training=training, evaluation=_HUNDRED)


def _full(dataset: str) -> Settings:
    """Single outputs are dropped, for which the shape of an image has to be known.

    On CIFAR fewer than half of them, which so small a network can hardly learn with: the share was
    chosen by the trials in ``data/search/full.csv``.
    """
    colour = {"input_shape": (3, 32, 32), "dropout": 0.1}
    model = colour if dataset.startswith("cifar") else {"input_shape": (1, 28, 28)}
    training = Training(
        epochs=_FULL_EPOCHS[dataset], batch_size=100, networks=1, learning_rate=2e-3
    )
    return Settings(model, training)


# As many steps on the 20 points, which all networks see, as HyperGAN takes.
_CUBIC = Settings(
    training=Training(
        epochs=20,
        steps_per_epoch=100,
        batch_size=20,
        share_images=True,
        learning_rate=1e-2,
        networks=1,
    ),
    evaluation=Evaluation(networks=1000, sizes=(10, 100)),
)
# Section 4.1 for rate, schedule and epochs; the authors' code for the batch.
_PAPER = Settings(
    training=Training(
        epochs=100, batch_size=100, networks=1, learning_rate=1e-2, schedule="plateau"
    ),
    evaluation=_HUNDRED,
)

METHOD = Method(
    "MC dropout",
    MCDropout,
    {
        "lite": {"cubic": _CUBIC} | {name: _lite(epochs) for name, epochs in _EPOCHS.items()},
        "full": {name: _full(name) for name in _FULL_EPOCHS},
        "paper": dict.fromkeys(_EPOCHS, _PAPER),
    },
    compared=(100,),
    papers={2: "MC Dropout"},
)
