"""Table 2: how accurate ensembles of every size are, and how well their probabilities fit."""

import math
from dataclasses import replace
from itertools import cycle
from operator import attrgetter
from typing import Any

import pandas as pd
from IPython.display import Markdown
from matplotlib.axes import Axes

from hypergan.data import datasets
from hypergan.data.datasets import DATASETS
from hypergan.experiments import methods, paper
from hypergan.experiments.collection import NONE, Collection
from hypergan.experiments.intervals import Interval, interval
from hypergan.experiments.measures import Measure
from hypergan.experiments.methods import METHODS, title_of
from hypergan.experiments.records import Record
from hypergan.figures.numbers import span, text
from hypergan.figures.page import MISSING, listed
from hypergan.figures.panels import Panels
from hypergan.figures.style import OURS, PAPER, ours, say_not_run
from hypergan.figures.tables import Better, Table

QUALITY = {
    "negative log likelihood (nats)": "negative_log_likelihood",
    "expected calibration error": "calibration_error",
    "Brier score": "brier_score",
}
"""Scores of the probabilities, each better where it is lower."""

FITTED, TESTED = "one network, mini-batches (%)", "one network, test images (%)"
"""How well training fits: columns of the table of results below the paper's."""

OF_2019 = {"cifar5": "cifar5-2019", "cifar10": "cifar10-2019"}
"""The same images with the target of the authors' code of 2019, and without augmentation."""

SINGLE = ("ensemble", 1)
"""The row of single trained networks, the paper's Random Start."""

STEADY: Measure = attrgetter("steady_minutes")
"""How long training takes when nothing disturbs it."""

FULL = 100
"""Networks of HyperGAN's largest ensembles."""


def rows() -> list[tuple[str, int]]:
    """Method and number of networks of each row."""
    return [(name, size) for name in methods.compared() for size in METHODS[name].compared]


def finding(collection: Collection) -> list[str]:
    """The page in two or three sentences."""
    (few, first), *more = _wins(collection).items()
    if not first:
        return MISSING
    others = "".join(
        f", and so is one of {size}" + f" on {_of(won)}" * (won != first) for size, won in more
    )
    met = [(cell[1], _reaches(collection.on(cell[0]), *cell)) for cell in _papers_cells()]
    ours = [reached for _, reached in met if reached is not None]
    own = [reached for method, reached in met if method == "hypergan" and reached is not None]
    alone = [
        title
        for dataset, title in datasets.compared().items()
        if len(collection.on(dataset).of("hypergan")) == 1
    ]
    seeds = [f"{listed(alone)} rest{'s' * (len(alone) == 1)} on one seed."] * bool(alone)
    lower = [
        f"{text(short.mean, 1)} points lower on {title}"
        for dataset, title in datasets.compared().items()
        if (short := _shortfall(collection.on(dataset), dataset, "hypergan", FULL))
        and short.mean > 1
    ]
    far = f", but {FULL} networks are {listed(lower)}" if lower else ""
    return [
        f"A deep ensemble of {few} networks, which the paper leaves out, is on average more "
        f"accurate than {FULL} networks of HyperGAN on {_of(first)} data sets{others}.",
        f"Our means reach the paper's values in {sum(ours)} of {len(ours)} cells of Table 2, "
        f"HyperGAN's in {sum(own)} of {len(own)}{far}.",
        *seeds,
    ]


def _of(won: list[bool]) -> str:
    return f"all {len(won)}" if all(won) else f"{sum(won)} of {len(won)}"


def _wins(collection: Collection) -> dict[int, list[bool]]:
    """By its size, whether a deep ensemble beats HyperGAN's largest, on each data set with both."""
    wins: dict[int, list[bool]] = {}
    for size in METHODS["ensemble"].compared:
        if size > 1:
            wins[size] = []
            for here in map(collection.on, datasets.compared()):
                generated = here.values("hypergan", f"accuracy/{FULL}")
                separate = here.values("ensemble", f"accuracy/{size}")
                if generated and separate:
                    wins[size].append(interval(separate).mean > interval(generated).mean)
    return wins


def _papers_cells() -> list[tuple[str, str, int]]:
    """Data set, method and number of networks of each value that the paper prints."""
    return [
        (dataset, *row)
        for dataset in datasets.compared()
        for row in rows()
        if _papers_row(*row) in paper.accuracies(dataset).index
    ]


def _shortfall(here: Collection, dataset: str, method: str, size: int) -> Interval | None:
    """How far our mean is below the paper's value, in points; None without records."""
    value = _papers_accuracy(dataset, method, size)
    own = here.mean(method, f"accuracy/{size}")
    if not isinstance(own, Interval):
        return None
    return replace(own, mean=value - own.mean, low=value - own.high, high=value - own.low)


def _reaches(here: Collection, dataset: str, method: str, size: int) -> bool | None:
    """Whether our mean reaches the paper's value to its decimals; None without records."""
    own = here.average(method, f"accuracy/{size}")
    return None if own is None else paper.reaches(own, _papers_accuracy(dataset, method, size))


def accuracy_table(collection: Collection) -> Table:
    """Table 2: accuracy in percent, ours beside the paper's."""
    columns: dict[Any, Any] = {}
    for dataset, title in datasets.compared().items():
        columns[title, ours(collection)] = _column(collection.on(dataset), "accuracy")
        columns[title, PAPER] = {_label(*row): _papers(dataset, row) for row in rows()}
    better: dict[Any, Better] = {column: "high" for column in columns if column[1] != PAPER}
    caption = "Accuracy on the test images, in percent."
    return Table(_by_row(pd.DataFrame(columns)), caption, better, "table-2", paper.DECIMALS)


def effort_table(collection: Collection) -> Table:
    """How often each method passes over the training images, and its minutes on a CPU."""
    columns: dict[Any, Any] = {}
    for dataset, title in datasets.compared().items():
        here, on_cpu = collection.on(dataset), collection.on(dataset).on_cpu()
        columns[title, "passes"] = {
            title_of(method): text(_passes(record), 0) for method, record in here.shown.items()
        }
        columns[title, "minutes"] = {
            title_of(method): span(took) if (took := on_cpu.values(method, STEADY)) else NONE
            for method in here.shown
        }
    frame = pd.DataFrame(columns).rename_axis("method").fillna(NONE)
    caption = "How long the methods of Table 2 train."
    return Table(frame, caption, name="effort")


def _passes(record: Record) -> float:
    """Passes over the training images, in which all networks of a step share."""
    training, images = record.config["training"], DATASETS[record.dataset].images[0]
    steps = training["steps_per_epoch"]
    an_epoch = steps * training["batch_size"] / images if steps else 1
    return float(training["epochs"] * an_epoch)


def protocols_table(collection: Collection) -> Table:
    """Table 2 on CIFAR by the code whose target and augmentation were used, in percent.

    The last columns are the difference of the means, in points.
    """
    columns: dict[Any, Any] = {}
    for dataset, earlier in OF_2019.items():
        title = DATASETS[dataset].title
        of_2018, of_2019 = (collection.on(name) for name in (dataset, earlier))
        columns[title, "code of 2018"] = _column(of_2018, "accuracy")
        columns[title, "code of 2019"] = _column(of_2019, "accuracy")
        columns[title, "2018 minus 2019"] = {
            _label(*row): _difference(of_2018, of_2019, *row) for row in rows()
        }
        columns[title, PAPER] = {_label(*row): _papers(dataset, row) for row in rows()}
    caption = "Accuracy on the test images by target and augmentation, in percent and points."
    return Table(_by_row(pd.DataFrame(columns)), caption, name="protocols", decimals=paper.DECIMALS)


def protocols_finding(collection: Collection) -> str:
    """On how many of the paper's values on CIFAR each code's means come nearer."""
    nearer: dict[str, dict[tuple[str, int], bool]] = {}
    for dataset, earlier in OF_2019.items():
        codes = [collection.on(name) for name in (dataset, earlier)]
        for where, method, size in _papers_cells():
            if where != dataset:
                continue
            off = [short for here in codes if (short := _shortfall(here, dataset, method, size))]
            if len(off) == len(codes):
                first, second = (abs(short.mean) for short in off)
                nearer.setdefault(DATASETS[dataset].title, {})[method, size] = first < second
    if not nearer:
        return ""
    counts = [
        f"{sum(won.values())} of {len(won)} values on {title}" for title, won in nearer.items()
    ]
    alone = {title: won[SINGLE] for title, won in nearer.items() if SINGLE in won}
    yes, no = (listed([t for t, won in alone.items() if won is right]) for right in (True, False))
    single = (
        " Single trained networks, of whose other settings only length and precision differ, do so "
        f"on {yes or 'none of them'}{f', not on {no}' if yes and no else ''}."
    )
    return (
        "With the target and the augmentation of the authors' code of 2018, from before the paper, "
        f"our means come nearer to the paper's in {listed(counts)} than with those of their code "
        f"of 2019, where other settings differ, too.{single if alone else ''}"
    )


def _difference(one: Collection, other: Collection, method: str, size: int) -> str:
    """How much higher a mean is, in points."""
    first, second = (here.average(method, f"accuracy/{size}") for here in (one, other))
    return NONE if first is None or second is None else text(first - second, 1)


def quality_table(collection: Collection, words: str) -> Table:
    """What Table 2 leaves out: one of :data:`QUALITY`, the scores of the probabilities."""
    titles = datasets.compared()
    score = QUALITY[words]
    columns = {title: _column(collection.on(dataset), score) for dataset, title in titles.items()}
    caption = f"{words[0].upper()}{words[1:]} on the test images."
    better: dict[Any, Better] = dict.fromkeys(columns, "low")
    return Table(_by_row(pd.DataFrame(columns)), caption, better, score.replace("_", "-"))


def _column(collection: Collection, score: str) -> dict[tuple[str, int], Any]:
    return {
        _label(method, size): collection.mean(method, f"{score}/{size}") for method, size in rows()
    }


def _label(method: str, networks: int) -> tuple[str, int]:
    """A row's title: the mean member of a deep ensemble is the paper's Random Start."""
    return "random start" if (method, networks) == SINGLE else title_of(method), networks


def _by_row(table: pd.DataFrame) -> pd.DataFrame:
    return table.rename_axis(index=["method", "networks"])


def _papers(dataset: str, row: tuple[str, int]) -> str:
    """The paper's value as it prints it."""
    found, papers_row = paper.accuracies(dataset), _papers_row(*row)
    if papers_row not in found.index:
        return NONE
    value = found.loc[[papers_row]].iloc[0]
    plus_minus = "" if pd.isna(value["plus_minus"]) else f" ± {value['plus_minus']:g}"
    return f"{value['accuracy']:.{paper.DECIMALS}f}{plus_minus}".replace(" ", "\N{NO-BREAK SPACE}")


def _papers_row(method: str, networks: int) -> tuple[str, int]:
    """A row's method and number of networks in the paper's words, if it has such a row."""
    return METHODS[method].papers.get(2, ""), networks


def _papers_accuracy(dataset: str, method: str, networks: int) -> float:
    """The paper's value of a row that it has, in percent."""
    return float(paper.accuracies(dataset).at[_papers_row(method, networks), "accuracy"])


def papers_margins() -> Table:
    """HyperGAN's lead in the paper's Table 2, in points, compared with what chance would give.

    The standard error is the binomial one of an accuracy on that many test images.
    """
    margins = {}
    for dataset, title in datasets.compared().items():
        accuracies = paper.accuracies(dataset)["accuracy"]
        if accuracies.empty:
            continue
        best = accuracies.drop("HyperGAN", level="method").idxmax()
        own, other = accuracies["HyperGAN", 100], accuracies[best]
        share, images = own / 100, DATASETS[dataset].images[1]
        margins[title] = {
            "HyperGAN, 100": text(own, 2),
            "next best": f"{best[0]}, {text(other, 2)}",
            "margin": text(own - other, 2),
            "test images": text(images, 0),
            "standard error": text(100 * math.sqrt(share * (1 - share) / images), 2),
        }
    frame = pd.DataFrame.from_dict(margins, orient="index").rename_axis("data set")
    return Table(frame, "The paper's own margins in Table 2, in points.", name="margins")


def below_the_paper(collection: Collection) -> Table | Markdown:
    """The rows of Table 2 that fall short of the paper's value, and how well training fits.

    Each is shown with the accuracy of single networks, on the mini-batches of the last epoch and on
    test images.
    """
    short: dict[Any, dict[str, Any]] = {}
    for dataset, method, size in _papers_cells():
        here = collection.on(dataset)
        if _reaches(here, dataset, method, size) is not False:
            continue
        short[DATASETS[dataset].title, *_label(method, size)] = {
            "below the paper's by": _shortfall(here, dataset, method, size),
            FITTED: here.mean(method, lambda record: record.history[-1]["accuracy"]),
            TESTED: here.mean(method, "accuracy/1"),
            "epochs": f"{len(here.shown[method].history)}",
        }
    if not short:
        return Markdown("No mean is below the paper's value.")
    frame = pd.DataFrame.from_dict(short, orient="index")
    frame.index.names = ["data set", "method", "networks"]
    caption = "Rows of Table 2 below the paper's value, in points."
    return Table(frame, caption, name="below", decimals=paper.DECIMALS)


def accuracy_by_size(collection: Collection) -> Panels:
    """Accuracy against the number of networks, one panel per data set, over the paper's values.

    Bars with caps are 95 % intervals over seeds and test images; those without, where there is one
    seed, one standard deviation over its disjoint ensembles.
    """
    figure = Panels("Accuracy by number of networks", collection, name="accuracy-by-size")
    lines = [name for name in methods.compared() if len(METHODS[name].compared) > 1]
    for dataset, title in datasets.compared().items():
        axes = figure.add(title)
        here, papers = collection.on(dataset), paper.accuracies(dataset)
        for i, (method, marker) in enumerate(zip(lines, cycle("os^v"), strict=False)):
            shift = 1 + 0.03 * (2 * i - len(lines) + 1)
            _by_size(axes, here, method, color=f"C{i}", marker=marker, shift=shift)
            name = METHODS[method].papers.get(2, "")
            if name in papers.index.get_level_values("method"):
                row = papers.loc[name]
                axes.errorbar(
                    row.index, row["accuracy"], row["plus_minus"].fillna(0), ls="", marker=marker,
                    color="gray", mfc="none", mec=f"C{i}", ms=8, zorder=1, label=f"{PAPER}: {name}",
                )  # fmt: skip
        axes.set(xscale="log", xlabel="networks", ylabel="accuracy (%)")
        axes.set_xticks((1, 5, 10, 100), labels=("1", "5", "10", "100"))
        axes.minorticks_off()
        if not set(lines) & here.shown.keys():
            say_not_run(axes)
    return figure


def _by_size(
    axes: Axes, collection: Collection, method: str, *, color: str, marker: str, shift: float
) -> None:
    """A method's accuracies with their bars, shifted a little so that methods do not overlap."""
    points = []
    for size in METHODS[method].compared:
        mean = collection.mean(method, f"accuracy/{size}")
        spread = collection.values(method, f"accuracy_std/{size}")
        if isinstance(mean, Interval):
            several = mean.n > 1
            bar = mean.high - mean.mean if several else (spread or [0])[0]
            points.append((shift * size, mean.mean))
            axes.errorbar(*points[-1], bar, color=color, capsize=4 if several else 0)
    if points:
        label = f"{OURS}: {title_of(method)}"
        axes.plot(*zip(*points, strict=True), marker=marker, color=color, label=label)
