"""Figures 3 and 4: what ensembles make of images unlike any that they were trained on."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from IPython.display import HTML
from numpy.typing import NDArray

from hypergan.data import pictures
from hypergan.experiments.collection import Collection
from hypergan.experiments.methods import title_of
from hypergan.experiments.records import Record
from hypergan.figures.numbers import text
from hypergan.figures.page import MISSING, beside, listed
from hypergan.figures.panels import Panels
from hypergan.figures.pictures import Grid
from hypergan.figures.style import LINES, SEE_COMMANDS, on
from hypergan.figures.tables import Better, Table

SCORES = {
    "entropy": "entropy",
    "mutual_information": "mutual information",
    "least_confidence": "maximum softmax probability",
}
SETS = {"in": "test images", "out": "outliers"}

AUROC = "detection/entropy/auroc"

_POINTS = 50
"""Points of a curve, evenly spaced in height, and as many again in width."""


def finding(mnist: Collection, cifar5: Collection) -> list[str]:
    """The page in two sentences."""
    letters, classes = _rank(mnist), _rank(cifar5)
    if not letters or not classes:
        return MISSING
    alone = " (one seed)" if len(cifar5.of("hypergan")) == 1 else ""
    return [
        "The entropy of HyperGAN's ensemble tells notMNIST's letters from digits with an AUROC of "
        f"{letters}.",
        f"For unseen against seen classes of CIFAR-10 the AUROC is {classes}{alone}. Chance gives "
        "0.5.",
    ]


def _rank(collection: Collection) -> str:
    """HyperGAN's AUROC, whose is higher or lower, and of which methods that is not certain."""
    own = collection.average("hypergan", AUROC)
    if own is None:
        return ""
    higher, lower, unsure = beside(collection, AUROC)
    sides = [
        f"{word} than {_those(titles)}"
        for word, titles in (("lower", higher), ("higher", lower))
        if titles
    ]
    open_ = f"; for {listed(unsure)} the seeds do not decide" if unsure else ""
    return ", ".join([text(own, 3), *sides]) + open_


def _those(titles: Sequence[str]) -> str:
    return f"th{'at' if len(titles) == 1 else 'ose'} of {listed(titles)}"


def entropy_cdfs(collection: Collection) -> Panels:
    """Figures 3 and 4: the share of images up to an entropy, one curve per method."""
    curves = {}
    for method, record in collection.shown.items():
        size = record.full_size
        curves[f"{title_of(method)}, {size}"] = record.arrays, size
    return _cdf_panels(curves, collection, "method")


def size_cdfs(collection: Collection, method: str = "hypergan") -> Panels:
    """The same for ensembles of different sizes of one method."""
    curves = {}
    for record in collection.of(method)[:1]:
        for size in sorted(map(int, record.metrics["uncertainty"])):
            curves[f"{size} network{'s' * (size > 1)}"] = record.arrays, size
    return _cdf_panels(curves, collection, "number of networks")


def _cdf_panels(
    curves: Mapping[str, tuple[Mapping[str, NDArray[Any]], int]],
    collection: Collection,
    by: str,
) -> Panels:
    figure = Panels(
        f"Entropies by {by}{on(collection)}", collection, empty=SEE_COMMANDS,
        name=f"entropies-by-{by.split()[0]}{on(collection, '-')}",
    )  # fmt: skip
    outliers = figure.add(SETS["out"])
    test = figure.add(SETS["in"], like=outliers, share="xy")
    for axes, where in ((outliers, "out"), (test, "in")):
        for number, (label, (arrays, size)) in enumerate(curves.items()):
            line = LINES[number % len(LINES)]
            shares = cdf(arrays[f"entropy_{where}_{size}"])
            axes.plot(*shares, ls=line, lw=1.6 if number else 2.4, label=label)
        axes.set(xlabel="predictive entropy (nats)", xlim=(0, None), ylim=(0, 1.01))
    outliers.set_ylabel("share of images")
    return figure


def cdf(entropies: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Entropies and the share of images up to each, at as many points as a figure can show."""
    values = np.sort(entropies.astype(float))
    heights = np.quantile(values, np.linspace(0, 1, _POINTS), method="inverted_cdf")
    at = np.union1d(heights, np.linspace(0, values[-1], _POINTS))
    return at, np.searchsorted(values, at, side="right") / len(values)


def detection_table(collection: Collection) -> Table:
    """How well each score tells outliers from test images.

    AUPR has the outliers as positives; FPR95 is the share of test images flagged with 95 % of the
    outliers.
    """
    columns: dict[str, Better] = {"AUROC": "high", "AUPR": "high", "FPR95": "low"}
    rows = {
        (title_of(method), words): {
            column: collection.mean(method, f"detection/{score}/{column.lower()}")
            for column in columns
        }
        for method in collection.shown
        for score, words in SCORES.items()
    }
    frame = _frame(rows, [*columns], ["method", "score"])
    return Table(frame, "How well outliers are told from test images.", columns, "detection")


def size_table(collection: Collection, method: str = "hypergan") -> Table:
    """AUROC of each score by the number of networks; entropies beside it.

    A single network's mutual information is 0. The largest ensemble sees fewer images.
    """
    sizes = [size for record in collection.of(method)[:1] for size in record.metrics["uncertainty"]]
    columns = {"entropy, test images": "entropy/in", "entropy, outliers": "entropy/out"}
    rows = {
        int(size): {
            words: collection.mean(method, f"uncertainty/{size}/{keys}")
            for words, keys in columns.items()
        }
        | {
            f"AUROC of {words}": collection.mean(method, f"uncertainty/{size}/{score}/auroc")
            for score, words in SCORES.items()
        }
        for size in sizes
    }
    names = [*columns, *(f"AUROC of {words}" for words in SCORES.values())]
    caption = f"{title_of(method)} by its number of networks; entropies in nats."
    if method in collection.shown:
        caption += _fewer_images(collection.shown[method], sizes)
    return Table(_frame(rows, names, ["networks"]), caption, name="sizes")


def _fewer_images(record: Record, sizes: Sequence[str]) -> str:
    """Which row is of fewer images than the others; nothing if none is."""
    many, stride = (record.config["evaluation"].get(name, 1) for name in ("many", "stride"))
    if stride == 1 or str(many) not in sizes:
        return ""
    return (
        f" The {many} networks saw only one image in {stride}, so that their row does not compare "
        "with the others."
    )


def _frame(rows: Mapping[Any, Any], columns: list[str], names: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    frame.index.names = names if rows else [None]
    return frame


def outliers(collection: Collection, method: str = "hypergan") -> Grid | HTML:
    """Outliers in order of increasing entropy.

    They are the same for every record, and none was picked for how networks classify it.
    """
    if method not in collection.shown:
        return HTML(f"<p>{SEE_COMMANDS}</p>")
    record = collection.shown[method]
    some = pictures.of(record.dataset, stand_in=record.stand_in)
    every = record.arrays[f"entropy_out_{record.full_size}"].astype(float)
    entropies = every[some.indices]
    order = entropies.argsort(kind="stable")
    caption = (
        f"{len(order)} of {text(len(every), 0)} outliers, evenly spaced in the file, the lowest "
        f"entropy first; below each its entropy in nats under {record.full_size} networks of "
        f"{title_of(method)}, seed {record.seed}. Pictures: {some.source}."
    )
    return Grid(
        some.images[order],
        [text(entropies[index], 2) for index in order],
        [f"{some.words[index]}, entropy {text(entropies[index], 2)} nats" for index in order],
        caption,
    )
