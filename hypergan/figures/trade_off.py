"""What HyperGAN's sizes and rates trade: the accuracy of one network against a hundred's gain."""

import pandas as pd

from hypergan.experiments.methods import settings_for
from hypergan.experiments.trials import SEARCH, parse
from hypergan.figures.numbers import percent, text
from hypergan.figures.page import listed
from hypergan.figures.panels import LOW, NARROW, Panels

NAME = "trade-off"
"""The file of the trials: on CIFAR-5, shorter than the profile ``full``."""

CHOICES = {
    "noise dimensions": ("noise_dim",),
    "hidden units": ("hidden", "weight_rate"),  # a rate in inverse proportion to the width
    "rate of the biases": ("mean_rate",),  # those of the last layers, which are the weights' means
}
"""The settings that are changed together for each choice; the first is shown."""

CURVES = {
    "accuracy (%)": {"accuracy_1": ("one network", "C0o-"), "accuracy_100": ("a hundred", "C1s--")},
    "disagreement": {"disagreement": ("two networks", "C2^:")},
}
"""The columns that are shown, with their names and styles, by axis."""


def figure() -> Panels:
    """Accuracy of one and of a hundred networks, and below it their disagreement, by choice."""
    panels = Panels("Trials of HyperGAN on CIFAR-5", name=NAME, width=NARROW, height=LOW)
    by_choice = {choice: _by(choice) for choice in CHOICES}
    for label, curves in CURVES.items():
        first = None
        for choice, trials in by_choice.items():
            axes = panels.add(choice, like=first)
            for column, (name, style) in curves.items():
                axes.plot(
                    [f"{value:g}" for value in trials.index], trials[column], style, label=name
                )
            axes.set(xlabel="value, not to scale", ylabel=label)  # on a phone each stands alone
            first = first or axes
    return panels


def finding() -> str:
    """The three trials that gain most by their hundred networks, and the most accurate one."""
    trials = _trials()
    gain = (trials["accuracy_100"] - trials["accuracy_1"]).nlargest(3)
    most = [f"{text(points, 2)} of `{trials['changes'][i]}`" for i, points in gain.items()]
    best = trials.loc[trials["accuracy_100"].idxmax()]
    return (
        f"The largest gains from one network to a hundred, in points, are {listed(most)}. The "
        f"most accurate hundred is that of `{best['changes']}`: "
        f"{text(best['accuracy_1'], 1)} % for one network, {text(best['accuracy_100'], 1)} % for a "
        f"hundred, {percent(best['disagreement'], 1)} of the images on which two disagree."
    )


def _by(choice: str) -> pd.DataFrame:
    """The trials of one choice by its value, with that of the unchanged settings."""
    settings, (name, *_) = settings_for("hypergan", "cifar5", "full"), CHOICES[choice]
    unchanged = settings.model.get(name, getattr(settings.training, name, None))
    trials = _trials()
    changes = trials["changes"].str.split().map(parse)
    own = changes.map(lambda made: made.keys() <= {"epochs", *CHOICES[choice]})
    return (
        trials[own].set_index(changes[own].map(lambda made: made.get(name, unchanged))).sort_index()
    )


def _trials() -> pd.DataFrame:
    return pd.read_csv(SEARCH / f"{NAME}.csv")
