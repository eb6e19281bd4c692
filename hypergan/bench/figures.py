"""Pictures of a benchmark's report."""

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

_CONTENDERS = ("ours", "ours in float32", "one after another", "separate modules", "vmap")


def evaluation(report: dict[str, Any]) -> Figure:
    """Cost of an image and network: ours and the contenders', and ours by ensemble size."""
    rows = _part(report, "evaluation")
    costs = rows[rows["unit"].str.startswith("us")]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2))
    _bars(left, costs.loc[list(_CONTENDERS)], "µs per image and network")
    sizes = costs[costs.index.str.endswith(" networks")]
    numbers = [int(what.split()[0].replace(",", "")) for what in sizes.index]
    right.plot(numbers, sizes["value"], marker="o")
    right.fill_between(numbers, sizes["low"], sizes["high"], alpha=0.2)
    right.set(xscale="log", ylim=(0, None), xlabel="networks N", ylabel="µs per image and network")
    return figure


def limit(report: dict[str, Any]) -> Figure:
    """Rates of arithmetic in evaluation, beside those of bare matrix products."""
    rows = _part(report, "evaluation")
    figure, axis = plt.subplots(figsize=(7, 3.2))
    _bars(axis, rows[rows["unit"] == "GFLOP/s"], "GFLOP/s")
    return figure


def training(report: dict[str, Any]) -> Figure:
    """Seconds of a training step of equal work on both targets."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 2.2))
    for axis, dataset in zip(axes, ("mnist", "cifar10"), strict=True):
        rows = _part(report, f"training step, {dataset}")
        _bars(axis, rows[rows["unit"] == "s"].drop("our default step"), "seconds")
        axis.set_title(dataset)
    return figure


def time_to_accuracy(report: dict[str, Any]) -> Figure:
    """Accuracy of ten networks on validation images against the seconds spent on training."""
    figure, axis = plt.subplots(figsize=(6, 3.2))
    for name, course in report["curves"].items():
        axis.plot(*zip(*course, strict=True), marker=".", label=name)
    axis.axhline(98, color="grey", linestyle=":", label="98 %")
    axis.set(xlabel="seconds", ylabel="accuracy, %", xscale="log", ylim=(80, 100))
    axis.legend()
    return figure


def _part(report: dict[str, Any], part: str) -> pd.DataFrame:
    """A part's rows by what they measure; where a quantity has several units, by all of them."""
    rows = pd.DataFrame(report["rows"]).reindex(
        columns=["part", "what", "value", "low", "high", "unit"]
    )
    return rows[rows["part"] == part].set_index("what")


def _bars(axis: Axes, rows: pd.DataFrame, label: str) -> None:
    """A bar a row, in their order from above, with the range over the rounds."""
    low, high = (rows[side].fillna(rows["value"]) for side in ("low", "high"))
    errors = [rows["value"] - low, high - rows["value"]]
    axis.barh(rows.index[::-1], rows["value"][::-1], xerr=[e[::-1] for e in errors])
    axis.set_xlabel(label)
