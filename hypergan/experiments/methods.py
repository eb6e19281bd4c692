"""The methods by name."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from hypergan.baselines.apd import APD
from hypergan.baselines.gold_standard import GoldStandard
from hypergan.baselines.mc_dropout import MCDropout
from hypergan.baselines.mnf import MNF
from hypergan.baselines.network_ensemble import NetworkEnsemble
from hypergan.baselines.sgld import SGLD
from hypergan.data.datasets import NAMES as DATASETS
from hypergan.model import HyperGAN
from hypergan.posterior import Posterior


@dataclass(frozen=True)
class Method:
    """A posterior, and the switches that make the method; an ablation has one switch off.

    Attributes:
        posterior: The posterior.
        switches: Arguments of its constructor that make the method.
        datasets: The data sets that it is for.
        attacked: Whether it is attacked on MNIST, as the paper's methods themselves are.
        variation: Whether it is there to vary a number: trained shortly, and left out of a sweep
            that does not name it.
    """

    posterior: type[Posterior]
    switches: dict[str, Any] = field(default_factory=dict)
    datasets: tuple[str, ...] = DATASETS
    attacked: bool = True
    variation: bool = False


IMAGES = tuple(name for name in DATASETS if name != "cubic")
"""The data sets of images."""

METHODS = {
    "hypergan": Method(HyperGAN),
    "hypergan-compact": Method(HyperGAN, datasets=IMAGES),
    "hypergan-no-mixer": Method(HyperGAN, {"mixer": False}, attacked=False),
    "hypergan-no-discriminator": Method(HyperGAN, {"beta": 0.0}, attacked=False),
    "ensemble": Method(NetworkEnsemble),
    "ensemble-normal-init": Method(NetworkEnsemble, {"initialisation": "normal"}, attacked=False),
    "mc-dropout": Method(MCDropout),
    "mnf": Method(MNF),
    "sgld": Method(SGLD),
    "apd": Method(APD),
    "nuts": Method(GoldStandard, datasets=("cubic",)),
    "nuts-unit-prior": Method(
        GoldStandard, {"prior": "unit", "max_tree_depth": 12}, datasets=("cubic",)
    ),
}

VARIED = {
    "beta": (0.0, 0.1, 0.3, 1.0, 3.0, 10.0),
    "code_dim": (8, 32, 64, 256),
    "hidden": (64, 128, 256, 1024),
}
"""Numbers of HyperGAN that are varied on MNIST, one at a time."""

UNVARIED = "hypergan-beta-1"
"""HyperGAN itself, trained as shortly as the others: codes of 128 numbers, 512 hidden units."""

METHODS |= {
    f"hypergan-{argument.replace('_', '-')}-{value:g}": Method(
        HyperGAN, {argument: value}, datasets=("mnist",), attacked=False, variation=True
    )
    for argument, values in VARIED.items()
    for value in values
}


def build(
    name: str, target: nn.Module, arguments: dict[str, Any], generator: torch.Generator
) -> Posterior:
    """A method's posterior over the weights of a target, untrained."""
    return METHODS[name].posterior(target, **arguments, generator=generator)
