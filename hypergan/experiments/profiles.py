"""Profiles: how each adapts a method's settings.

``smoke`` takes seconds and replaces image data with embedded stand-ins; ``lite`` is real data
within 90 minutes on two cores; ``full`` is real data under one protocol for all methods, within
about two hours on one core; ``paper`` is the paper's own settings. The book's page on deviations
gives the reasons for the numbers.
"""

from dataclasses import replace
from typing import Any, Literal, get_args

from hypergan.evaluation.protocol import Attack, Evaluation
from hypergan.experiments.settings import Settings

Profile = Literal["smoke", "lite", "full", "paper"]

PROFILES: tuple[Profile, ...] = get_args(Profile)

PUBLISHED = "published"
"""Stands for the profile in which pages show a method and claims are judged."""

_SMOKE = Attack(
    images=10,
    eps=(0.1, 0.3),
    steps=2,
    ensembles=((1, 10, 10), (5, 5, 10), (10, 10, 10), (20, 20, 5)),
    singles=1,
    transfer=(1, 5, 10),
    draws=3,
)
_WATCHED = 500
"""Training images on which accuracy and disagreement are watched in ``full``."""


def in_seconds(settings: Settings, **model: Any) -> Settings:
    """The same, cut to seconds: few steps, small mini-batches, smaller arguments in ``model``."""
    training = replace(
        settings.training,
        epochs=3,
        steps_per_epoch=20,
        batch_size=min(250, settings.training.batch_size),
        diversity_networks=20,
    )
    validation = min(settings.validation, 200)  # the stand-ins are small
    model = settings.model | model
    return replace(settings, model=model, training=training, validation=validation)


def under_protocol(settings: Settings, target: str) -> Settings:
    """The protocol that all methods share in ``full``, with a target named for its records.

    Matrix products are in float32 on every machine, and no training images are held out. The trials
    on held-out images that each method's own settings were chosen by are in ``data/search``.
    """
    return replace(
        settings,
        training=replace(settings.training, precision="float32", watched=_WATCHED),
        evaluation=replace(settings.evaluation, precision="float32"),
        target=target,
    )


def measured(evaluation: Evaluation, profile: Profile, attacked: int) -> Evaluation:
    """A method's evaluation adapted to a profile, with the attacks.

    Args:
        evaluation: The method's own.
        profile: The profile.
        attacked: The most networks attacked together in ``full``; 0 for no attacks at all.
    """
    if profile == "smoke":
        evaluation = replace(evaluation, many=min(200, evaluation.many))
    if not attacked:
        return evaluation
    strong = Attack(strong_steps=50)
    sizes = tuple(sizes for sizes in strong.ensembles if sizes[0] <= attacked)
    by_profile = {"smoke": _SMOKE, "full": replace(strong, ensembles=sizes)}
    return replace(evaluation, attack=by_profile.get(profile, Attack()))
