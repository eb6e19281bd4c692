"""Figures as pages show them: panels side by side, or on a phone one below the other.

Each panel is an SVG of its own, 350 pixels wide, whose text stays text, so that it is legible and
takes the page's colours, dark or light.
"""

import hashlib
import html
import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from textwrap import fill
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import StepPatch
from PIL import Image
from scipy.optimize import isotonic_regression

from hypergan.experiments.collection import Collection
from hypergan.figures.tables import as_csv

WIDTH, HEIGHT = 350, 262
"""Size of a panel, in pixels."""

NARROW, LOW = 226, 190
"""Width and height of panels of which three stand side by side."""

_DOTS = 100
"""Pixels per inch of a panel."""

PICTURES = "HYPERGAN_PICTURES"
"""If set, figures are also pictures, since previews of notebooks show no drawings in HTML."""

_PREVIEW, _FINER, _COLOURS = 760, 1.5, 64
"""Such a picture's width, dots per pixel, and number of colours."""

_LETTER = 7
"""Width of a letter of an axis's label, in pixels."""

_LINE = 0.075
"""Height of a line of words, as a share of a panel."""

_STYLE: Any = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.labelsize": 9,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.6,
    "lines.markersize": 4.5,
    "axes.linewidth": 0.8,
    "svg.fonttype": "none",  # text stays text, in the page's own font
    "path.simplify": True,
}

_LOOK = (
    "max-width:100%;height:auto;overflow:visible;stroke-linejoin:round;"
    "font-family:system-ui,sans-serif"
)

_SIMPLER = {
    r"<metadata>.*?</metadata>": "",
    r"<defs>\s*<style.*?</style>\s*</defs>": "",  # it would apply to the whole page
    r'<g id="[^"]*"': "<g",  # nothing refers to them
    r"#(000000|262626)\b": "currentColor",
    r"; font-family: [^;\"]*": "",
    r"(\d\.\d\d)\d{2,}(?=[\s\")])": r"\1",  # a hundredth of a pixel is enough
    r' transform="rotate\(-0 [^"]*"': "",
    r"\s*\n\s*": "\n",
}
"""Parts of matplotlib's SVG that a page does not need, and what replaces them."""


class Panels:
    """A figure in panels.

    Args:
        words: What it shows, for those who cannot see it.
        collection: The records behind it, which say whether they are of stand-in data.
        name: The name of the CSV file that the figure offers.
        empty: The note shown without records.
        width: Width of a panel, in pixels.
        height: Height of a panel, in pixels.
    """

    def __init__(
        self,
        words: str,
        collection: Collection | None = None,
        *,
        name: str = "figure",
        empty: str = "",
        width: int = WIDTH,
        height: int = HEIGHT,
    ) -> None:
        self.words, self.name = words, name
        self.notes: list[str] = []
        self._named_at_ends = False
        self.figures: list[Figure] = []
        self._size = width / _DOTS, height / _DOTS
        if collection is not None:
            names = sorted({r.dataset for r in collection.records if r.stand_in})
            if names:
                self.notes.append(f"embedded stand-in data, not {', '.join(names)}")
            if empty and not collection.records:
                self.notes.append(empty)

    def add(self, title: str = "", *, like: Axes | None = None, share: str = "y") -> Axes:
        """The axes of one more panel.

        Args:
            title: The text above it.
            like: A panel that it shares an axis with.
            share: Which axis: "x", "y" or both.
        """
        with mpl.rc_context(_STYLE):
            figure = Figure(figsize=self._size, dpi=_DOTS, layout="constrained")
            shared = {f"share{axis}": like for axis in share} if like is not None else {}
            axes: Axes = figure.add_subplot(**shared)
            axes.spines[["top", "right"]].set_visible(False)
            axes.set_title(title)
        self.figures.append(figure)
        return axes

    @property
    def axes(self) -> list[Axes]:
        """The axes of the panels."""
        return [figure.axes[0] for figure in self.figures]

    def name_ends(self) -> None:
        """Name the curves of all panels at their ends, instead of in a legend.

        Meant for many curves; thick ones get bold names. Call it once all are drawn.
        """
        self._named_at_ends = True
        for axes in self.axes:
            low, high = axes.get_ylim()
            ends = sorted(
                ((line.get_ydata()[-1] - low) / (high - low), label, line)
                for label, line in _curves(axes)
                if label and len(line.get_ydata())
            )
            heights = spread([end for end, _, _ in ends])
            for height, (_, label, line) in zip(heights, ends, strict=True):
                weight = "bold" if line.get_linewidth() > _STYLE["lines.linewidth"] else "normal"
                sample = Line2D([1.03, 1.07, 1.11], [height] * 3)
                sample.update_from(line)
                # the label of lines that are no curves
                sample.set(transform=axes.transAxes, clip_on=False, markevery=[1], label="_child")
                axes.add_line(sample)
                axes.text(
                    1.13, height, label, transform=axes.transAxes, va="center", weight=weight,
                    fontsize=_STYLE["legend.fontsize"],
                )  # fmt: skip

    @property
    def numbers(self) -> pd.DataFrame:
        """What curves and bars show, one row for each point or bar."""
        return pd.DataFrame(
            [
                {"panel": axes.get_title(), "series": label, "x": x, "y": y}
                for axes in self.axes
                for label, points in _series(axes)
                for x, y in points
            ],
            columns=["panel", "series", "x", "y"],
        )

    @property
    def legend(self) -> Figure | None:
        """The names of all curves, each once, as a panel of its own; None if there are none."""
        entries: dict[str, Any] = {}
        for axes in [] if self._named_at_ends else self.axes:
            if axes.get_legend() is None:
                handles, labels = axes.get_legend_handles_labels()
                entries |= dict(zip(labels, handles, strict=True))
        if not entries:
            return None
        with mpl.rc_context(_STYLE):
            figure = Figure(figsize=(self._size[0], 0.08 + 0.19 * len(entries)), dpi=_DOTS)
            figure.legend(
                entries.values(), entries.keys(), loc="upper left", frameon=False,
                bbox_to_anchor=(0, 1), borderaxespad=0, borderpad=0.2, labelspacing=0.35,
            )  # fmt: skip
        return figure

    def _repr_html_(self) -> str:
        for figure in self.figures:
            _wrap_labels(figure)
        drawn = "".join(
            svg(figure, self._words(figure), salt=f"{self.name} {number}")
            for number, figure in enumerate(self.figures)
        )
        legend = svg(self.legend, "Legend", salt=self.name) if self.legend is not None else ""
        notes = "".join(f'<p class="note">{html.escape(note)}</p>' for note in self.notes)
        numbers = self.numbers
        link = f"<p>{as_csv(numbers.set_index('panel'), self.name)}</p>" if len(numbers) else ""
        layout = "display:flex;flex-wrap:wrap;gap:.25rem 1rem"  # also where there is no book.css
        return f'<div class="panels"><div style="{layout}">{drawn}{legend}</div>{notes}{link}</div>'

    def __repr__(self) -> str:
        return f"Panels({self.words!r})"

    def _repr_png_(self) -> bytes | None:
        """The panels as one picture, where :data:`PICTURES` is set."""
        if not self.figures or not for_preview():
            return None
        for figure in self.figures:
            _wrap_labels(figure)
        return png([*self.figures, *filter(None, [self.legend])])

    def _words(self, figure: Figure) -> str:
        title = figure.axes[0].get_title()
        return f"{self.words}: {title}" if title else self.words


def _wrap_labels(figure: Figure) -> None:
    """Break labels that are longer than their axis, which a browser's font would clip."""
    figure.draw_without_rendering()
    (axes,) = figure.axes
    extent = axes.get_window_extent()
    for axis, length in ((axes.xaxis, extent.width), (axes.yaxis, extent.height)):
        axis.set_label_text(fill(axis.get_label_text(), max(12, int(length / _LETTER))))


def spread(heights: Sequence[float], gap: float = _LINE) -> list[float]:
    """Heights between 0 and 1, moved apart just enough for lines of text.

    Args:
        heights: From below.
        gap: The smallest distance between two of them.
    """
    steps = gap * np.arange(len(heights))
    if not len(heights):
        return []
    lowest = isotonic_regression(np.asarray(heights) - steps).x
    return [*(np.clip(lowest, 0, max(0, 1 - steps[-1])) + steps)]


def _curves(axes: Axes) -> list[tuple[str, Any]]:
    """The lines of a panel that are numbers, with the names that the legend gives them."""
    handles, labels = axes.get_legend_handles_labels()
    named = {id(getattr(handle, "lines", [handle])[0]): label for handle, label in
             zip(handles, labels, strict=True)}  # fmt: skip
    return [
        (named.get(id(line), ""), line)
        for line in axes.lines
        if id(line) in named or not str(line.get_label()).startswith("_child")
    ]


def _series(axes: Axes) -> Iterator[tuple[str, Iterable[tuple[Any, Any]]]]:
    """Names and points of a panel's curves, bars and histograms."""
    for label, line in _curves(axes):
        yield label, line.get_xydata()
    for bars in axes.containers:
        if isinstance(bars, BarContainer) and bars.patches:
            name = _name(bars) or _name(bars.patches[0])  # of a histogram
            yield name, map(_bar, bars.patches)
    for steps in axes.patches:
        if isinstance(steps, StepPatch):
            values, edges, _ = steps.get_data()
            yield _name(steps), zip((edges[1:] + edges[:-1]) / 2, values, strict=True)


def _name(artist: Any) -> str:
    """What the legend calls something drawn; empty if it is not in it."""
    label = str(artist.get_label())
    return "" if label.startswith("_") else label


def _bar(bar: Any) -> tuple[Any, Any]:
    """The place of a bar, by name where its axis has names, and its length; as x and y."""
    x, y = bar.get_x() + bar.get_width() / 2, bar.get_y() + bar.get_height() / 2
    if bar.axes.yaxis.have_units():  # they lie
        return bar.get_width(), bar.axes.yaxis.get_major_formatter()(y)
    named = bar.axes.xaxis.have_units()
    return bar.axes.xaxis.get_major_formatter()(x) if named else x, bar.get_height()


def for_preview() -> bool:
    """Whether :data:`PICTURES` is set."""
    return bool(os.environ.get(PICTURES))


def png(figures: Sequence[Figure]) -> bytes:
    """Figures of one width as one picture, as many in a row as a preview has room for."""
    pictures = []
    for figure in figures:
        file = io.BytesIO()
        with mpl.rc_context(_STYLE):
            figure.savefig(file, format="png", dpi=_FINER * _DOTS)
        pictures.append(Image.open(file).convert("RGB"))
    across = max(1, int(_FINER * _PREVIEW // pictures[0].width))
    rows = [pictures[begin : begin + across] for begin in range(0, len(pictures), across)]
    size = across * pictures[0].width, sum(max(one.height for one in row) for row in rows)
    whole, top = Image.new("RGB", size, "white"), 0
    for row in rows:
        for place, one in enumerate(row):
            whole.paste(one, (place * pictures[0].width, top))
        top += max(one.height for one in row)
    file = io.BytesIO()
    whole.quantize(_COLOURS).save(file, format="PNG", optimize=True)
    return file.getvalue()


def svg(figure: Figure, words: str, salt: str) -> str:
    """A figure as an element of a page, black where the page's text is black.

    Args:
        figure: The figure.
        words: What it shows, for those who cannot see it.
        salt: Distinguishes it from others on the page with the same ``words``.
    """
    width, height = (round(inches * _DOTS) for inches in figure.get_size_inches())
    file = io.StringIO()
    own = hashlib.sha256(f"{words} {salt}".encode()).hexdigest()[:8]  # ids differ between panels
    with mpl.rc_context(_STYLE | {"svg.hashsalt": own}):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    drawn = file.getvalue()
    drawn = drawn[drawn.index("<svg") :]
    box = re.search(r'viewBox="([^"]*)"', drawn)
    assert box is not None
    for pattern, better in _SIMPLER.items():
        drawn = re.sub(pattern, better, drawn, flags=re.DOTALL)
    head = (
        f'<svg class="panel" role="img" aria-label="{html.escape(words)}"'
        f' width="{width}" height="{height}" viewBox="{box[1]}" style="{_LOOK}"'
        ' xmlns:xlink="http://www.w3.org/1999/xlink">'
    )
    return head + drawn[drawn.index(">") + 1 :]
