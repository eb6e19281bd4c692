"""Profiles: what a cell means in numbers.

``smoke`` takes seconds and replaces image data by embedded stand-ins; ``lite`` is real data within
90 minutes on two cores; ``full`` is real data under one protocol for all methods, within 90 minutes
of one core; ``paper`` is the paper's own settings. The book's page on deviations gives the reasons
for the numbers.
"""

from collections.abc import Callable
from dataclasses import replace

from hypergan.baselines.apd import APD
from hypergan.baselines.gold_standard import GoldStandard
from hypergan.baselines.mc_dropout import MCDropout
from hypergan.baselines.mnf import MNF
from hypergan.baselines.network_ensemble import NetworkEnsemble
from hypergan.baselines.sgld import SGLD
from hypergan.data.datasets import NAMES as DATASETS
from hypergan.errors import SettingsError
from hypergan.evaluation.protocol import Evaluation
from hypergan.experiments.methods import METHODS
from hypergan.experiments.settings.evaluation import complete
from hypergan.experiments.settings.form import Settings, smoke
from hypergan.experiments.settings.full import compact, full
from hypergan.experiments.settings.gold_standard import gold_standard
from hypergan.experiments.settings.hypergan import hypergan
from hypergan.experiments.settings.langevin import apd, sgld
from hypergan.experiments.settings.mnf import mnf
from hypergan.experiments.settings.networks import ensemble, mc_dropout
from hypergan.model import HyperGAN
from hypergan.posterior import Posterior

__all__ = ["PROFILES", "Evaluation", "Settings", "settings_for"]

PROFILES = ("smoke", "lite", "full", "paper")

_CHOICES: dict[type[Posterior], Callable[[str, str], Settings]] = {
    HyperGAN: hypergan,
    NetworkEnsemble: ensemble,
    MCDropout: mc_dropout,
    MNF: mnf,
    SGLD: sgld,
    APD: apd,
    GoldStandard: gold_standard,
}
"""Each posterior's settings, by data set and profile."""

_SHORT = 10
"""Epochs in ``lite`` of a method that varies a number. All of them, so that they compare."""


def settings_for(method: str, dataset: str, profile: str) -> Settings:
    """What a method on a data set means in a profile.

    Raises:
        SettingsError: If a name is unknown; the message lists the known ones.
    """
    _require("method", method, tuple(METHODS))
    _require("data set", dataset, DATASETS)
    _require("profile", profile, PROFILES)
    _require(f"data set of {method}", dataset, METHODS[method].datasets)
    chosen = METHODS[method]
    settings = _CHOICES[chosen.posterior](dataset, "lite" if profile == "full" else profile)
    if method == "hypergan-compact":
        settings = smoke(compact(dataset)) if profile == "smoke" else compact(dataset)
    elif profile == "full":
        settings = full(chosen.posterior, dataset, settings)
    evaluation = complete(settings.evaluation, chosen.posterior, dataset, profile)
    if not chosen.attacked:
        evaluation = replace(evaluation, attack=None)
    if chosen.variation:
        evaluation = replace(evaluation, many=0)
    if chosen.variation and profile in ("lite", "full"):
        settings = replace(settings, training=replace(settings.training, epochs=_SHORT))
    return replace(settings, model=settings.model | chosen.switches, evaluation=evaluation)


def _require(kind: str, name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        raise SettingsError(f"unknown {kind} {name!r}; choose one of {', '.join(known)}")
