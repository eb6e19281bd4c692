"""Figure 2, the regression of the cubic, and its numbers."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from hypergan.data.cubic import LIMIT, NOISE
from hypergan.evaluation import predictive as predictive_scores
from hypergan.evaluation.predictive import Array
from hypergan.experiments.collection import Collection
from hypergan.experiments.held import Stored
from hypergan.experiments.intervals import Bounds, interval
from hypergan.experiments.methods import title_of
from hypergan.experiments.trials import SEARCH
from hypergan.figures.numbers import text
from hypergan.figures.page import MISSING
from hypergan.figures.panels import Panels
from hypergan.figures.style import SEE_COMMANDS
from hypergan.figures.tables import Better, Table

REFERENCE = "nuts"
"""The gold standard: the exact posterior, sampled."""

UNIT_PRIOR = "nuts-unit-prior"
"""The same with the prior N(0, 1) for every weight, which is MNF's."""

EXACT = (REFERENCE, UNIT_PRIOR)
PAIR = ("hypergan", "hypergan-no-discriminator")
BESIDE = ("hypergan", "ensemble", "mc-dropout", "mnf", REFERENCE)

_SEEDS = 5
"""Seeds of a reference whose draws stand for it; more would make every distance slower."""

_EVERY = 2
"""A curve needs only every second point of the grid."""


def finding(collection: Collection) -> list[str]:
    """The page in two sentences."""
    stds = [
        [collection.values(method, f"std_{where}") for where in ("outside", "inside")]
        for method in ("hypergan", REFERENCE)
    ]
    if not all(values for pair in stds for values in pair):
        return MISSING
    ours, exact = ([interval(values).mean for values in pair] for pair in stds)
    more = "more" if ours[0] > ours[1] else "no more"
    shares = [own / true for own, true in zip(ours, exact, strict=True)]
    outside, inside = ("more certain" if share < 1 else "less certain" for share in shares)
    sides = (
        f"{outside} in both places" if outside == inside else f"{outside} outside, {inside} inside"
    )
    return [
        f"HyperGAN's networks disagree {more} where there are no data than where there are: "
        f"their standard deviation is {text(ours[0], 1)} outside [−4,\N{NO-BREAK SPACE}4], "
        f"{text(ours[1], 1)} inside.",
        "The exact posterior of the same network, sampled by NUTS, has standard deviations of "
        f"{text(exact[0], 1)} and {text(exact[1], 1)}: HyperGAN is {sides}, with "
        f"{text(shares[0], 1)} and {text(shares[1], 1)} times that spread.",
    ]


def regression(collection: Collection, sizes: Sequence[int] = (10, 100)) -> Panels:
    """Fig. 2: predictive distribution of HyperGAN's first networks, one panel per size.

    The last panel is the gold standard.
    """
    shown = collection.shown
    panels: dict[str, tuple[Stored, int]] = {}
    if record := shown.get("hypergan"):
        panels |= {f"{size} networks of HyperGAN": (record.arrays, size) for size in sizes}
    if record := shown.get(REFERENCE):
        panels["exact posterior (NUTS)"] = record.arrays, max(sizes)
    words = "Mean of networks and three standard deviations, over the cubic and its observations"
    return _predictive_panels(panels, words, collection, "figure-2")


def regression_comparison(
    collection: Collection, methods: Sequence[str], networks: int, name: str
) -> Panels:
    """The predictive distributions of several methods, with as many networks each."""
    shown = collection.shown
    panels = {title_of(m): (shown[m].arrays, networks) for m in methods if m in shown}
    words = f"Mean of {networks} networks and three standard deviations"
    return _predictive_panels(panels, words, collection, name)


def _predictive_panels(
    panels: dict[str, tuple[Stored, int]], words: str, collection: Collection, name: str
) -> Panels:
    figure = Panels(words, collection, name=name, empty=SEE_COMMANDS, height=225)
    first: Axes | None = None
    for title, (arrays, networks) in panels.items():
        axes = figure.add(title, like=first)
        predictive(axes, arrays, networks)
        axes.set(xlabel="x", ylabel="y")
        first = first or axes
    return figure


def predictive(axes: Axes, arrays: Stored, networks: int) -> None:
    """Mean and three standard deviations of some networks, target function and observations."""
    x, y = arrays["x"][::_EVERY], arrays["y"][::_EVERY]
    predictions = arrays["predictions"][:networks, ::_EVERY]
    mean, std = predictions.mean(0), predictions.std(0, ddof=1)
    axes.fill_between(x, mean - 3 * std, mean + 3 * std, color="C0", alpha=0.4, lw=0, label="±3 sd")
    axes.plot(x, y, "--", color="black", label="x³")  # a page that is dark turns it white
    axes.plot(x, mean, color="C0", label="mean of networks")
    axes.plot(arrays["train_x"], arrays["train_y"], "o", color="C3", ms=4, label="observations")
    limit = 1.2 * abs(y).max()
    axes.set(xlim=(x.min(), x.max()), ylim=(-limit, limit))


def predictive_std(collection: Collection, methods: Sequence[str], at: Sequence[float]) -> Table:
    """Predictive standard deviation over all networks at some inputs, one column per method."""

    def measured(columns: Stored) -> dict[str, float]:
        nearest = [abs(columns["x"] - x).argmin() for x in at]
        std = np.take(columns["predictions"], nearest, 1).astype(float).std(0, ddof=1)
        return {text(x, 0): each for x, each in zip(at, std, strict=True)}

    frame = _over_seeds(collection, methods, measured, lambda _: (0, math.inf)).rename_axis("x")
    caption = "Standard deviation of all networks, in units of y; that of the noise is 3."
    return Table(frame, caption, name="spread-of-networks")


def predictive_quality(collection: Collection) -> Table:
    """How good each method's regression is, inside the data's interval and outside it.

    The log likelihood (nats) and the coverage of 95 % intervals are expectations over new noisy
    observations, see :mod:`hypergan.evaluation.predictive`; the Wasserstein distance, in units of
    y, is that of the networks' function values to those of a reference's first seeds, at most
    five. All are means over the test grid.
    """
    draws = exact(collection)

    def measured(columns: Stored) -> dict[tuple[str, str], float]:
        x, y, predictions = columns["x"], columns["y"], columns["predictions"]
        scores = {
            "log likelihood (nats)": predictive_scores.log_likelihood(predictions, y, NOISE),
            "coverage": predictive_scores.coverage(predictions, y, NOISE),
        }
        return _by_side(x, scores) | distances(columns, draws)

    bounds = {"coverage": (0.0, 1.0)} | dict.fromkeys(map(_distance, EXACT), (0.0, math.inf))
    methods = (*BESIDE, UNIT_PRIOR)
    frame = _over_seeds(collection, methods, measured, lambda key: bounds.get(key[0])).T
    caption = "Quality of the regression, means over the grid inside [−4, 4] and outside it."
    better: dict[Any, Better] = {
        ("log likelihood (nats)", where): "high" for where in ("inside", "outside")
    }
    return Table(frame.rename_axis("method"), caption, better, name="regression-quality")


def exact(collection: Collection) -> dict[str, Array]:
    """Function values of a reference's first seeds, ordered, (B, N), by the reference."""
    return {
        method: predictive_scores.ordered(
            np.concatenate([record.arrays["predictions"] for record in found])
        )
        for method in EXACT
        if (found := collection.of(method)[:_SEEDS])
    }


def distances(columns: Stored, exact: dict[str, Array]) -> dict[tuple[str, str], float]:
    """Mean Wasserstein distances of a record's networks to references, inside and outside."""
    ordered = predictive_scores.ordered(columns["predictions"])
    scores = {
        _distance(method): predictive_scores.wasserstein(ordered, draws)
        for method, draws in exact.items()
    }
    return _by_side(columns["x"], scores)


def _distance(method: str) -> str:
    return f"distance to {title_of(method)}"


def _by_side(x: Array, scores: dict[str, Array]) -> dict[tuple[str, str], float]:
    """Means of scores over the inputs inside the training interval and outside it."""
    inside = abs(x) <= LIMIT
    return {
        (score, where): values[chosen].mean()
        for score, values in scores.items()
        for where, chosen in (("inside", inside), ("outside", ~inside))
    }


def what_moves_the_band() -> Table:
    """Trials of other settings on the cubic, by their distance to the exact posterior."""
    frame = _trials().agg(lambda values: interval([*values], (0.0, math.inf)))
    frame.columns = pd.MultiIndex.from_tuples([*frame.columns.str.rsplit(", ", n=1).map(tuple)])
    caption = "HyperGAN's band after one change of its settings, in units of y."
    return Table(frame.rename_axis("change"), caption, name="what-moves-the-band")


def what_helps(collection: Collection) -> str:
    """What the trials say, in two sentences."""
    if not (exact := collection.values(UNIT_PRIOR, "std_inside")):
        return MISSING[0]
    means = _trials().mean()
    far, wide = means[f"{_distance(UNIT_PRIOR)}, inside"], means["standard deviation, inside"]
    return (
        f"Of {len(means) - 1} changes, *{far.idxmin()}* comes nearest to the exact posterior with "
        f"the prior N(0, 1): its distance inside is {text(far.min(), 1)}, unchanged it is "
        f"{text(far['none'], 1)}. The widest band inside has a standard deviation of "
        f"{text(wide.max(), 1)} (*{wide.idxmax()}*), the exact one {text(interval(exact).mean, 1)}."
    )


def _trials() -> Any:
    """The numbers of the trials by change, in the order of the file."""
    table = pd.read_csv(SEARCH / "cubic.csv").drop(columns="seed")
    return table.groupby("change", sort=False)


def _over_seeds(
    collection: Collection,
    methods: Sequence[str],
    measured: Callable[[Stored], dict[Any, float]],
    bounds: Callable[[Any], Bounds | None],
) -> pd.DataFrame:
    """Numbers of each record's arrays as means with their intervals, one column per method."""
    rows = {
        title_of(method): pd.DataFrame([measured(r.arrays) for r in collection.of(method)])
        for method in methods
        if collection.of(method)
    }
    return pd.DataFrame(
        {
            name: {key: interval([*row[key]], bounds(key)) for key in row}
            for name, row in rows.items()
        }
    )


def chains(collection: Collection) -> str:
    """Whether the reference's chains agree, in a sentence."""
    if not (record := collection.shown.get(REFERENCE)):
        return MISSING[0]
    row = record.history[-1]
    return (
        f"For the seed shown, the largest R-hat is {text(row['r_hat'], 3)}, the smallest effective "
        f"sample size {text(row['effective_sample_size'], 0)}, and {row['divergences']:.0f} steps "
        "diverged."
    )
