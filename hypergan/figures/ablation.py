"""The ablations of section 5, and what beta, code length and width do: views over records."""

import math
from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from hypergan.experiments.collection import NOT_RUN, Collection
from hypergan.experiments.intervals import interval
from hypergan.experiments.measures import measure
from hypergan.experiments.methods import METHODS, title_of
from hypergan.experiments.methods.hypergan import UNVARIED, VARIED
from hypergan.figures.style import band, finished, marked

ACCURACY, SPREAD = "accuracy of 10 (%)", "relative sd of the norm"
DISAGREEMENT, KL = "disagreement", "pairwise KL (nats)"
AUROC = "AUROC of outliers"
QUANTITIES = {
    "accuracy of 1 (%)": "accuracy/1",
    ACCURACY: "accuracy/10",
    SPREAD: "relative_norm_std",
    DISAGREEMENT: "diversity/disagreement",
    KL: "diversity/pairwise_kl",
    AUROC: "detection/entropy/auroc",
}
"""Columns of the tables, measured as claims measure them."""


def course(collection: Collection) -> pd.DataFrame:
    """What was measured during training, a row for each measurement.

    Returns:
        ``method``, ``seed`` and when: after an ``epoch``, or after a ``step`` of the first one;
        ``validation_accuracy`` in percent; ``norm_spread.LAYER``, the relative standard deviation
        of a layer's norm, and ``diversity``, its mean over the layers.
    """
    parts = [pd.DataFrame(columns=["method", "seed", "epoch", "step"])]
    for record in collection.records:
        rows = [*record.history[0].get("early", []), *record.history]
        parts.append(pd.json_normalize(rows).assign(method=record.method, seed=record.seed))
    return pd.concat(parts, ignore_index=True)


def accuracy_course(collection: Collection) -> Figure:
    """Fig. 6: accuracy of 10 networks during training, on images held out of it."""
    return _start_and_whole(collection, "validation_accuracy", "accuracy (%)")


def diversity_course(collection: Collection) -> Figure:
    """Fig. 7: relative standard deviation of the norm of 100 networks, mean over the layers."""
    return _start_and_whole(collection, "diversity", SPREAD)


def layers_course(collection: Collection) -> Figure:
    """Fig. 7 layer by layer."""
    layers = [name for r in collection.records[:1] for name in r.history[0]["norm_spread"]]
    panels = [("epoch", f"norm_spread.{name}", name) for name in layers]
    return _panels(collection, panels or [("epoch", "diversity", "all layers")], SPREAD)


def at_the_end(collection: Collection) -> pd.DataFrame:
    """What trained posteriors measure, one row per method: mean, 95 % interval and n over seeds."""
    rows = {
        title_of(method): {
            name: collection.text(method, measured) for name, measured in QUANTITIES.items()
        }
        for method in _methods(collection)
    }
    return pd.DataFrame(rows).T


def ranking(collection: Collection) -> str:
    """The methods by each measure of diversity, the most diverse first, in Markdown."""
    lines = []
    for quantity in (SPREAD, DISAGREEMENT, KL):
        means = {
            title_of(method): interval(collection.values(method, QUANTITIES[quantity])).mean
            for method in collection.shown
        }
        order = sorted(means, key=lambda name: -means[name])
        lines.append(f"- by {quantity}: {', '.join(order) or NOT_RUN}")
    return "\n".join(lines)


def varied_by(argument: str) -> list[str]:
    """The methods that vary an argument of HyperGAN, and the one that leaves it as it is."""
    return [
        name
        for name, method in METHODS.items()
        if method.variation and (argument in method.switches or name == UNVARIED)
    ]


def variation(collection: Collection) -> Figure:
    """What varying a number of HyperGAN does, one column per number; dotted: its own value."""
    rows = (ACCURACY, SPREAD, DISAGREEMENT, AUROC)
    size = (3.4 * len(VARIED), 2.4 * len(rows))
    figure, grid = plt.subplots(len(rows), len(VARIED), figsize=size, sharey="row", sharex="col")
    for column, argument in zip(grid.T, VARIED, strict=True):
        records = [r for r in collection.records if r.method in varied_by(argument)]
        values = [f"{record.config['model'][argument]:g}" for record in records]
        own = {value for r, value in zip(records, values, strict=True) if r.method == UNVARIED}
        measures = {name: measure(QUANTITIES[name]) for name in rows}
        measured = {name: [number(r) for r in records] for name, number in measures.items()}
        table = pd.DataFrame({argument: values, **measured})
        order = sorted(set(values), key=float)
        for axes, quantity in zip(column, rows, strict=True):
            if not records:
                axes.text(0.5, 0.5, "not run", ha="center", transform=axes.transAxes)
            else:
                sns.pointplot(
                    table, x=argument, y=quantity, order=order, errorbar=band, capsize=0.1, ax=axes
                )
            for value in own:
                axes.axvline(order.index(value), color="gray", linestyle=":", zorder=0)
            axes.set(xlabel="", ylabel=quantity if axes in grid[:, 0] else "")
        column[-1].set_xlabel(argument)
    return marked(figure, collection)


def _start_and_whole(collection: Collection, column: str, label: str) -> Figure:
    """Steps of the first epoch, then all epochs, each on a scale of its own."""
    panels = [("step", column, "first epoch"), ("epoch", column, "whole training")]
    figure = _panels(collection, panels, label, sharey=False)
    figure.axes[0].set_xscale("log")
    return figure


def _panels(
    collection: Collection,
    panels: Sequence[tuple[str, str, str]],
    label: str,
    *,
    sharey: bool = True,
) -> Figure:
    """A panel for each abscissa, column of the course and title; a line for each method."""
    rows = course(collection)
    methods = _methods(collection)
    colours = dict(zip(methods, sns.color_palette(n_colors=len(methods)), strict=True))
    width = min(3, len(panels))
    height = math.ceil(len(panels) / width)
    size = (4.2 * width, 3.4 * height)
    figure, grid = plt.subplots(height, width, figsize=size, sharey=sharey, squeeze=False)
    for axes, (when, column, title) in zip(grid.flat, panels, strict=False):
        axes.set(title=title)
        for method, colour in colours.items():
            part = rows[(rows["method"] == method) & rows[when].notna()]
            style = {"color": colour, "label": title_of(method)}
            if len(part):
                sns.lineplot(part, x=when, y=column, errorbar=band, ax=axes, **style)
            else:
                axes.plot([], [], **style | {"label": f"{style['label']}: {NOT_RUN}"})
        axes.set(xlabel=when, ylabel=label if axes in grid[:, 0] else "")
        axes.legend().remove()  # they are all alike
    for axes in grid.flat[len(panels) :]:
        axes.remove()
    return finished(figure, collection)


def _methods(collection: Collection) -> list[str]:
    """The methods that were asked for, whether they have records or not."""
    asked = collection.shown.keys() | {cell.method for cell in collection.missing}
    return [method for method in METHODS if method in asked]
