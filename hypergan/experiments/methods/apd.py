"""APD: a GAN that learns the points of SGLD's chain."""

from dataclasses import replace
from typing import Any

from hypergan.baselines.apd import APD
from hypergan.experiments.method import BySet, Method
from hypergan.experiments.methods import sgld
from hypergan.experiments.profiles import Profile
from hypergan.experiments.settings import Settings

_EPOCHS = 1
"""Epochs of the GAN after those of the chain."""

# With standardised vectors a few hundred steps give a generator of MNIST networks the chain's
# spread.
_GAN: dict[str, Any] = {"points": 32, "rate": 5e-4}
_SMOKE: dict[str, Any] = {"hidden": 16, "points": 8, "rate": 1e-3}


def _distilled(chain: Settings, epochs: int = _EPOCHS, **gan: Any) -> Settings:
    """A chain's settings, and those of the GAN after it."""
    steps = chain.training.epochs * (chain.training.steps_per_epoch or 0)
    training = replace(chain.training, epochs=chain.training.epochs + epochs)
    return replace(chain, model=chain.model | {"sgld_steps": steps} | gan, training=training)


def _every(profile: Profile, epochs: int = _EPOCHS, **gan: Any) -> BySet:
    chains = sgld.SETTINGS[profile]
    return {name: _distilled(chain, epochs, **gan) for name, chain in chains.items()}


METHOD = Method(
    "APD",
    APD,
    {
        "smoke": _every("smoke", **_SMOKE),
        "lite": _every("lite", **_GAN),
        "full": _every("full", **_GAN),
        # The code of Wang et al. with the 100 noise dimensions of its convolutional networks; their
        # vectors are not standardised.
        "paper": _every("paper", epochs=50, standardise=False),
    },
    compared=(100,),
    papers={1: "APD", 2: "APD"},
)
