"""Figure 2, the regression of the cubic, and its numbers."""

from collections.abc import Callable, Sequence
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hypergan.data.cubic import LIMIT, NOISE
from hypergan.evaluation import predictive as predictive_scores
from hypergan.evaluation.stages import Arrays
from hypergan.experiments.intervals import interval


def regression(arrays: Arrays, sizes: Sequence[int] = (10, 100)) -> Figure:
    """Fig. 2: predictive distribution of the first networks of a draw, a panel for each size.

    Args:
        arrays: A regression record's arrays, see
            :func:`hypergan.evaluation.regression.evaluate_regression`.
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


def predictive_std(arrays: dict[str, Sequence[Arrays]], at: Sequence[float]) -> pd.DataFrame:
    """Predictive standard deviation over all networks at some inputs, a column a method.

    Args:
        arrays: Those of each method's records, one a seed.
        at: The inputs, a row each.
    """

    def measured(columns: Arrays) -> dict[str, float]:
        std = columns["predictions"].astype(float).std(0, ddof=1)
        nearest = [abs(columns["x"] - x).argmin() for x in at]
        return {f"x = {x:g}": std[i] for x, i in zip(at, nearest, strict=True)}

    return _over_seeds(arrays, measured)


def predictive_quality(arrays: dict[str, Sequence[Arrays]], reference: Arrays) -> pd.DataFrame:
    """How good each method's regression is, inside the data's interval and outside it.

    The log likelihood (nats) and the coverage of 95 % intervals are expectations over new noisy
    observations, see :mod:`hypergan.evaluation.predictive`; the Wasserstein distance, in units of
    y, is that of the networks' function values to the reference's. All are means over the test
    grid.

    Args:
        arrays: Those of each method's records, one a seed.
        reference: Those that the distance is from.
    """

    def measured(columns: Arrays) -> dict[tuple[str, str], float]:
        x, y, predictions = columns["x"], columns["y"], columns["predictions"]
        scores = {
            "log likelihood": predictive_scores.log_likelihood(predictions, y, NOISE),
            "coverage": predictive_scores.coverage(predictions, y, NOISE),
            "distance": predictive_scores.wasserstein(predictions, reference["predictions"]),
        }
        inside = abs(x) <= LIMIT
        return {
            (score, where): values[chosen].mean()
            for score, values in scores.items()
            for where, chosen in (("inside", inside), ("outside", ~inside))
        }

    return _over_seeds(arrays, measured).T


def _over_seeds(
    arrays: dict[str, Sequence[Arrays]], measured: Callable[[Arrays], dict[Any, float]]
) -> pd.DataFrame:
    """Numbers of each seed's arrays as means with their intervals, a column a method."""
    rows = {
        name: pd.DataFrame([measured(columns) for columns in of]) for name, of in arrays.items()
    }
    return pd.DataFrame(
        {name: {key: str(interval([*row[key]])) for key in row} for name, row in rows.items()}
    )
