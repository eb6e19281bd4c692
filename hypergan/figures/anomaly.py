"""Figures 3 and 4: what ensembles make of images unlike any that they were trained on."""

import matplotlib.pyplot as plt
import pandas as pd
import torch
from matplotlib.figure import Figure

from hypergan.data.datasets import load
from hypergan.evaluation.stages import Arrays
from hypergan.experiments.collection import Collection
from hypergan.experiments.methods import title_of
from hypergan.experiments.records import Record
from hypergan.figures.style import SEE_COMMANDS, finished, marked
from hypergan.paths import downloads

SCORES = {
    "entropy": "entropy",
    "mutual_information": "mutual information",
    "least_confidence": "maximum softmax probability",
}
SETS = {"in": "test images", "out": "outliers"}


def entropy_cdfs(collection: Collection) -> Figure:
    """Figures 3 and 4: the share of images up to an entropy, one curve per method."""
    curves = {}
    for method, record in collection.shown.items():
        size = record.full_size
        curves[f"{title_of(method)}, {size}"] = record.arrays, size
    return _cdf_panels(curves, collection)


def size_cdfs(collection: Collection, method: str = "hypergan") -> Figure:
    """The same for ensembles of different sizes of one method."""
    curves = {}
    for record in collection.of(method)[:1]:
        arrays = record.arrays
        for size in sorted(map(int, record.metrics["uncertainty"])):
            curves[f"{size} network{'s' * (size > 1)}"] = arrays, size
    return _cdf_panels(curves, collection)


def _cdf_panels(curves: dict[str, tuple[Arrays, int]], collection: Collection) -> Figure:
    figure, panels = plt.subplots(1, 2, figsize=(9, 4), sharex=True, sharey=True)
    for axes, (where, title) in zip(panels, reversed(SETS.items()), strict=True):
        for label, (arrays, size) in curves.items():
            axes.ecdf(arrays[f"entropy_{where}_{size}"].astype(float), label=label)
        axes.set(title=title, xlabel="predictive entropy (nats)", xlim=(0, None), ylim=(0, 1))
    panels[0].set_ylabel("share of images")
    return finished(figure, collection, fontsize="small", empty=SEE_COMMANDS)


def detection_table(collection: Collection) -> pd.DataFrame:
    """How well each score tells outliers from test images: mean over seeds, with an interval.

    AUPR has the outliers as positives; FPR95 is the share of test images flagged with 95 % of the
    outliers.
    """
    columns = ("AUROC", "AUPR", "FPR95")
    rows = {
        (title_of(method), words): {
            column: collection.text(method, f"detection/{score}/{column.lower()}")
            for column in columns
        }
        for method in collection.shown
        for score, words in SCORES.items()
    }
    return pd.DataFrame(rows, index=columns).T


def size_table(collection: Collection, method: str = "hypergan") -> pd.DataFrame:
    """AUROC of each score by the number of networks, over seeds; entropies beside it.

    A single network's mutual information is 0. The largest ensemble sees fewer images.
    """
    sizes = [size for record in collection.of(method)[:1] for size in record.metrics["uncertainty"]]
    columns = {
        "entropy, test images": "entropy/in",
        "entropy, outliers": "entropy/out",
    } | {f"AUROC of {words}": f"{score}/auroc" for score, words in SCORES.items()}
    rows = {
        int(size): {
            column: collection.text(method, f"uncertainty/{size}/{keys}")
            for column, keys in columns.items()
        }
        for size in sizes
    }
    return pd.DataFrame(rows, index=[*columns]).T.rename_axis("networks")


def extreme_images(collection: Collection, method: str = "hypergan", count: int = 8) -> Figure:
    """The outliers with the highest and the lowest entropy, from the reader's own data folder."""
    figure, panels = plt.subplots(2, count, figsize=(9, 2.9))
    for axes in panels.flat:
        axes.set_axis_off()
    if method not in collection.shown:
        figure.suptitle(SEE_COMMANDS, color="tab:red")
        return figure
    record = collection.shown[method]
    if not has_data(record):
        figure.suptitle(
            f"{record.dataset} is not below {downloads()}; see “The images themselves”",
            color="tab:red",
        )
        return figure
    data = load(record.dataset, stand_in=record.stand_in)
    images = data.outliers.tensors[0]  # type: ignore[union-attr]
    entropies = record.arrays[f"entropy_out_{record.full_size}"].astype(float)
    order = entropies.argsort(kind="stable")
    for row, chosen in zip(panels, (order[::-1][:count], order[:count]), strict=True):
        for axes, index in zip(row, chosen, strict=True):
            pixels = images[index].permute(1, 2, 0) * torch.tensor(data.std)
            axes.imshow((pixels + torch.tensor(data.mean)).clamp(0, 1).numpy(), cmap="gray")
            axes.set_title(f"{entropies[index]:.2f}", fontsize="small")
    return marked(figure, collection)


def has_data(record: Record) -> bool:
    """Whether the data set's files are here; the embedded stand-ins always are."""
    root = downloads()
    return record.stand_in or all((root / name).exists() for name in record.data_sha256)
