"""The ablations of section 5, and what beta and code length do: views over records."""

import math
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from hypergan.claims import metric, relative_norm_std
from hypergan.figures.style import marked
from hypergan.intervals import interval
from hypergan.methods import METHODS, UNVARIED, VARIED
from hypergan.records import Cell, Record

Found = Mapping[Cell, Record | None]
"""The cells that a page shows and their records, see :func:`hypergan.cells.shown`."""

ACCURACY, SPREAD = "accuracy of 10 (%)", "relative sd of the norm"
DISAGREEMENT, AUROC = "disagreement", "AUROC of outliers"
_METRICS = {
    "accuracy of 1 (%)": "accuracy/1",
    ACCURACY: "accuracy/10",
    DISAGREEMENT: "diversity/disagreement",
    "pairwise KL (nats)": "diversity/pairwise_kl",
    AUROC: "detection/entropy/auroc",
}
QUANTITIES = ("accuracy of 1 (%)", ACCURACY, SPREAD, DISAGREEMENT, "pairwise KL (nats)", AUROC)
"""Columns of the tables."""


def course(found: Found) -> pd.DataFrame:
    """What was measured during training, a row for each measurement.

    Returns:
        ``method``, ``seed`` and when: after an ``epoch``, or after a ``step`` of the first one;
        ``validation_accuracy`` in percent; ``norm_spread.LAYER``, the relative standard deviation
        of a layer's norm, and ``diversity``, its mean over the layers.
    """
    parts = [pd.DataFrame(columns=["method", "seed", "epoch", "step"])]
    for record in _records(found):
        rows = [*record.history[0].get("early", []), *record.history]
        parts.append(pd.json_normalize(rows).assign(method=record.method, seed=record.seed))
    return pd.concat(parts, ignore_index=True)


def accuracy_course(found: Found) -> Figure:
    """Fig. 6: accuracy of 10 networks during training, on images held out of it."""
    return _start_and_whole(found, "validation_accuracy", "accuracy (%)")


def diversity_course(found: Found) -> Figure:
    """Fig. 7: relative standard deviation of the norm of 100 networks, mean over the layers."""
    return _start_and_whole(found, "diversity", SPREAD)


def layers_course(found: Found) -> Figure:
    """Fig. 7 layer by layer."""
    layers = [name for r in _records(found)[:1] for name in r.history[0]["norm_spread"]]
    panels = [("epoch", f"norm_spread.{name}", name) for name in layers]
    return _panels(found, panels or [("epoch", "diversity", "all layers")], SPREAD)


def at_the_end(found: Found) -> pd.DataFrame:
    """What trained posteriors measure, a row a method: mean, 95 % interval and n over seeds."""
    rows = {}
    for method in _methods(found):
        table = measured([record for record in _records(found) if record.method == method])
        rows[method] = {
            name: str(interval(table[name])) if name in table else "–" if len(table) else "not run"
            for name in QUANTITIES
        }
    return pd.DataFrame(rows).T


def measured(records: Sequence[Record]) -> pd.DataFrame:
    """The quantities of the tables, a row a record, measured as the ledger measures them."""
    rows = [
        {
            name: metric(record, record.cell.path, keys)
            for name, keys in _METRICS.items()
            if keys.split("/")[0] in record.metrics
        }
        | {SPREAD: relative_norm_std(record, record.cell.path)}
        for record in records
    ]
    return pd.DataFrame(rows)


def varied_by(argument: str) -> list[str]:
    """The methods that vary an argument of HyperGAN, and the one that leaves it as it is."""
    return [
        name
        for name, method in METHODS.items()
        if method.variation and (argument in method.switches or name == UNVARIED)
    ]


def variation(found: Found) -> Figure:
    """What varying a number of HyperGAN does, a column a number; its own value is dotted."""
    rows = (ACCURACY, SPREAD, DISAGREEMENT, AUROC)
    size = (4.2 * len(VARIED), 2.4 * len(rows))
    figure, grid = plt.subplots(len(rows), len(VARIED), figsize=size, sharey="row", sharex="col")
    for column, argument in zip(grid.T, VARIED, strict=True):
        records = [r for r in _records(found) if r.method in varied_by(argument)]
        values = [f"{record.config['model'][argument]:g}" for record in records]
        own = {value for r, value in zip(records, values, strict=True) if r.method == UNVARIED}
        table = measured(records).assign(**{argument: values})
        order = sorted(set(values), key=float)
        for axes, quantity in zip(column, rows, strict=True):
            if not records:
                axes.text(0.5, 0.5, "not run", ha="center", transform=axes.transAxes)
            else:
                sns.pointplot(
                    table, x=argument, y=quantity, order=order, errorbar=band, capsize=0.1, ax=axes
                )
            for value in own:
                axes.axvline(order.index(value), color="gray", linestyle=":", zorder=0)
            axes.set(xlabel="", ylabel=quantity if axes in grid[:, 0] else "")
        column[-1].set_xlabel(argument)
    return marked(figure, *_records(found))


def band(values: Sequence[float]) -> tuple[float, float]:
    """The ends of the 95 % interval over seeds, as seaborn asks for them; NaN for one seed."""
    ends = interval(values)
    return (ends.low, ends.high) if ends.n > 1 else (math.nan, math.nan)


def _start_and_whole(found: Found, column: str, label: str) -> Figure:
    """Steps of the first epoch, then all epochs."""
    panels = [("step", column, "first epoch"), ("epoch", column, "whole training")]
    figure = _panels(found, panels, label)
    figure.axes[0].set_xscale("log")
    return figure


def _panels(found: Found, panels: Sequence[tuple[str, str, str]], label: str) -> Figure:
    """A panel for each abscissa, column of the course and title; a line for each method."""
    rows = course(found)
    colours = dict(zip(_methods(found), sns.color_palette(), strict=False))
    width = min(3, len(panels))
    height = math.ceil(len(panels) / width)
    size = (4.2 * width, 3.4 * height)
    figure, grid = plt.subplots(height, width, figsize=size, sharey=True, squeeze=False)
    for axes, (when, column, title) in zip(grid.flat, panels, strict=False):
        axes.set(title=title)
        for method, colour in colours.items():
            part = rows[(rows["method"] == method) & rows[when].notna()]
            if len(part):
                sns.lineplot(
                    part, x=when, y=column, errorbar=band, ax=axes, color=colour, label=method
                )
            else:
                axes.plot([], [], color=colour, label=f"{method}: not run")
        axes.set(xlabel=when, ylabel=label if axes in grid[:, 0] else "")
        axes.legend().set_visible(axes is grid[0, -1])
    for axes in grid.flat[len(panels) :]:
        axes.remove()
    return marked(figure, *_records(found))


def _records(found: Found) -> list[Record]:
    return [record for record in found.values() if record is not None]


def _methods(found: Found) -> list[str]:
    """The methods in the order in which they were asked for."""
    return list(dict.fromkeys(cell.method for cell in found))
