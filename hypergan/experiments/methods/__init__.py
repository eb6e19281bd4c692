"""The methods by name, one description per file."""

from collections.abc import Iterable
from typing import Any, cast

import torch
from torch import nn

from hypergan.data.datasets import DATASETS
from hypergan.errors import SettingsError
from hypergan.experiments.method import Method
from hypergan.experiments.methods import (
    apd,
    compact,
    deep_ensemble,
    hypergan,
    mc_dropout,
    mnf,
    nuts,
    sgld,
)
from hypergan.experiments.profiles import PROFILES, PUBLISHED, Profile
from hypergan.experiments.settings import Settings
from hypergan.extras import plugged_in
from hypergan.posterior import Posterior

METHODS: dict[str, Method] = {
    "hypergan": hypergan.METHOD,
    "hypergan-compact": compact.METHOD,
    **hypergan.ABLATIONS,
    "apd": apd.METHOD,
    "sgld": sgld.METHOD,
    "mnf": mnf.METHOD,
    "mc-dropout": mc_dropout.METHOD,
    "ensemble": deep_ensemble.METHOD,
    "ensemble-normal-init": deep_ensemble.AS_RELEASED,
    "nuts": nuts.METHOD,
    "nuts-unit-prior": nuts.UNIT_PRIOR,
    **hypergan.VARIATIONS,
}
"""The methods in the order of Table 2; installed packages add theirs as entry points of the group
``hypergan.methods``."""

METHODS |= plugged_in("hypergan.methods", METHODS)


_IN_FULL = ("cubic", "mnist", "mnist5000", "cifar5", "cifar10")
"""Data sets on which all compared methods have records in ``full``."""


def compared() -> list[str]:
    """The names of the methods that tables and figures show beside each other."""
    return [name for name, method in METHODS.items() if method.compared]


def title_of(method: str) -> str:
    """What figures and tables call a method."""
    return METHODS[method].title


def resolved(profile: str, method: str, dataset: str) -> str:
    """A profile's name; for :data:`PUBLISHED`, that in which pages show the method on the data set.

    Variations are compared with each other alone, and their records are of ``lite``.
    """
    if profile != PUBLISHED:
        return profile
    varies = method in METHODS and METHODS[method].variation
    return "full" if dataset in _IN_FULL and not varies else "lite"


def settings_for(method: str, dataset: str, profile: str) -> Settings:
    """A method's settings on a data set in a profile.

    Raises:
        SettingsError: If a name is unknown, or the method does not run on the data set; the message
            lists the known ones.
    """
    profile = resolved(profile, method, dataset)
    require_known(method, dataset, profile)
    return METHODS[method].on(dataset, cast(Profile, profile))


def require_known(method: str, dataset: str, profile: str) -> None:
    """Refuse what :func:`settings_for` has no settings for, with its errors."""
    _require("method", method, METHODS)
    _require("data set", dataset, DATASETS)
    _require("profile", profile, PROFILES)
    if not METHODS[method].runs_on(dataset):
        known = ", ".join(METHODS[method].datasets)
        raise SettingsError(f"{method} does not run on {dataset!r}; choose one of {known}")


def _require(kind: str, name: str, known: Iterable[str]) -> None:
    if name not in known:
        raise SettingsError(f"unknown {kind} {name!r}; choose one of {', '.join(known)}")


def build(
    name: str, target: nn.Module, arguments: dict[str, Any], generator: torch.Generator
) -> Posterior:
    """A method's posterior over the weights of a target, untrained."""
    return METHODS[name].posterior(target, **arguments, generator=generator)
