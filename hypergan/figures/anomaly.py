"""Figures 3 and 4: what ensembles make of images unlike any that they were trained on."""

from collections.abc import Callable

import matplotlib.pyplot as plt
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hypergan import records
from hypergan.comparison import NAMES, Comparison, judge
from hypergan.data import load
from hypergan.paths import downloads
from hypergan.records import Arrays, Record

BASELINES = ["apd", "mnf", "mc-dropout", "ensemble"]
"""What the paper compares HyperGAN with."""

SCORES = {
    "entropy": "entropy",
    "mutual_information": "mutual information",
    "least_confidence": "max probability",
}
SETS = {"in": "test images", "out": "outliers"}


def full_size(record: Record) -> int:
    """Networks in a record's full ensemble: 100, or all that a method has."""
    return max(size for size in map(int, record.metrics["accuracy"]))


def entropy_cdfs(comparison: Comparison) -> Figure:
    """Figures 3 and 4: the share of images up to an entropy, a curve a method."""
    curves = {}
    for method, (record, path) in comparison.shown.items():
        size = full_size(record)
        curves[f"{NAMES[method]}, {size}"] = records.arrays(path), size
    return _cdf_panels(curves, comparison)


def size_cdfs(comparison: Comparison, method: str = "hypergan") -> Figure:
    """The same for ensembles of different sizes of one method."""
    curves = {}
    if method in comparison.shown:
        record, path = comparison.shown[method]
        arrays = records.arrays(path)
        for size in sorted(map(int, record.metrics["uncertainty"])):
            curves[f"{size} network{'s' * (size > 1)}"] = arrays, size
    return _cdf_panels(curves, comparison)


def _cdf_panels(curves: dict[str, tuple[Arrays, int]], comparison: Comparison) -> Figure:
    figure, panels = plt.subplots(1, 2, figsize=(9, 4), sharex=True, sharey=True)
    for axes, (where, title) in zip(panels, reversed(SETS.items()), strict=True):
        for label, (arrays, size) in curves.items():
            axes.ecdf(arrays[f"entropy_{where}_{size}"].astype(float), label=label)
        axes.set(title=title, xlabel="predictive entropy (nats)", xlim=(0, None), ylim=(0, 1))
    panels[0].set_ylabel("share of images")
    return finished(figure, panels[1], comparison)


def finished(figure: Figure, axes: Axes, comparison: Comparison) -> Figure:
    """A figure with the legend of one of its axes below it."""
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize="small")
    return marked(figure, comparison)


def marked(figure: Figure, comparison: Comparison) -> Figure:
    """A figure that says so where there is nothing to draw, or only stand-ins."""
    if not comparison.shown:
        figure.suptitle("not run: see the commands above", color="tab:red")
    if comparison.stand_in:
        figure.suptitle(f"embedded stand-in data, not {comparison.dataset}", color="tab:red")
    return figure


def detection_table(comparison: Comparison) -> pd.DataFrame:
    """How well each score tells outliers from test images: mean over seeds, with an interval.

    AUPR has the outliers as positives; FPR95 is the share of test images flagged with 95 % of the
    outliers.
    """
    columns = ("AUROC", "AUPR", "FPR95")
    rows = {
        (NAMES[method], words): {
            column: str(comparison.interval(method, _detection(score, column.lower())))
            for column in columns
        }
        for method in comparison.shown
        for score, words in SCORES.items()
    }
    return pd.DataFrame(rows, index=columns).T


def _detection(score: str, summary: str) -> Callable[[Record], float]:
    return lambda record: record.metrics["detection"][score][summary]


def size_table(comparison: Comparison, method: str = "hypergan") -> pd.DataFrame:
    """AUROC of each score by the number of networks, over seeds; entropies beside it.

    A single network's mutual information is 0. The largest ensemble sees fewer images.
    """
    sizes = comparison.shown[method][0].metrics["uncertainty"] if method in comparison.shown else {}
    columns = {
        "entropy, test images": ("entropy", "in"),
        "entropy, outliers": ("entropy", "out"),
    } | {f"AUROC of {words}": (score, "auroc") for score, words in SCORES.items()}
    rows = {
        int(size): {
            column: str(comparison.interval(method, _uncertainty(size, *keys)))
            for column, keys in columns.items()
        }
        for size in sizes
    }
    return pd.DataFrame(rows, index=[*columns]).T.rename_axis("networks")


def _uncertainty(size: str, score: str, what: str) -> Callable[[Record], float]:
    return lambda record: record.metrics["uncertainty"][size][score][what]


def verdicts(comparison: Comparison) -> str:
    """The paper's claims on a data set, each judged from the records, in Markdown."""
    entropy = judge(comparison, "hypergan", BASELINES, lambda r: r.metrics["entropy"]["out"])
    auroc = judge(
        comparison, "hypergan", BASELINES, lambda r: r.metrics["detection"]["entropy"]["auroc"]
    )
    return (
        "- “HyperGAN is overall less confident on outlier samples than other approaches” "
        f"{entropy} (Mean entropy of the outliers in nats.)\n"
        "- “HyperGAN can better separate inliers from outliers” "
        f"{auroc} (AUROC of the entropy.)"
    )


def extreme_images(
    comparison: Comparison, method: str = "hypergan", where: str = "out", count: int = 8
) -> Figure:
    """The images with the highest and the lowest entropy, from the reader's own data folder."""
    figure, panels = plt.subplots(2, count, figsize=(9, 2.9))
    for axes in panels.flat:
        axes.set_axis_off()
    if method not in comparison.shown:
        figure.suptitle("not run: see the commands above", color="tab:red")
        return figure
    record, path = comparison.shown[method]
    if not has_data(record):
        figure.suptitle(f"{record.dataset} is not below {downloads()}; see below", color="tab:red")
        return figure
    data = load(record.dataset, stand_in=record.stand_in)
    images = (data.outliers if where == "out" else data.test).tensors[0]  # type: ignore[union-attr]
    entropies = records.arrays(path)[f"entropy_{where}_{full_size(record)}"].astype(float)
    order = entropies.argsort(kind="stable")
    for row, chosen in zip(panels, (order[::-1][:count], order[:count]), strict=True):
        for axes, index in zip(row, chosen, strict=True):
            pixels = images[index].permute(1, 2, 0) * torch.tensor(data.std)
            axes.imshow((pixels + torch.tensor(data.mean)).clamp(0, 1).numpy(), cmap="gray")
            axes.set_title(f"{entropies[index]:.2f}", fontsize="small")
    return marked(figure, comparison)


def has_data(record: Record) -> bool:
    """Whether the data set's files are here; the embedded stand-ins always are."""
    root = downloads()
    return record.stand_in or all((root / name).exists() for name in record.data_sha256)
