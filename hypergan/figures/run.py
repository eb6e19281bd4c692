"""The course of a run, and the runs that were tried before it."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from hypergan.experiments import trials
from hypergan.experiments.collection import NONE, Collection
from hypergan.figures.style import marked, say_not_run
from hypergan.paths import PROJECT


def search_table(dataset: str) -> pd.DataFrame:
    """The settings that were tried for a data set, a column each, the best ensemble of 10 last.

    ``accuracy_N`` is in percent on validation images, of ensembles of N, and ``accuracy_train`` on
    the mini-batches of the last epoch; ``held_out`` is the number of validation images;
    ``spread_LAYER`` is the relative standard deviation of the layer's norm; ``entropy_out`` is in
    nats, on outliers.
    """
    table = pd.read_csv(PROJECT / "data" / "search" / f"{dataset}.csv")
    return table.sort_values("accuracy_10").astype(object).set_index("epochs").T


def dropout_table() -> pd.DataFrame:
    """Two trials of MC dropout on CIFAR-10 by what is dropped, scored like all trials.

    Where it is single outputs, every image has its own in each of the passes, so that there are no
    networks of the target's form behind them.
    """
    return pd.read_csv(PROJECT / "data" / "search" / "dropout.csv", index_col="dropped")


def trials_table(*datasets: str) -> pd.DataFrame:
    """The published trials on some data sets, one per row, in the words of its command.

    ``changes`` are from the settings that the method had at the time of the trial; the accuracies
    are those of :func:`hypergan.experiments.trials.run`. Images held out, seed and commit are in
    the file alone.
    """
    table = pd.read_csv(trials.PUBLISHED).drop(columns=["held_out", "seed", "commit"])
    table = table[table["dataset"].isin(datasets)].astype(object)
    return table.fillna({"changes": ""}).fillna(NONE).set_index(["dataset", "method", "changes"])


def course(collection: Collection, method: str = "hypergan") -> Figure:
    """Accuracy and diversity over the epochs of a method's first run."""
    runs = collection.of(method)[:1]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2))
    if not runs:
        say_not_run(left)
        return figure
    history = pd.json_normalize(runs[0].history)
    left.plot(history["epoch"], history["accuracy"], label="mini-batches")
    if "validation_accuracy" in history:
        left.plot(history["epoch"], history["validation_accuracy"], label="validation, 10 networks")
    left.set(xlabel="epoch", ylabel="accuracy (%)")
    left.legend(fontsize="small")
    for column in history.filter(like="norm_spread."):
        right.plot(history["epoch"], history[column], label=column.removeprefix("norm_spread."))
    right.set(xlabel="epoch", ylabel="relative sd of the norm", ylim=(0, None))
    right.legend(fontsize="small")
    return marked(figure, collection)
