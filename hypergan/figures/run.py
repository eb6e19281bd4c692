"""The course of a run, and the trials that came before it."""

from itertools import cycle

import pandas as pd

from hypergan.experiments.collection import NONE, Collection
from hypergan.experiments.trials import SEARCH
from hypergan.figures.panels import Panels
from hypergan.figures.style import say_not_run
from hypergan.figures.tables import Table


def search_table(dataset: str) -> Table:
    """The settings tried for a data set, one column per trial, the best ensemble of 10 last.

    ``accuracy_N`` is that of ensembles of N, in percent on validation images, and
    ``accuracy_train`` on the mini-batches of the last epoch; ``held_out`` is the number of
    validation images; ``spread_LAYER`` is the relative standard deviation of the layer's norm;
    ``entropy_out`` is in nats, on outliers.
    """
    table = pd.read_csv(SEARCH / f"{dataset}.csv")
    frame = table.sort_values("accuracy_10").astype(object).set_index("epochs").T
    return Table(frame, "Trials by number of epochs, the best one last.", name="trials")


def dropout_table() -> Table:
    """Two trials of MC dropout on CIFAR-10 by what is dropped, scored like all trials.

    Where single outputs are dropped, each image drops its own in each pass, so the passes do not
    correspond to networks of the target's form.
    """
    frame = pd.read_csv(SEARCH / "dropout.csv", index_col="dropped")
    return Table(frame, "Two trials of MC dropout on CIFAR-10 by what is dropped.", name="dropout")


def trials_table(*datasets: str, file: str = "trials") -> Table:
    """The published trials, one per row, in the terms of its command.

    ``changes`` are from the settings that the method had at the time of the trial; the numbers are
    those of :func:`hypergan.experiments.trials.run`. Images held out, seed and commit are only in
    the file.

    Args:
        datasets: Only those on these data sets; by default all.
        file: The file's name in ``data/search``.
    """
    table = pd.read_csv(SEARCH / f"{file}.csv").drop(columns=["held_out", "seed", "commit"])
    table = table[table["dataset"].isin(datasets or table["dataset"])].astype(object)
    frame = table.fillna({"changes": ""}).fillna(NONE).set_index(["dataset", "method", "changes"])
    return Table(frame, "Trials on held-out training images.", name=file)


def course(collection: Collection, method: str = "hypergan") -> Panels:
    """Accuracy and diversity over the epochs of a method's first run."""
    figure = Panels("The course of training", collection, name="course", height=220)
    left, right = figure.add("accuracy"), figure.add("diversity")
    for record in collection.of(method)[:1]:
        history = pd.json_normalize(record.history)
        left.plot(history["epoch"], history["accuracy"], label="mini-batches")
        if "validation_accuracy" in history:
            left.plot(
                history["epoch"], history["validation_accuracy"], "--",
                label="validation, 10 networks",
            )  # fmt: skip
        styles = cycle(("-", "--", ":", "-."))
        for column, style in zip(history.filter(like="norm_spread."), styles, strict=False):
            name = column.removeprefix("norm_spread.")
            right.plot(history["epoch"], history[column], style, label=name)
    left.set(xlabel="epoch", ylabel="accuracy (%)")
    right.set(xlabel="epoch", ylabel="relative sd of the norm", ylim=(0, None))
    for axes in (left, right) * bool(collection.of(method)):
        axes.legend(frameon=False)
    if not collection.of(method):
        say_not_run(left)
    return figure
