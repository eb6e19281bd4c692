"""Figures and tables: views over records, beside the paper's values."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hypergan import paper
from hypergan import predictive as predictive_scores
from hypergan.data import CUBIC_LIMIT, CUBIC_NOISE
from hypergan.evaluation import Arrays
from hypergan.paths import PROJECT
from hypergan.records import Record

PAPER, OURS = "paper", "ours"


def use_style() -> None:
    """The look of every figure: colour-blind safe, legible at the width of a phone."""
    sns.set_theme(context="notebook", style="ticks", palette="colorblind")
    plt.rcParams |= {
        "figure.constrained_layout.use": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "legend.frameon": False,
        "svg.hashsalt": "hypergan",  # the same figure is the same file
    }


def provenance(record: Record) -> str:
    """Where a record's numbers came from, in a line."""
    stand_in = " on EMBEDDED STAND-IN DATA" if record.stand_in else ""
    return (
        f"{record.cell.path.as_posix()}{stand_in}: commit {record.commit[:12]}, {record.device}, "
        f"torch {record.versions['torch']}, {record.wall_seconds / 60:.1f} minutes; "
        f"again with `{record.cell.command}`"
    )


def regression(arrays: Arrays, sizes: Sequence[int] = (10, 100)) -> Figure:
    """Fig. 2: predictive distribution of the first networks of a draw, a panel for each size.

    Args:
        arrays: A regression record's arrays, see
            :func:`hypergan.evaluation.evaluate_regression`.
        sizes: Numbers of networks.
    """
    return _predictive_panels({f"{size} networks": (arrays, size) for size in sizes})


def regression_comparison(arrays: dict[str, Arrays], networks: int) -> Figure:
    """The predictive distributions of several methods with as many networks each.

    Args:
        arrays: A regression record's arrays by the method's name.
        networks: Number of networks.
    """
    return _predictive_panels({name: (columns, networks) for name, columns in arrays.items()})


def _predictive_panels(panels: dict[str, tuple[Arrays, int]]) -> Figure:
    figure, row = plt.subplots(
        1, len(panels), figsize=(4.5 * len(panels), 3.6), sharey=True, squeeze=False
    )
    for axes, (title, (arrays, networks)) in zip(row[0], panels.items(), strict=True):
        predictive(axes, arrays, networks)
        axes.set(title=title, xlabel="x")
    row[0][0].set_ylabel("y")
    row[0][0].legend(loc="upper left", fontsize="small")
    return figure


def predictive(axes: Axes, arrays: Arrays, networks: int) -> None:
    """Mean and three standard deviations of some networks, target function and observations."""
    x, predictions = arrays["x"], arrays["predictions"][:networks]
    mean, std = predictions.mean(0), predictions.std(0, ddof=1)
    axes.fill_between(
        x, mean - 3 * std, mean + 3 * std, color="lightskyblue", alpha=0.5, label="±3 sd"
    )
    axes.plot(x, arrays["y"], color="tab:blue", label="$x^3$")
    axes.plot(x, mean, color="gray", label="mean of networks")
    axes.plot(
        arrays["train_x"], arrays["train_y"], "o", color="tab:red", ms=4, label="observations"
    )
    limit = 1.2 * abs(arrays["y"]).max()
    axes.set(xlim=(x.min(), x.max()), ylim=(-limit, limit))


def predictive_std(arrays: dict[str, Arrays], at: Sequence[float]) -> pd.DataFrame:
    """Predictive standard deviation over all networks at some inputs, a row for each method."""
    rows = {}
    for name, columns in arrays.items():
        std = columns["predictions"].astype(float).std(0, ddof=1)
        nearest = [abs(columns["x"] - x).argmin() for x in at]
        rows[name] = {f"x = {x:g}": std[i] for x, i in zip(at, nearest, strict=True)}
    return pd.DataFrame(rows).T.round(2)


def predictive_quality(arrays: dict[str, Arrays], reference: Arrays) -> pd.DataFrame:
    """How good each method's regression is, inside the data's interval and outside it.

    The log likelihood (nats) and the coverage of 95 % intervals are expectations over new noisy
    observations, see :mod:`hypergan.predictive`; the Wasserstein distance, in units of y, is that
    of the networks' function values to the reference's. All are means over the test grid.
    """
    rows = {}
    for name, columns in arrays.items():
        x, y, predictions = columns["x"], columns["y"], columns["predictions"]
        measured = {
            "log likelihood": predictive_scores.log_likelihood(predictions, y, CUBIC_NOISE),
            "coverage": predictive_scores.coverage(predictions, y, CUBIC_NOISE),
            "distance": predictive_scores.wasserstein(predictions, reference["predictions"]),
        }
        inside = abs(x) <= CUBIC_LIMIT
        rows[name] = {
            (measure, where): values[chosen].mean()
            for measure, values in measured.items()
            for where, chosen in (("inside", inside), ("outside", ~inside))
        }
    return pd.DataFrame(rows).T.round(2)


def norms_table(records: Sequence[Record]) -> pd.DataFrame:
    """Table 1: mean and standard deviation of each layer's L2 norm, the paper's rows first.

    The relative standard deviation beside them does not depend on the scale of the weights.
    """
    rows = paper.table(1).assign(source=PAPER)
    ours = [
        {"method": record.method, "source": f"{OURS}, seed {record.seed}", "layer": layer} | values
        for record in records
        for layer, values in record.metrics["norms"].items()
    ]
    rows = pd.concat([rows, pd.DataFrame(ours)])
    rows["std / mean"] = rows["std"] / rows["mean"]
    wide = rows.pivot(index=["source", "method"], columns="layer").swaplevel(axis=1)
    order = [(layer, value) for layer in wide.columns.levels[0] for value in _STATISTICS]
    return wide[order].sort_index(ascending=False).round(3).rename_axis(columns=[None, None])


_STATISTICS = ("mean", "std", "std / mean")


def norms(record: Record, arrays: Arrays, method: str = "HyperGAN") -> Figure:
    """Norms of the sampled networks, a panel for each layer, over the paper's mean and spread.

    Args:
        record: An MNIST record.
        arrays: Its arrays.
        method: The paper's row to draw behind.
    """
    rows = paper.table(1)
    rows = rows[rows["method"] == method]
    figure, panels = plt.subplots(1, len(rows), figsize=(3.1 * len(rows), 3.2), squeeze=False)
    for row, axes in zip(rows.itertuples(), panels[0], strict=True):
        axes.axvspan(row.mean - row.std, row.mean + row.std, color="lightgray", label="paper ±1 sd")
        axes.axvline(row.mean, color="gray", label="paper mean")
        sns.histplot(arrays[f"norms_{row.layer}"], ax=axes, bins=15, element="step", alpha=0.5)
        axes.set(title=row.layer, xlabel="L2 norm", ylabel="")
    panels[0][0].set_ylabel("networks")
    panels[0][0].legend(fontsize="small")
    return marked(figure, record)


def marked(figure: Figure, *records: Record) -> Figure:
    """A figure that says so where its numbers come from stand-in data."""
    if names := {record.dataset for record in records if record.stand_in}:
        figure.suptitle(f"embedded stand-in data, not {', '.join(names)}", color="tab:red")
    return figure


def accuracy_table(records: Sequence[Record], method: str = "HyperGAN") -> pd.DataFrame:
    """Accuracy in percent by ensemble size (Table 2), ours beside the paper's."""
    rows = paper.table(2)
    rows = rows[(rows["method"] == method) & (rows["dataset"] == records[0].dataset)]
    rows = rows.set_index("networks")
    table = pd.DataFrame(
        {
            PAPER: rows["accuracy"],
            "paper ±": rows["plus_minus"],
        }
    )
    for record in records:
        sizes = {int(size): value for size, value in record.metrics["accuracy"].items()}
        spread = {int(size): value for size, value in record.metrics["accuracy_std"].items()}
        table[f"{OURS}, seed {record.seed}"] = pd.Series(sizes)
        table[f"sd, seed {record.seed}"] = pd.Series(spread)
    return table.rename_axis("networks").round(2)


def search_table(dataset: str) -> pd.DataFrame:
    """The settings that were tried for a data set, judged on validation images.

    ``accuracy_N`` is in percent, of ensembles of N; ``spread_LAYER`` is the relative standard
    deviation of the layer's norm; ``entropy_out`` is in nats, on outliers.
    """
    table = pd.read_csv(PROJECT / "data" / "search" / f"{dataset}.csv")
    return table.sort_values("accuracy_100").set_index("epochs").T


def course(record: Record) -> Figure:
    """Accuracy and diversity over the epochs of a run."""
    history = pd.json_normalize(record.history)
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2))
    left.plot(history["epoch"], history["accuracy"], label="mini-batches")
    if "validation_accuracy" in history:
        left.plot(history["epoch"], history["validation_accuracy"], label="validation, 10 networks")
    left.set(xlabel="epoch", ylabel="accuracy (%)")
    left.legend(fontsize="small")
    for column in history.filter(like="norm_spread."):
        right.plot(history["epoch"], history[column], label=column.removeprefix("norm_spread."))
    right.set(xlabel="epoch", ylabel="relative sd of the norm", ylim=(0, None))
    right.legend(fontsize="small")
    return marked(figure, record)
