"""Figure 2, the regression of the cubic, and its numbers."""

from collections.abc import Callable, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hypergan.data.cubic import LIMIT, NOISE
from hypergan.evaluation import predictive as predictive_scores
from hypergan.evaluation.stages import Arrays
from hypergan.experiments.collection import Collection
from hypergan.experiments.intervals import interval
from hypergan.experiments.methods import title_of
from hypergan.figures.style import SEE_COMMANDS


def regression(
    collection: Collection, sizes: Sequence[int] = (10, 100), method: str = "hypergan"
) -> Figure:
    """Fig. 2: predictive distribution of a method's first networks, one panel per size."""
    record = collection.shown.get(method)
    panels = {f"{size} networks": (record.arrays, size) for size in sizes} if record else {}
    return _predictive_panels(panels)


def regression_comparison(collection: Collection, networks: int) -> Figure:
    """The predictive distributions of all methods, with as many networks each."""
    shown = collection.shown.items()
    return _predictive_panels({title_of(name): (record.arrays, networks) for name, record in shown})


def _predictive_panels(panels: dict[str, tuple[Arrays, int]]) -> Figure:
    if not panels:
        figure = plt.figure()
        figure.suptitle(SEE_COMMANDS, color="tab:red")
        return figure
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


def predictive_std(collection: Collection, at: Sequence[float]) -> pd.DataFrame:
    """Predictive standard deviation over all networks at some inputs, one column per method."""

    def measured(columns: Arrays) -> dict[str, float]:
        std = columns["predictions"].astype(float).std(0, ddof=1)
        nearest = [abs(columns["x"] - x).argmin() for x in at]
        return {f"x = {x:g}": std[i] for x, i in zip(at, nearest, strict=True)}

    return _over_seeds(collection, measured)


def predictive_quality(collection: Collection, reference: str = "nuts") -> pd.DataFrame:
    """How good each method's regression is, inside the data's interval and outside it.

    The log likelihood (nats) and the coverage of 95 % intervals are expectations over new noisy
    observations, see :mod:`hypergan.evaluation.predictive`; the Wasserstein distance, in units of
    y, is that of the networks' function values to those of all seeds of the reference. All are
    means over the test grid.
    """
    draws = [record.arrays["predictions"] for record in collection.of(reference)]
    exact = np.concatenate(draws) if draws else None

    def measured(columns: Arrays) -> dict[tuple[str, str], float]:
        x, y, predictions = columns["x"], columns["y"], columns["predictions"]
        scores = {
            "log likelihood": predictive_scores.log_likelihood(predictions, y, NOISE),
            "coverage": predictive_scores.coverage(predictions, y, NOISE),
        }
        if exact is not None:
            scores["distance"] = predictive_scores.wasserstein(predictions, exact)
        inside = abs(x) <= LIMIT
        return {
            (score, where): values[chosen].mean()
            for score, values in scores.items()
            for where, chosen in (("inside", inside), ("outside", ~inside))
        }

    return _over_seeds(collection, measured).T


def _over_seeds(
    collection: Collection, measured: Callable[[Arrays], dict[Any, float]]
) -> pd.DataFrame:
    """Numbers of each record's arrays as means with their intervals, one column per method."""
    rows = {
        title_of(method): pd.DataFrame([measured(r.arrays) for r in collection.of(method)])
        for method in collection.shown
    }
    return pd.DataFrame(
        {name: {key: str(interval([*row[key]])) for key in row} for name, row in rows.items()}
    )
