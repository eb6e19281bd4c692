"""HyperGAN with narrow generators and low-dimensional noise."""

from hypergan.experiments.method import Method
from hypergan.experiments.methods.hypergan import COLOUR, GREY, UNCENTRED
from hypergan.experiments.settings import Settings
from hypergan.model import HyperGAN
from hypergan.training import Training

_NARROW = UNCENTRED | {"noise_dim": 3, "hidden": 64}


def _grey(epochs: int) -> Settings:
    training = Training(epochs=epochs, batch_size=250, networks=5, weight_rate=1e-4, mean_rate=1e-4)
    return Settings(GREY | _NARROW, training)


# A learning rate that does not fall to 0 keeps the networks apart.
def _colour(epochs: int) -> Settings:
    training = Training(
        epochs=epochs, batch_size=200, networks=10, weight_rate=1e-4, mean_rate=1e-4, floor=0.4
    )
    return Settings(COLOUR | _NARROW, training)


METHOD = Method(
    "HyperGAN, compact",
    HyperGAN,
    {
        "full": {
            "mnist": _grey(30),
            "mnist5000": _grey(200),
            "cifar5": _colour(250),
            "cifar10": _colour(170),
            "digits": _grey(300),
        }
    },
    attacked=1000,
)
