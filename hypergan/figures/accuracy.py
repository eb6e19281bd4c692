"""Table 2: how accurate ensembles of every size are, and how well their probabilities fit."""

import math

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hypergan.experiments import paper
from hypergan.experiments.collection import NAMES, NONE, Collection, metric
from hypergan.experiments.intervals import interval
from hypergan.figures.style import OURS, PAPER, finished, ours, say_not_run

TITLES = {
    "mnist": "MNIST",
    "mnist5000": "MNIST 5000",
    "cifar5": "CIFAR-5",
    "cifar10": "CIFAR-10",
}
"""The paper's data sets, in its order."""

TEST_IMAGES = {"mnist": 10_000, "mnist5000": 10_000, "cifar5": 5_000, "cifar10": 10_000}

ROWS = {
    **{("hypergan", size): ("HyperGAN", size) for size in (1, 5, 10, 100)},
    ("apd", 100): ("APD", 100),
    ("sgld", 100): None,
    ("mnf", 100): ("MNF", 100),
    ("mc-dropout", 100): ("MC Dropout", 100),
    ("ensemble", 1): ("Random Start", 1),
    ("ensemble", 5): None,
    ("ensemble", 10): None,
}
"""Method and number of networks in each row, and what they are in the paper's table."""

QUALITY = {
    "negative log likelihood (nats)": "negative_log_likelihood",
    "calibration error": "calibration_error",
    "Brier score": "brier_score",
}

FITTED, TESTED = "one network, mini-batches (%)", "one network, test images (%)"
"""How well training fits: columns of what falls short of the paper."""


def accuracy_table(collection: Collection) -> pd.DataFrame:
    """Table 2: accuracy in percent, ours beside the paper's; see :func:`shown`."""
    columns = {}
    for dataset, title in TITLES.items():
        columns[title, ours(collection)] = _column(collection.on(dataset), "accuracy")
        columns[title, PAPER] = {_label(*row): _papers(dataset, row) for row in ROWS}
    return _by_row(pd.DataFrame(columns))


def quality_table(collection: Collection) -> pd.DataFrame:
    """What Table 2 leaves out: scores of the probabilities, each better where it is lower."""
    tables = {
        words: _by_row(
            pd.DataFrame({t: _column(collection.on(d), score) for d, t in TITLES.items()})
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
    size = str(networks)
    values = collection.values(method, metric(score, size))
    spread = collection.values(method, metric(f"{score}_std", size))
    if len(values) != 1 or not spread or not spread[0]:
        return collection.text(method, metric(score, size))
    (count,) = collection.values(method, metric("accuracy_ensembles", size))
    digits = max(0, 1 - math.floor(math.log10(spread[0])))
    return f"{values[0]:.{digits}f} ± {spread[0]:.{digits}f} ({count:.0f} ensembles)"


def _column(collection: Collection, score: str) -> dict[tuple[str, int], str]:
    return {_label(method, size): shown(collection, method, size, score) for method, size in ROWS}


def _label(method: str, networks: int) -> tuple[str, int]:
    """A row's title: the mean member of a standard ensemble is the paper's Random Start."""
    alone = (method, networks) == ("ensemble", 1)
    return "random start" if alone else NAMES[method], networks


def _by_row(table: pd.DataFrame) -> pd.DataFrame:
    return table.rename_axis(index=["method", "networks"])


def _papers(dataset: str, row: tuple[str, int]) -> str:
    """The paper's value as it prints it."""
    rows = _papers_rows(dataset)
    if ROWS[row] not in rows.index:
        return NONE
    value = rows.loc[[ROWS[row]]].iloc[0]
    plus_minus = "" if pd.isna(value["plus_minus"]) else f" ± {value['plus_minus']:g}"
    return f"{value['accuracy']:.2f}{plus_minus}"


def _papers_rows(dataset: str) -> pd.DataFrame:
    """The paper's accuracies on a data set by its method and number of networks."""
    rows = paper.table(2)
    return rows[rows["dataset"] == dataset].set_index(["method", "networks"])


def papers_margins() -> pd.DataFrame:
    """How far HyperGAN leads in the paper's Table 2, in points, beside what chance would do.

    The standard error is that of one accuracy on so many test images, which is binomial.
    """
    rows = {}
    for dataset, title in TITLES.items():
        accuracies = _papers_rows(dataset)["accuracy"]
        best = accuracies.drop("HyperGAN", level="method").idxmax()
        own, other = accuracies["HyperGAN", 100], accuracies[best]
        share, images = own / 100, TEST_IMAGES[dataset]
        rows[title] = {
            "HyperGAN, 100": own,
            "next best": f"{best[0]}, {other:.2f}",
            "margin": round(own - other, 2),
            "test images": images,
            "standard error": round(100 * math.sqrt(share * (1 - share) / images), 2),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def below_the_paper(collection: Collection) -> pd.DataFrame:
    """The rows of Table 2 that fall short of the paper's value, and how well training fits.

    Beside each the accuracy of single networks, on the mini-batches of the last epoch and on test
    images.
    """
    rows = {}
    for dataset, title in TITLES.items():
        here, papers = collection.on(dataset), _papers_rows(dataset)["accuracy"]
        for (method, size), papers_row in ROWS.items():
            values = here.values(method, metric("accuracy", str(size)))
            if not values or papers_row not in papers.index:
                continue
            papers_value = papers.loc[[papers_row]].iloc[0]
            missing = interval([papers_value - value for value in values])
            if round(missing.mean, 2) > 0:
                rows[title, *_label(method, size)] = {
                    "below the paper's by": str(missing),
                    FITTED: here.text(method, lambda record: record.history[-1]["accuracy"]),
                    TESTED: here.text(method, metric("accuracy", "1")),
                    "epochs": f"{len(here.shown[method].history)}",
                }
    columns = ["below the paper's by", FITTED, TESTED, "epochs"]
    table = pd.DataFrame(rows, index=columns).T
    return table.rename_axis(index=["data set", "method", "networks"]) if rows else table


def accuracy_by_size(collection: Collection) -> Figure:
    """Accuracy against the number of networks, a panel a data set, over the paper's values.

    Bars with caps are 95 % intervals over seeds; those without, where there is one seed, one
    standard deviation over its disjoint ensembles.
    """
    figure, panels = plt.subplots(2, 2, figsize=(9, 6.5))
    for axes, (dataset, title) in zip(panels.flat, TITLES.items(), strict=True):
        here = collection.on(dataset)
        for method, color, shift in (("hypergan", "C0", 0.97), ("ensemble", "C1", 1.03)):
            _by_size(axes, here, method, color=color, shift=shift)
        rows = _papers_rows(dataset)
        for method, color, marker in (("HyperGAN", "C0", "D"), ("Random Start", "C1", "s")):
            row = rows.loc[method]
            axes.errorbar(
                row.index, row["accuracy"], row["plus_minus"].fillna(0), ls="", marker=marker,
                color="gray", mfc="white", mec=color, ms=7, zorder=1, label=f"{PAPER}: {method}",
            )  # fmt: skip
        axes.set(title=title, xscale="log", xlabel="networks", ylabel="accuracy (%)")
        axes.set_xticks((1, 5, 10, 100), labels=("1", "5", "10", "100"))
        axes.minorticks_off()
        if not {"hypergan", "ensemble"} & here.shown.keys():
            say_not_run(axes)
    return finished(figure, collection, ncols=2)


def _by_size(axes: Axes, collection: Collection, method: str, *, color: str, shift: float) -> None:
    """A method's accuracies with their bars, a little beside their size to be told apart."""
    points = []
    for size in (size for name, size in ROWS if name == method):
        values = collection.values(method, metric("accuracy", str(size)))
        spread = collection.values(method, metric("accuracy_std", str(size)))
        if values:
            mean = interval(values)
            several = mean.n > 1
            bar = mean.high - mean.mean if several else (spread or [0])[0]
            points.append((shift * size, mean.mean))
            axes.errorbar(*points[-1], bar, color=color, capsize=4 if several else 0)
    if points:
        label = f"{OURS}: {NAMES[method]}"
        axes.plot(*zip(*points, strict=True), marker="o", color=color, label=label)
