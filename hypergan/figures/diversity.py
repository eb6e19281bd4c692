"""Table 1: how much the networks differ, in their weights and as functions."""

import math
from itertools import product
from typing import Any

import pandas as pd
from scipy import stats

from hypergan.data import datasets
from hypergan.experiments import methods, paper
from hypergan.experiments.collection import NOT_RUN, Collection
from hypergan.experiments.intervals import interval
from hypergan.experiments.measures import Measure, measure, number
from hypergan.experiments.methods import METHODS, title_of
from hypergan.experiments.records import Record
from hypergan.figures.numbers import percent, text
from hypergan.figures.page import MISSING, beside, listed
from hypergan.figures.panels import Panels
from hypergan.figures.style import OURS, PAPER, SEE_COMMANDS, ours, say_not_run
from hypergan.figures.tables import Table
from hypergan.targets import mnist_target

RELATIVE = "std / mean"
STATISTICS = ("mean", "std", RELATIVE)
"""The statistics of a norm. The last one does not depend on the scale of the weights."""

DISAGREEMENT = "diversity/disagreement"

ACCURATE = 98.0
"""The accuracy in percent at which the paper stops for Table 1."""


def in_table_1() -> list[str]:
    """The methods of Table 1."""
    return [name for name, method in METHODS.items() if 1 in method.papers]


def shown() -> list[str]:
    """The methods whose diversity is shown: those of Table 1 and Table 2."""
    return [name for name, method in METHODS.items() if method.compared or 1 in method.papers]


def finding(collection: Collection) -> list[str]:
    """The page in two sentences."""
    spreads = {name: _spreads(collection, name) for name in ("hypergan", "ensemble")}
    if not all(spreads.values()):
        return MISSING
    ours, plain = (
        f"{text(100 * min(found), 0)} to {text(100 * max(found), 0)} %"
        for found in spreads.values()
    )
    own = collection.average("hypergan", DISAGREEMENT)
    if own is None:
        return MISSING
    more, less, unsure = beside(collection, DISAGREEMENT)
    but = f"; but as functions they differ less than those of {listed(more)}"
    than = f": more than those of {listed(less)}" if less else ""
    either = f"; for those of {listed(unsure)} the seeds do not decide" if unsure else ""
    return [
        f"The norms of HyperGAN's networks vary by {ours} from one to the next, layer by layer, "
        f"those of separately trained networks by {plain}{but * bool(more)}.",
        f"Two of HyperGAN's networks disagree on {percent(own, 1)} of MNIST's test images"
        f"{than}{either}.",
    ]


def _spreads(collection: Collection, method: str) -> list[float]:
    """The relative standard deviation of each layer's norm, means over seeds."""
    found = [collection.values(method, norm_measure(layer, RELATIVE)) for layer in _layers()]
    return [interval(values).mean for values in found if values]


def spread_and_disagreement(collection: Collection) -> Panels:
    """Table 1 as a picture: how much norms vary and, beside that, how much functions differ."""
    methods = shown()
    figure = Panels(
        "How much networks of each method differ", collection, name="diversity", empty=SEE_COMMANDS,
        height=40 + 24 * len(methods),
    )  # fmt: skip
    norms = figure.add("as weights: Table 1")
    functions = figure.add("as functions", like=norms)
    for place, method in enumerate(methods):
        ours = [100 * spread for spread in _spreads(collection, method)]
        norms.plot(ours, [place] * len(ours), "o", color="C0", label=OURS, clip_on=False)
        if 1 in METHODS[method].papers:
            papers = [100 * _papers_norm(method, layer)[RELATIVE] for layer in _layers()]
            norms.plot(papers, [place] * len(papers), "D", mfc="none", color="C3", label=PAPER)
        values = [100 * value for value in collection.values(method, DISAGREEMENT)]
        functions.plot(values, [place] * len(values), "o", color="C0", label=OURS, clip_on=False)
        if not collection.of(method):
            say_not_run(functions, place, row=True)
    norms.set(xlabel="standard deviation of a layer's norm, % of its mean", xlim=(0, None))
    functions.set(xlabel="test images that two networks disagree on (%)", xlim=(0, None))
    norms.set_yticks(range(len(methods)), [title_of(method) for method in methods])
    norms.set_ylim(len(methods) - 0.5, -0.5)
    return figure


def norms_table(collection: Collection) -> Table:
    """Table 1: mean and standard deviation of each layer's L2 norm, ours beside the paper's."""
    rows: dict[tuple[str, str], dict[Any, Any]] = {}
    for layer, method in product(_layers(), in_table_1()):
        row = rows[layer, title_of(method)] = {}
        for statistic in STATISTICS:
            row[statistic, ours(collection)] = collection.mean(
                method, norm_measure(layer, statistic)
            )
            row[statistic, PAPER] = float(_papers_norm(method, layer)[statistic])
    caption = (
        "L2 norm of a layer's weights over the networks of one posterior, at the end of training."
    )
    return Table(_by_layer(rows), caption, name="table-1")


def norm_measure(layer: str, statistic: str) -> Measure:
    """The measure of a layer's norms that is one of :data:`STATISTICS`."""
    mean, std = (measure(f"norms/{layer}/{name}") for name in ("mean", "std"))
    return {"mean": mean, "std": std, RELATIVE: lambda r: std(r) / mean(r)}[statistic]


def _by_layer(rows: dict[tuple[str, str], dict[Any, Any]]) -> pd.DataFrame:
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.columns = pd.Index([*next(iter(rows.values()))])
    return table.rename_axis(index=["layer", "method"])


def _layers() -> list[str]:
    return [*paper.table(1)["layer"].unique()]


def _papers_norm(method: str, layer: str) -> dict[str, float]:
    """The statistics of a layer's norm in the paper's row for a method."""
    norm = paper.table(1).set_index(["method", "layer"]).loc[(METHODS[method].papers[1], layer)]
    return {**norm, RELATIVE: norm["std"] / norm["mean"]}


def norms(collection: Collection, method: str = "hypergan") -> Panels:
    """Norms of a method's networks, one panel per layer, over the paper's mean and spread."""
    rows = paper.table(1)
    rows = rows[rows["method"] == METHODS[method].papers[1]]
    figure = Panels(f"Norms of {title_of(method)}'s networks", collection, name="norms", height=200)
    record = collection.shown.get(method)
    for row in rows.itertuples():
        axes = figure.add(row.layer)
        axes.axvspan(
            row.mean - row.std, row.mean + row.std, color="gray", alpha=0.3, lw=0,
            label="the paper's mean ± 1 sd",
        )  # fmt: skip
        axes.axvline(row.mean, color="gray")
        if record:
            axes.hist(record.arrays[f"norms_{row.layer}"], bins=15, color="C0", lw=0, label=OURS)
        else:
            say_not_run(axes)
        axes.set(xlabel="L2 norm", ylabel="networks")
    return figure


def normal_start_table() -> Table:
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
                "√weights, mean of the norm": math.sqrt(kernel.numel()),
                "paper's mean": float(printed["mean"]),
                "std of the norm": float(stats.chi.std(kernel.numel())),
                "paper's std": float(printed["std"]),
            }
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("layer")
    caption = "Norms of kernels drawn from N(0, 1), and the paper's row for standard training."
    return Table(frame, caption, name="normal-start")


def spread_table(collection: Collection) -> Table:
    """Relative standard deviation of each layer's norm as single networks become accurate.

    The point is the end of the first epoch in which the networks classify :data:`ACCURATE` percent
    of their mini-batches correctly. APD is left out: its networks exist only after training.
    """
    methods = [method for method in in_table_1() if method != "apd"]
    rows = {
        (layer, title_of(method)): {
            "epoch": collection.mean(method, _when_accurate("epoch")),
            f"at {ACCURATE:g} %": collection.mean(method, _when_accurate("norm_spread", layer)),
            "at the end": collection.mean(method, norm_measure(layer, RELATIVE)),
            PAPER: float(_papers_norm(method, layer)[RELATIVE]),
        }
        for layer in _layers()
        for method in methods
    }
    caption = (
        f"Standard deviation of a layer's norm over its mean when networks reach {ACCURATE:g} %, "
        "where the paper stops, and at the end of training."
    )
    return Table(_by_layer(rows), caption, name="spread-when-accurate", decimals=3)


def _when_accurate(*keys: str) -> Measure:
    """A number in the history's first row of accurate networks; KeyError if there is none."""

    def measured(record: Record) -> float:
        reached: dict[str, Any] = next(
            (row for row in record.history if row["accuracy"] >= ACCURATE), {}
        )
        return number(reached, *keys)

    return measured


def functions_table(collection: Collection) -> Table:
    """How much networks differ as functions of the test images.

    Disagreement is the share of images that two networks put in different classes, and the KL
    divergence, in nats, is of one network's probabilities from another's: means over all pairs.
    """
    columns = {
        "accuracy of one (%)": "accuracy/1",
        "disagreement": DISAGREEMENT,
        "pairwise KL (nats)": "diversity/pairwise_kl",
    }
    rows: dict[str, dict[str, Any]] = {}
    for method in shown():
        sizes, name = collection.values(method, lambda record: record.full_size), title_of(method)
        rows[name] = {"networks": f"{sizes[0]:g}" if sizes else NOT_RUN}
        for words, measured in columns.items():
            rows[name][words] = collection.mean(method, measured)
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("method")
    caption = "How much two networks differ on the test images, mean over all pairs."
    return Table(frame, caption, name="functions")


def disagreement_table(collection: Collection) -> Table:
    """On how many test images two networks disagree, one column per data set."""
    columns = {
        title: {
            title_of(method): collection.on(dataset).mean(method, DISAGREEMENT)
            for method in methods.compared()
        }
        for dataset, title in datasets.compared().items()
    }
    frame = pd.DataFrame(columns).rename_axis("method")
    return Table(frame, "Share of test images on which two networks disagree.", name="disagreement")
