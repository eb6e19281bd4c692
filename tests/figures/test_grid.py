"""Small pictures side by side."""

import io

import numpy as np
from PIL import Image

from hypergan.figures.panels import PICTURES
from hypergan.figures.pictures import Grid


def test_a_preview_has_them_in_rows_of_one_picture(monkeypatch):
    greys = np.linspace(0, 240, 18).astype(np.uint8)
    images = np.broadcast_to(greys[:, None, None], (18, 28, 28))
    drawn = Grid(images, ["0.1"] * 18, ["a letter"] * 18, "Eighteen letters.")
    monkeypatch.delenv(PICTURES, raising=False)
    assert drawn._repr_png_() is None
    monkeypatch.setenv(PICTURES, "png")
    sheet = np.asarray(Image.open(io.BytesIO(drawn._repr_png_())).convert("L")).astype(int)
    for number, grey in enumerate(greys):
        left = number % 16 * sheet.shape[1] // 16
        near = sheet[: sheet.shape[0] // 2] if number < 16 else sheet[sheet.shape[0] // 3 :]
        cell = near[:, left : left + sheet.shape[1] // 16]
        assert (np.abs(cell - int(grey)) <= 4).sum() > 1_000
