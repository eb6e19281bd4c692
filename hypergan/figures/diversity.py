"""Table 1: how much the networks differ, in their weights and as functions."""

import math
from itertools import product
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator
from scipy import stats

from hypergan.experiments import paper
from hypergan.experiments.collection import NOT_RUN, Collection
from hypergan.experiments.intervals import interval
from hypergan.experiments.measures import Measure, measure, number
from hypergan.experiments.methods import METHODS, title_of
from hypergan.experiments.records import Record
from hypergan.figures.style import OURS, PAPER, finished, marked, ours, say_not_run
from hypergan.targets import mnist_target

STATISTICS = ("mean", "std", "std / mean")
"""What is shown of a norm. The last one does not depend on the scale of the weights."""

ACCURATE = 98.0
"""The accuracy in percent at which the paper stops for Table 1."""


def in_table_1() -> list[str]:
    """The methods of Table 1."""
    return [name for name, method in METHODS.items() if 1 in method.papers]


def shown() -> list[str]:
    """The methods whose diversity is shown: those of Table 1 and Table 2."""
    return [name for name, method in METHODS.items() if method.compared or 1 in method.papers]


def norms_table(collection: Collection) -> pd.DataFrame:
    """Table 1: mean and standard deviation of each layer's L2 norm, ours beside the paper's.

    Ours are means over seeds, see :class:`hypergan.experiments.intervals.Interval`.
    """
    rows: dict[tuple[str, str], dict[Any, str]] = {}
    for layer, method in product(_layers(), in_table_1()):
        row = rows[layer, title_of(method)] = {}
        for statistic in STATISTICS:
            measured = norm_measure(layer, statistic)
            row[statistic, ours(collection)] = collection.text(method, measured)
            row[statistic, PAPER] = f"{_papers_norm(method, layer)[statistic]:.4g}"
    return _by_layer(rows)


def norm_measure(layer: str, statistic: str) -> Measure:
    """The measure of a layer's norms that is one of :data:`STATISTICS`."""
    mean, std = (measure(f"norms/{layer}/{name}") for name in ("mean", "std"))
    return {"mean": mean, "std": std, "std / mean": lambda r: std(r) / mean(r)}[statistic]


def _by_layer(rows: dict[tuple[str, str], dict[Any, str]]) -> pd.DataFrame:
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.columns = pd.Index([*next(iter(rows.values()))])
    return table.rename_axis(index=["layer", "method"])


def _layers() -> list[str]:
    return [*paper.table(1)["layer"].unique()]


def _papers_norm(method: str, layer: str) -> dict[str, float]:
    """The statistics of a layer's norm in the paper's row for a method."""
    norm = paper.table(1).set_index(["method", "layer"]).loc[(METHODS[method].papers[1], layer)]
    return {**norm, "std / mean": norm["std"] / norm["mean"]}


def norms_by_method(collection: Collection) -> Figure:
    """Table 1 drawn: the mean norm of each layer and one standard deviation to either side.

    The axis is logarithmic: a bar is as long as the relative standard deviation is large.
    """
    methods = in_table_1()
    figure, panels = plt.subplots(1, len(_layers()), figsize=(9, 3.6), sharey=True)
    for axes, layer in zip(panels, _layers(), strict=True):
        for place, method in enumerate(methods):
            norm = _papers_norm(method, layer)
            axes.errorbar(
                norm["mean"], place + 0.15, xerr=norm["std"], marker="D", mfc="white",
                color="gray", ls="", label=PAPER,
            )  # fmt: skip
            mean, std = (
                collection.values(method, norm_measure(layer, statistic))
                for statistic in ("mean", "std")
            )
            if not mean:
                say_not_run(axes, place - 0.15, row=True)
                continue
            axes.errorbar(
                interval(mean).mean, place - 0.15, xerr=interval(std).mean, marker="o",
                color="C0", ls="", label=OURS,
            )  # fmt: skip
        axes.set(title=layer, xscale="log", xlabel="L2 norm")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.minorticks_off()
    panels[0].set_yticks(
        range(len(methods)), [title_of(method).replace(", ", ",\n") for method in methods]
    )
    panels[0].set_ylim(len(methods) - 0.5, -0.5)
    return finished(figure, collection, ncols=2)


def norms(collection: Collection, method: str = "hypergan") -> Figure:
    """Norms of a method's networks, one panel per layer, over the paper's mean and spread."""
    rows = paper.table(1)
    rows = rows[rows["method"] == METHODS[method].papers[1]]
    figure, panels = plt.subplots(1, len(rows), figsize=(3.1 * len(rows), 3.2), squeeze=False)
    record = collection.shown.get(method)
    for row, axes in zip(rows.itertuples(), panels[0], strict=True):
        axes.axvspan(row.mean - row.std, row.mean + row.std, color="lightgray", label="paper ±1 sd")
        axes.axvline(row.mean, color="gray", label="paper mean")
        if record:
            values = record.arrays[f"norms_{row.layer}"]
            sns.histplot(values, ax=axes, bins=15, element="step", alpha=0.5)
        else:
            say_not_run(axes)
        axes.set(title=row.layer, xlabel="L2 norm", ylabel="")
    panels[0][0].set_ylabel("networks")
    panels[0][0].legend(fontsize="small")
    return marked(figure, collection)


def normal_start_table() -> pd.DataFrame:
    """The norms of MNIST's kernels at a start from N(0, 1), beside the paper's Standard Training.

    The norm of k standard normal weights has the chi distribution with k degrees of freedom: mean
    nearly sqrt(k), standard deviation nearly sqrt(1/2).
    """
    rows = {}
    for name, kernel in mnist_target().named_parameters():
        layer, _, kind = name.partition(".")
        if layer.startswith("conv") and kind == "weight":
            printed = _papers_norm("ensemble", layer)
            rows[layer] = {
                "weights": kernel.numel(),
                "√weights, mean of the norm": round(math.sqrt(kernel.numel()), 2),
                "paper's mean": printed["mean"],
                "std of the norm": round(stats.chi.std(kernel.numel()), 2),
                "paper's std": printed["std"],
            }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("layer")


def spread_table(collection: Collection) -> pd.DataFrame:
    """Relative standard deviation of each layer's norm as single networks become accurate.

    The point is the end of the first epoch in which the networks classify :data:`ACCURATE` percent
    of their mini-batches rightly. APD is left out: its networks exist at the end of training alone.
    """
    methods = [method for method in in_table_1() if method != "apd"]
    rows = {
        (layer, title_of(method)): {
            "epoch": collection.text(method, _when_accurate("epoch")),
            f"at {ACCURATE:g} %": collection.text(method, _when_accurate("norm_spread", layer)),
            "at the end": collection.text(method, norm_measure(layer, "std / mean")),
            PAPER: f"{_papers_norm(method, layer)['std / mean']:.4g}",
        }
        for layer in _layers()
        for method in methods
    }
    return _by_layer(rows)


def _when_accurate(*keys: str) -> Measure:
    """A number in the history's first row of accurate networks; a KeyError if there is no such."""

    def measured(record: Record) -> float:
        reached: dict[str, Any] = next(
            (row for row in record.history if row["accuracy"] >= ACCURATE), {}
        )
        return number(reached, *keys)

    return measured


def functions_table(collection: Collection) -> pd.DataFrame:
    """How much networks differ as functions of the test images.

    Disagreement is the share of images that two networks put in different classes, and the KL
    divergence, in nats, is of one network's probabilities from another's: means over all pairs.
    """
    columns = {
        "accuracy of one (%)": "accuracy/1",
        "disagreement": "diversity/disagreement",
        "pairwise KL": "diversity/pairwise_kl",
    }
    rows: dict[str, dict[str, str]] = {}
    for method in shown():
        sizes, name = collection.values(method, lambda record: record.full_size), title_of(method)
        rows[name] = {"networks": f"{sizes[0]:g}" if sizes else NOT_RUN}
        for words, measured in columns.items():
            rows[name][words] = collection.text(method, measured)
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("method")
