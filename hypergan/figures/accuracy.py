"""Table 2: how accurate ensembles of every size are, and how well their probabilities fit."""

import math
from itertools import cycle

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hypergan.data import datasets
from hypergan.data.datasets import DATASETS
from hypergan.experiments import methods, paper
from hypergan.experiments.collection import NONE, Collection
from hypergan.experiments.intervals import interval
from hypergan.experiments.methods import METHODS, title_of
from hypergan.figures.style import OURS, PAPER, finished, ours, say_not_run

QUALITY = {
    "negative log likelihood (nats)": "negative_log_likelihood",
    "calibration error": "calibration_error",
    "Brier score": "brier_score",
}

FITTED, TESTED = "one network, mini-batches (%)", "one network, test images (%)"
"""How well training fits: columns of what falls short of the paper."""


def rows() -> list[tuple[str, int]]:
    """Method and number of networks of each row."""
    return [(name, size) for name in methods.compared() for size in METHODS[name].compared]


def accuracy_table(collection: Collection) -> pd.DataFrame:
    """Table 2: accuracy in percent, ours beside the paper's; see :func:`shown`."""
    columns = {}
    for dataset, title in datasets.compared().items():
        columns[title, ours(collection)] = _column(collection.on(dataset), "accuracy")
        columns[title, PAPER] = {_label(*row): _papers(dataset, row) for row in rows()}
    return _by_row(pd.DataFrame(columns))


def quality_table(collection: Collection) -> pd.DataFrame:
    """What Table 2 leaves out: scores of the probabilities, each better where it is lower."""
    titles = datasets.compared()
    tables = {
        words: _by_row(
            pd.DataFrame({title: _column(collection.on(d), score) for d, title in titles.items()})
        )
        for words, score in QUALITY.items()
    }
    return pd.concat(tables, names=["score"])


def shown(collection: Collection, method: str, networks: int, score: str = "accuracy") -> str:
    """A score of a method's ensembles of a size, with what it may vary by.

    Of several seeds the mean with its 95 % interval, see
    :class:`hypergan.experiments.intervals.Interval`. Of a single seed the mean ± standard deviation
    over the disjoint ensembles of its one posterior.
    """
    values = collection.values(method, f"{score}/{networks}")
    spread = collection.values(method, f"{score}_std/{networks}")
    if len(values) != 1 or not spread or not spread[0]:
        return collection.text(method, f"{score}/{networks}")
    (count,) = collection.values(method, f"accuracy_ensembles/{networks}")
    digits = max(0, 1 - math.floor(math.log10(spread[0])))
    return f"{values[0]:.{digits}f} ± {spread[0]:.{digits}f} ({count:.0f} ensembles)"


def _column(collection: Collection, score: str) -> dict[tuple[str, int], str]:
    return {_label(method, size): shown(collection, method, size, score) for method, size in rows()}


def _label(method: str, networks: int) -> tuple[str, int]:
    """A row's title: the mean member of a deep ensemble is the paper's Random Start."""
    alone = (method, networks) == ("ensemble", 1)
    return "random start" if alone else title_of(method), networks


def _by_row(table: pd.DataFrame) -> pd.DataFrame:
    return table.rename_axis(index=["method", "networks"])


def _papers(dataset: str, row: tuple[str, int]) -> str:
    """The paper's value as it prints it."""
    found, papers_row = _papers_rows(dataset), _papers_row(*row)
    if papers_row not in found.index:
        return NONE
    value = found.loc[[papers_row]].iloc[0]
    plus_minus = "" if pd.isna(value["plus_minus"]) else f" ± {value['plus_minus']:g}"
    return f"{value['accuracy']:.2f}{plus_minus}"


def _papers_row(method: str, networks: int) -> tuple[str, int]:
    """A row's method and number of networks in the paper's words, if it has such a row."""
    return METHODS[method].papers.get(2, ""), networks


def _papers_rows(dataset: str) -> pd.DataFrame:
    """The paper's accuracies on a data set by its method and number of networks."""
    table = paper.table(2)
    return table[table["dataset"] == dataset].set_index(["method", "networks"])


def papers_margins() -> pd.DataFrame:
    """How far HyperGAN leads in the paper's Table 2, in points, beside what chance would do.

    The standard error is that of one accuracy on so many test images, which is binomial.
    """
    margins = {}
    for dataset, title in datasets.compared().items():
        accuracies = _papers_rows(dataset)["accuracy"]
        if accuracies.empty:
            continue
        best = accuracies.drop("HyperGAN", level="method").idxmax()
        own, other = accuracies["HyperGAN", 100], accuracies[best]
        share, images = own / 100, DATASETS[dataset].images[1]
        margins[title] = {
            "HyperGAN, 100": own,
            "next best": f"{best[0]}, {other:.2f}",
            "margin": round(own - other, 2),
            "test images": images,
            "standard error": round(100 * math.sqrt(share * (1 - share) / images), 2),
        }
    return pd.DataFrame.from_dict(margins, orient="index")


def below_the_paper(collection: Collection) -> pd.DataFrame:
    """The rows of Table 2 that fall short of the paper's value, and how well training fits.

    Beside each the accuracy of single networks, on the mini-batches of the last epoch and on test
    images.
    """
    short = {}
    for dataset, title in datasets.compared().items():
        here, papers = collection.on(dataset), _papers_rows(dataset)["accuracy"]
        for method, size in rows():
            values, papers_row = (
                here.values(method, f"accuracy/{size}"),
                _papers_row(method, size),
            )
            if not values or papers_row not in papers.index:
                continue
            papers_value = papers.loc[[papers_row]].iloc[0]
            missing = interval([papers_value - value for value in values])
            if round(missing.mean, 2) > 0:
                short[title, *_label(method, size)] = {
                    "below the paper's by": str(missing),
                    FITTED: here.text(method, lambda record: record.history[-1]["accuracy"]),
                    TESTED: here.text(method, "accuracy/1"),
                    "epochs": f"{len(here.shown[method].history)}",
                }
    columns = ["below the paper's by", FITTED, TESTED, "epochs"]
    table = pd.DataFrame(short, index=columns).T
    return table.rename_axis(index=["data set", "method", "networks"]) if short else table


def accuracy_by_size(collection: Collection) -> Figure:
    """Accuracy against the number of networks, one panel per data set, over the paper's values.

    Bars with caps are 95 % intervals over seeds; those without, where there is one seed, one
    standard deviation over its disjoint ensembles.
    """
    titles = datasets.compared()
    height = math.ceil(len(titles) / 2)
    figure, panels = plt.subplots(height, 2, figsize=(9, 3.25 * height), squeeze=False)
    for axes in panels.flat[len(titles) :]:
        axes.remove()
    lines = [name for name in methods.compared() if len(METHODS[name].compared) > 1]
    for axes, (dataset, title) in zip(panels.flat, titles.items(), strict=False):
        here, papers = collection.on(dataset), _papers_rows(dataset)
        for i, (method, marker) in enumerate(zip(lines, cycle("Ds^v"), strict=False)):
            shift = 1 + 0.03 * (2 * i - len(lines) + 1)
            _by_size(axes, here, method, color=f"C{i}", shift=shift)
            name = METHODS[method].papers.get(2, "")
            if name in papers.index.get_level_values("method"):
                row = papers.loc[name]
                axes.errorbar(
                    row.index, row["accuracy"], row["plus_minus"].fillna(0), ls="", marker=marker,
                    color="gray", mfc="white", mec=f"C{i}", ms=7, zorder=1,
                    label=f"{PAPER}: {name}",
                )  # fmt: skip
        axes.set(title=title, xscale="log", xlabel="networks", ylabel="accuracy (%)")
        axes.set_xticks((1, 5, 10, 100), labels=("1", "5", "10", "100"))
        axes.minorticks_off()
        if not set(lines) & here.shown.keys():
            say_not_run(axes)
    return finished(figure, collection, ncols=2)


def _by_size(axes: Axes, collection: Collection, method: str, *, color: str, shift: float) -> None:
    """A method's accuracies with their bars, a little beside their size to be told apart."""
    points = []
    for size in METHODS[method].compared:
        values = collection.values(method, f"accuracy/{size}")
        spread = collection.values(method, f"accuracy_std/{size}")
        if values:
            mean = interval(values)
            several = mean.n > 1
            bar = mean.high - mean.mean if several else (spread or [0])[0]
            points.append((shift * size, mean.mean))
            axes.errorbar(*points[-1], bar, color=color, capsize=4 if several else 0)
    if points:
        label = f"{OURS}: {title_of(method)}"
        axes.plot(*zip(*points, strict=True), marker="o", color=color, label=label)
