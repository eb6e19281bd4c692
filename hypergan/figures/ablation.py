"""The ablations of section 5, and what beta, code length and width do: views over records."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from hypergan.data import datasets
from hypergan.experiments.collection import NONE, NOT_RUN, Collection
from hypergan.experiments.intervals import Interval, interval
from hypergan.experiments.methods import METHODS, title_of
from hypergan.experiments.methods.hypergan import UNVARIED, VARIED
from hypergan.figures.numbers import percent, with_ends
from hypergan.figures.page import MISSING
from hypergan.figures.panels import LOW, NARROW, Panels
from hypergan.figures.style import LINES, on, say_not_run
from hypergan.figures.tables import Table

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

SIZES = (1, 10, 100)
"""Networks in the ensembles whose accuracy is compared."""

COURSES = {"watched_accuracy": "accuracy (%)", "diversity": SPREAD}
"""What Figures 6 and 7 show."""


def finding(cifar10: Collection, mnist: Collection) -> list[str]:
    """The page in a few sentences, the first about the paper's figures, on CIFAR-10."""
    spreads, disagreements = (_means(cifar10, quantity) for quantity in (SPREAD, DISAGREEMENT))
    if any("hypergan" not in found or len(found) < 2 for found in (spreads, disagreements)):
        return MISSING
    most = [max(found, key=found.__getitem__) == "hypergan" for found in (spreads, disagreements)]
    return [
        f"On CIFAR-10 the norms of HyperGAN's networks vary by {_listed(spreads, 'by')} (the paper "
        f"says that HyperGAN's vary most); {'and' if most[0] == most[1] else 'but'} two of its "
        f"networks disagree on {_listed(disagreements, 'on')} of the test images.",
        *_certain(changes_table(cifar10 + mnist).frame),
    ]


def changes_table(collection: Collection) -> Table:
    """Each ablation's accuracy minus HyperGAN's, in points, by data set and number of networks."""
    columns = {}
    for dataset, title in datasets.compared().items():
        here = collection.on(dataset)
        for method in _methods(here):
            if method != "hypergan":
                columns[title, title_of(method)] = {
                    size: here.difference(method, "hypergan", f"accuracy/{size}") or NONE
                    for size in SIZES
                }
    frame = pd.DataFrame(columns).rename_axis("networks")
    return Table(frame, "Accuracy minus that of HyperGAN, in points.", name="changes")


def _certain(changes: pd.DataFrame) -> list[str]:
    """The changes of accuracy whose interval leaves out 0; nothing if no change is known."""
    known = {
        f"{size} network{'s' * (size > 1)} {method} on {dataset}": change
        for (dataset, method), column in changes.items()
        for size, change in column.items()
        if isinstance(change, Interval)
    }
    sure = [
        f"{what}, by {with_ends(change)} points" for what, change in known.items() if change.sign
    ]
    if sure:
        return [f"In accuracy, 95 % intervals of these differences leave out 0: {'; '.join(sure)}."]
    none = "In accuracy, every 95 % interval of the differences from HyperGAN includes 0."
    return [none] if known else []


def _listed(means: Mapping[str, float], word: str) -> str:
    """HyperGAN's mean in percent, and beside it that of each ablation."""
    own, *others = means.items()
    ablated = (f"{title_of(method)} {word} {percent(mean, 1)}" for method, mean in others)
    return ", ".join([percent(own[1], 1), *ablated])


def _means(collection: Collection, quantity: str) -> dict[str, float]:
    """A quantity's mean over seeds, by method."""
    means = {m: collection.average(m, QUANTITIES[quantity]) for m in _methods(collection)}
    return {method: mean for method, mean in means.items() if mean is not None}


def course(collection: Collection) -> pd.DataFrame:
    """What was measured during training, one row per measurement.

    Returns:
        ``method``, ``seed`` and when: after an ``epoch``, or after a ``step`` of the first one;
        ``watched_accuracy`` of ten networks in percent, on images held out or, where no method
        gives any up, on training images without augmentation; ``norm_spread.LAYER``, the relative
        standard deviation of a layer's norm, and ``diversity``, its mean over the layers.
    """
    parts = [pd.DataFrame(columns=["method", "seed", "epoch", "step"])]
    for record in collection.records:
        rows = [*record.history[0].get("early", []), *record.history]
        part = pd.json_normalize(rows).assign(method=record.method, seed=record.seed)
        names = ("validation_accuracy", "watched.accuracy")
        accuracy = next((part[name] for name in names if name in part), None)
        parts.append(part.assign(watched_accuracy=accuracy))
    return pd.concat(parts, ignore_index=True)


def courses(collection: Collection) -> Panels:
    """Figures 7 and 6: relative spread of 100 networks' norms, and accuracy of 10 networks.

    The spread, which the page's finding is about, is a mean over the layers; for the accuracy see
    :func:`course`. The epochs of the whole training and the steps of the first have panels of their
    own.
    """
    figure = Panels(
        f"Accuracy and diversity in training{on(collection)}", collection,
        name=f"course{on(collection, '-')}", height=210,
    )  # fmt: skip
    rows = course(collection)
    for (column, words), when in product(reversed(COURSES.items()), ("epoch", "step")):
        part = "first epoch" if when == "step" else "whole training"
        axes = figure.add(f"{words.removesuffix(' (%)')}, {part}")
        _draw(axes, rows, collection, when, column)
        axes.set(ylabel=words, xscale="log" if when == "step" else "linear")
    return figure


def layers_course(collection: Collection) -> Panels:
    """Figure 7 layer by layer."""
    figure = Panels(
        f"Diversity by layer{on(collection)}", collection, name=f"layers{on(collection, '-')}",
        width=NARROW, height=LOW,
    )  # fmt: skip
    rows = course(collection)
    layers = [name for r in collection.records[:1] for name in r.history[0]["norm_spread"]]
    for layer in layers:
        axes = figure.add(layer, like=figure.axes[0] if figure.axes else None)
        _draw(axes, rows, collection, "epoch", f"norm_spread.{layer}")
        axes.set_ylabel(SPREAD)
    return figure


def _draw(axes: Axes, rows: pd.DataFrame, collection: Collection, when: str, column: str) -> None:
    """One line per method over steps or epochs, with 95 % intervals if there are several seeds."""
    for number, method in enumerate(_methods(collection)):
        part = rows[(rows["method"] == method) & rows[when].notna()]
        label = title_of(method)
        look: dict[str, Any] = {"color": f"C{number}", "ls": LINES[number % len(LINES)]}
        if part.empty:
            axes.plot([], [], label=f"{label}: {NOT_RUN}", **look)
            continue
        measured = part.dropna(subset=[column]).groupby(when)[column]
        found = [(at, interval([*values])) for at, values in measured]
        at = [float(when) for when, _ in found]
        axes.plot(at, [each.mean for _, each in found], label=label, **look)
        if all(each.n > 1 for _, each in found):
            ends = [each.low for _, each in found], [each.high for _, each in found]
            axes.fill_between(at, *ends, color=look["color"], alpha=0.2, lw=0)
    axes.set_xlabel(when)


def at_the_end(collection: Collection) -> Table:
    """Measurements of the trained posteriors, one row per method."""
    rows = {
        title_of(method): {name: collection.mean(method, of) for name, of in QUANTITIES.items()}
        for method in _methods(collection)
    }
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("method")
    frame = frame.loc[:, ~frame.isin([NONE]).all()]  # CIFAR-10 has no outliers
    return Table(frame, "Trained networks, on the test images.", name="trained")


def varied_by(argument: str) -> list[str]:
    """The methods that vary an argument of HyperGAN, and the one that leaves it as it is."""
    return [
        name
        for name, method in METHODS.items()
        if method.variation and (argument in method.switches or name == UNVARIED)
    ]


def variation(collection: Collection) -> Panels:
    """The effect of varying HyperGAN's numbers, one column per number; dotted: its own value."""
    figure = Panels(
        "HyperGAN with one number varied", collection, name="variation", width=NARROW, height=LOW
    )
    for quantity in (ACCURACY, SPREAD, DISAGREEMENT, AUROC):
        first = None
        for argument in VARIED:
            axes = figure.add(like=first)
            first = first or axes
            _vary(axes, collection, argument, quantity)
            axes.set(xlabel=f"{argument}, not to scale", ylabel=quantity)
    return figure


def _vary(axes: Axes, collection: Collection, argument: str, quantity: str) -> None:
    """A quantity against the values of one of HyperGAN's numbers, evenly spaced."""
    values = {
        float(record.config["model"][argument]): method
        for method, record in collection.shown.items()
        if method in varied_by(argument)
    }
    if not values:
        say_not_run(axes, 0.5)
    order = sorted(values)
    measured = [collection.values(values[value], QUANTITIES[quantity]) for value in order]
    found = {place: interval(each) for place, each in enumerate(measured) if each}
    bars = [each.high - each.mean if each.n > 1 else 0 for each in found.values()]
    means = [each.mean for each in found.values()]
    axes.errorbar([*found], means, bars, color="C0", marker="o", capsize=3)
    for place, value in enumerate(order):
        if values[value] == UNVARIED:
            axes.axvline(place, color="gray", ls=":", zorder=0)
    axes.set_xticks(range(len(order)), [f"{value:g}" for value in order])


def _methods(collection: Collection) -> list[str]:
    """The methods that were asked for, whether they have records or not."""
    asked = collection.shown.keys() | {cell.method for cell in collection.missing}
    return [method for method in METHODS if method in asked]
