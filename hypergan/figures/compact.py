"""What HyperGAN's sizes are for: the compact form beside the one of Table 2."""

import pandas as pd

from hypergan.data import datasets
from hypergan.experiments import paper
from hypergan.experiments.collection import NONE, Collection
from hypergan.experiments.intervals import Interval
from hypergan.experiments.measures import Measure, gain
from hypergan.experiments.methods import METHODS, title_of
from hypergan.figures.numbers import with_ends
from hypergan.figures.page import MISSING, listed
from hypergan.figures.style import PAPER
from hypergan.figures.tables import Table

PAIR = ("hypergan", "hypergan-compact")
"""HyperGAN with the sizes that the paper states, and with few."""

SIZES = METHODS["hypergan"].compared
"""Networks in the ensembles of Table 2."""

STATED = {"noise": "noise_dim", "hidden units": "hidden"}
"""Columns of the table of traits, by the arguments of the model that they show."""

TRAITS: dict[str, str | Measure] = {
    "gain of 100 (points)": gain,
    "disagreement": "diversity/disagreement",
    "relative sd of the norm": "relative_norm_std",
    "AUROC of outliers": "detection/entropy/auroc",
}
"""Columns of the table of traits, as they are measured."""


def finding(collection: Collection) -> str:
    """What both forms reach of the paper, and what the largest compact ensembles lose or gain."""
    largest = SIZES[-1]
    changes = {
        title: found
        for dataset, title in datasets.compared().items()
        if (found := _difference(collection.on(dataset), largest))
    }
    if not changes:
        return MISSING[0]
    stated, compact = (
        [met for name in datasets.compared() for met in _reached(collection.on(name), name, form)]
        for form in PAIR
    )
    points = listed([f"{with_ends(found)} on {title}" for title, found in changes.items()])
    sure = [title for title, found in changes.items() if found.sign]
    return (
        f"The compact form reaches {sum(compact)} of the {len(compact)} values that the paper "
        f"prints for HyperGAN, the stated sizes {sum(stated)}. The accuracy of {largest} compact "
        f"networks minus that of {largest} of the stated sizes, in points: {points}. "
        + (f"That is certain on {listed(sure)} alone." if sure else "None of these is certain.")
    )


def accuracy_table(collection: Collection) -> Table:
    """Accuracy of both, their difference and the paper's value, by data set and networks."""
    rows = {}
    for dataset, title in datasets.compared().items():
        here, papers = collection.on(dataset), _papers(dataset)
        for size in SIZES:
            rows[title, size] = {
                **{title_of(method): here.mean(method, f"accuracy/{size}") for method in PAIR},
                "compact minus stated": _difference(here, size) or NONE,
                PAPER: f"{papers[size]:.{paper.DECIMALS}f}" if size in papers.index else NONE,
            }
    frame = pd.DataFrame.from_dict(rows, orient="index")
    frame.index.names = ["data set", "networks"]
    caption = "Accuracy on the test images, in percent and points."
    return Table(frame, caption, name="compact", decimals=paper.DECIMALS)


def traits_table(collection: Collection) -> Table:
    """Sizes, gain, disagreement and detection of both, by data set."""
    rows = {}
    for dataset, title in datasets.compared().items():
        here = collection.on(dataset)
        for method in PAIR:
            rows[title, title_of(method)] = {
                **_stated(here, method),
                **{words: here.mean(method, measured) for words, measured in TRAITS.items()},
            }
    frame = pd.DataFrame.from_dict(rows, orient="index")
    frame.index.names = ["data set", "method"]
    return Table(frame, "Sizes of both forms, and how much their networks differ.", name="traits")


def _stated(here: Collection, method: str) -> dict[str, str]:
    """Its sizes, as its records have them."""
    record = here.shown.get(method)
    model = record.config["model"] if record else {}
    return {words: str(model.get(name, NONE)) for words, name in STATED.items()}


def _difference(here: Collection, size: int) -> Interval | None:
    """Compact minus stated, in points."""
    return here.difference(PAIR[1], PAIR[0], f"accuracy/{size}")


def _reached(here: Collection, dataset: str, method: str) -> list[bool]:
    """Whether a form's mean reaches each of the paper's values, to its decimals."""
    means = {size: here.average(method, f"accuracy/{size}") for size in SIZES}
    return [
        paper.reaches(mean, value)
        for size, value in _papers(dataset).items()
        if (mean := means.get(size)) is not None
    ]


def _papers(dataset: str) -> "pd.Series[float]":
    """The paper's accuracies of HyperGAN by number of networks."""
    return paper.accuracies(dataset).loc[METHODS[PAIR[0]].papers[2], "accuracy"]
