"""Live figures of a page; each is the last object of a notebook's cell.

A figure starts as a button; on a click the page loads classic scripts, in this order: the
core, the widgets, the figure, its numbers. In the book they are files below ``_static/live``, which
:mod:`hypergan.live.sphinx` writes; elsewhere, as in Jupyter, the cell's output carries them.
"""

import html
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from IPython.display import Markdown

from hypergan.data.pictures import classes
from hypergan.errors import HyperGANError
from hypergan.experiments import cells
from hypergan.experiments.collection import Collection
from hypergan.experiments.records import Cell, Record
from hypergan.live import images, pictures, published, script
from hypergan.live.numbers import rounded

FILES = "HYPERGAN_STATIC"
"""Where a page that is being built will find the scripts; unset if there will be no files."""

DRAWS, ENTROPIES, ATTACKED = ".draws", ".entropies", ".attacked"
PICTURES = "pictures"
EVERY = 2
"""A plot needs only every second point of a regression's grid."""


@dataclass(frozen=True)
class Live:
    """A live figure.

    Attributes:
        kind: The script that draws it, ``KIND.js``.
        offer: What its button says.
        numbers: Names of its number scripts, as :func:`part` takes them.
        facts: Whatever else it needs.
        on: Distinguishes it from others of its kind on the same page.
    """

    kind: str
    offer: str
    numbers: list[str]
    facts: Mapping[str, Any] = field(repr=False)
    on: str = ""

    @property
    def parts(self) -> dict[str, str]:
        """The scripts by name, in the order in which they are loaded."""
        code = ("core", "widgets", self.kind)
        return {name: part(name) for name in (*code, *self.numbers)}

    def _repr_html_(self) -> str:
        parts, folder, name = self.parts, os.environ.get(FILES), f"live-{self.kind}{self.on}"
        texts = ""
        if folder:
            loaded = [{"src": f"{folder}/{part}.js"} for part in parts]
        else:
            loaded = [{"text": f"{name}-{number}"} for number in range(len(parts))]
            texts = "".join(
                f'<script type="text/plain" id="{one["text"]}">{text}</script>\n'
                for one, text in zip(loaded, parts.values(), strict=True)
            )
        size, records = sum(map(len, parts.values())) / 1e6, len(self.facts.get("records", ()))
        loader = script.code("loader.js").replace("@id", name).replace("@kind", self.kind)
        return (
            f'<div class="live live-{self.kind}" id="{name}" style="--live-records: {records}">\n'
            f"<style>\n{script.code('live.css')}</style>\n"
            f'<p class="live-offer" hidden><button type="button" class="live-first">'
            f"{html.escape(self.offer)}</button> <span>in your browser; loads {size:.1f} MB"
            '</span> <span role="status"></span></p>\n'
            '<div class="live-stage" tabindex="-1"></div>\n'
            f"{_data('parts', loaded)}{_data('facts', self.facts)}{texts}"
            f"<script>\n{loader}</script>\n</div>"
        )


@dataclass(frozen=True)
class Missing:
    """Shown in place of a live figure whose numbers are missing."""

    command: str
    what: str = "Networks can be drawn"

    def _repr_html_(self) -> str:
        return f"<p>{self.what} here after <code>{html.escape(self.command)}</code>.</p>"


def _data(name: str, content: Any) -> str:
    text = json.dumps(content, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" data-live="{name}">{text}</script>\n'


def part(name: str) -> str:
    """A script of a live figure: code, a cell's generator, its recorded draws, or the pictures.

    Raises:
        HyperGANError: If there is none of this name.
    """
    if name == PICTURES:
        letters, _ = pictures.published()
        shifted = (letters.to(torch.int16) - 128).to(torch.int8)
        return script.entry(PICTURES, {"tensors": script.encoded({"images": shifted})})
    if "/" not in name:
        return script.code(f"{name}.js")
    if name.startswith(f"{PICTURES}/"):
        return script.entry(name, images.pictures_of(name.removeprefix(f"{PICTURES}/")))
    for suffix, content_of in _OF_RECORD.items():
        if name.endswith(suffix):
            cell = Cell.at(Path(f"{name.removesuffix(suffix)}.json"))
            return script.entry(name, content_of(cells.get(cell)))
    cell = Cell.at(Path(f"{name}.json"))
    found = published.find(cell)
    if found is None:
        raise HyperGANError(
            f"{name} has no numbers to draw networks with; publish them with "
            "`python -m hypergan.live.published`"
        )
    return script.of_drawable(found)


def _draws_of(record: Record) -> dict[str, Any]:
    """A record's draws of a regression, for a script."""
    draws = record.arrays["predictions"][:, ::EVERY]
    numbers = rounded({"draws": torch.from_numpy(draws.copy())}, 16)
    return script.origin(record) | {"tensors": script.encoded(numbers)}


_OF_RECORD = {
    DRAWS: _draws_of, ENTROPIES: images.entropies_of, ATTACKED: images.attacked_of
}  # fmt: skip


def cubic(generators: Mapping[str, Cell], draws: Mapping[str, Cell]) -> Live | Missing:
    """Figure 2: networks of the regression, drawn by the reader.

    Args:
        generators: Cells of trained generators, by the name that the figure gives them.
        draws: Cells of recorded draws, likewise.
    """
    for cell in generators.values():
        if published.find(cell) is None:
            return Missing(cell.command)
    arrays = cells.get(next(iter(generators.values()))).arrays
    sources = {name: cell.name for name, cell in generators.items()}
    sources |= {name: cell.name + DRAWS for name, cell in draws.items()}
    points = zip(arrays["train_x"].tolist(), arrays["train_y"].tolist(), strict=True)
    facts = {
        "x": [round(value, 3) for value in arrays["x"][::EVERY].tolist()],
        "y": [round(value, 3) for value in arrays["y"][::EVERY].tolist()],
        "points": [[round(x, 4), round(y, 4)] for x, y in points],
        "sources": [{"name": name, "numbers": numbers} for name, numbers in sources.items()],
    }
    return Live("cubic", "Draw networks here", list(sources.values()), facts)


def digit(generator: Cell, ensemble: Cell) -> Live | Missing:
    """A digit of your own: freshly drawn networks vote on what the reader draws.

    Args:
        generator: A trained generator on MNIST.
        ensemble: A deep ensemble that votes as well.
    """
    for cell in (generator, ensemble):
        if published.find(cell) is None:
            return Missing(cell.command)
    names = {"generator": generator.name, "ensemble": ensemble.name, "pictures": PICTURES}
    _, labels = pictures.published()
    facts = names | {"labels": labels, "said": pictures.SAID}
    return Live("digit", "Draw a digit", list(names.values()), facts)


def entropies(collection: Collection) -> Live | Missing:
    """Figures 3 and 4: the images along an entropy curve, and what each ensemble says of them."""
    records = [*collection.shown.values()]
    if not records:
        return Missing(collection.missing[0].command, "Images can be looked at")
    dataset = images.name_of(records[0])
    pixels = f"{PICTURES}/{dataset}"
    names = [record.cell.name + ENTROPIES for record in records]
    facts = {"pictures": pixels, "records": names, "classes": _classes(records[0])}
    offer = "Look at the images along a curve"
    return Live("entropies", offer, [pixels, *names], facts, f"-{dataset}")


def attacked(collection: Collection) -> Live | Markdown:
    """Figure 5: images attacked with more and more eps, and what each ensemble says of them."""
    found = [
        (record, record.arrays[f"images_pgd_{size}"])
        for record in collection.shown.values()
        if (size := images.attacked_size(record))
    ]
    if not found:
        return Markdown(NO_ATTACKED)
    first, clean = found[0][0], found[0][1][0]
    records = [
        record
        for record, attacked in found
        if len(attacked) == len(found[0][1]) and np.array_equal(attacked[0], clean)
    ]
    names = [record.cell.name + ATTACKED for record in records]
    facts = {"records": names, "classes": _classes(first)}
    return Live("attacked", "Look at attacked images", names, facts)


NO_ATTACKED = (
    "Attacked images can be looked at here where records hold them: those of version 2 do, in all "
    "profiles but `smoke`. None of this page's does."
)
"""In place of images that records of version 1 do not hold."""


def _classes(record: Record) -> list[str]:
    return classes(record.dataset, stand_in=record.stand_in)
