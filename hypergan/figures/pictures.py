"""Small pictures side by side on a page, with a word below each."""

import base64
import html
import io
from collections.abc import Sequence

import numpy as np
from IPython.display import HTML
from numpy.typing import NDArray
from PIL import Image


def grid(
    images: NDArray[np.uint8], below: Sequence[str], shown: Sequence[str], caption: str
) -> HTML:
    """Pictures in reading order, as many per row as fit.

    Args:
        images: Their bytes (N, H, W), or (N, H, W, 3) in colour.
        below: The text below each.
        shown: What each shows, for those who cannot see it.
        caption: What they all are.
    """
    look = "width:100%;height:auto;padding:0;border-radius:0"  # a dark page frames pictures
    word = "margin:0;font-size:.7rem;text-align:center;color:inherit"
    pictures = "".join(
        f'<figure style="margin:0"><img src="{address(image)}" alt="{html.escape(words)}" '
        f'width="{image.shape[1]}" height="{image.shape[0]}" style="{look}">'
        f'<figcaption style="{word}">{html.escape(label)}</figcaption></figure>'
        for image, label, words in zip(images, below, shown, strict=True)
    )
    layout = "display:grid;grid-template-columns:repeat(auto-fill,minmax(40px,1fr));gap:4px"
    return HTML(
        f'<div class="panels pictures"><div style="{layout}">{pictures}</div>'
        f"<p>{html.escape(caption)}</p></div>"
    )


def address(image: NDArray[np.uint8]) -> str:
    """A picture as a data URL, so that it needs no file."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, format="WEBP", quality=85)  # a third of the bytes of a PNG
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"
