"""Small pictures side by side on a page, with a word below each."""

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from hypergan.figures.panels import for_preview, png

_ACROSS, _WIDE = 16, 7.6
"""Pictures in a row of a preview, and its width in inches."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Pictures in reading order.

    Attributes:
        images: Their bytes (N, H, W), or (N, H, W, 3) in colour.
        below: The text below each.
        shown: What each shows, for those who cannot see it.
        caption: What they all are.
        across: How many are in a row; 0 for as many as fit.
    """

    images: NDArray[np.uint8]
    below: Sequence[str]
    shown: Sequence[str]
    caption: str
    across: int = 0

    def _repr_html_(self) -> str:
        look = "width:100%;height:auto;padding:0;border-radius:0;outline:1px solid #8886"
        bare = "margin:0;padding:0"
        word = f"{bare};font-size:.7rem;text-align:center;color:inherit;white-space:pre-line"
        pictures = "".join(
            f'<figure style="{bare}"><img src="{address(image)}" alt="{html.escape(words)}" '
            f'width="{image.shape[1]}" height="{image.shape[0]}" style="{look}">'
            f'<figcaption style="{word}">{html.escape(label)}</figcaption></figure>'
            for image, label, words in zip(self.images, self.below, self.shown, strict=True)
        )
        columns = self.across or "auto-fill"
        layout = f"display:grid;grid-template-columns:repeat({columns},minmax(40px,1fr));gap:4px"
        return (
            f'<div class="panels pictures"><div style="{layout};overflow-x:auto">{pictures}</div>'
            f"<p>{html.escape(self.caption)}</p></div>"
        )

    def __repr__(self) -> str:
        return f"Grid({self.caption!r})"

    def _repr_png_(self) -> bytes | None:
        """The pictures as one, where a notebook is stored for a preview."""
        if not for_preview():
            return None
        rows = -(-len(self.images) // _ACROSS)
        figure = Figure((_WIDE, 0.7 * rows + 0.6))
        places = figure.subplots(rows, _ACROSS, squeeze=False).ravel()
        for axes in places:
            axes.set_axis_off()
        for axes, image, label in zip(places, self.images, self.below, strict=False):
            axes.imshow(image, cmap="gray", vmin=0, vmax=255)
            axes.set_title(label, y=-0.5, fontsize=6)
        figure.text(0, 0, fill(self.caption, 130), fontsize=7, va="bottom")
        figure.subplots_adjust(0, 0.6 / figure.get_figheight(), 1, 1)
        return png([figure])


def address(image: NDArray[np.uint8]) -> str:
    """A picture as a data URL, so that it needs no file."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, format="WEBP", quality=85)  # a third of the bytes of a PNG
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"
