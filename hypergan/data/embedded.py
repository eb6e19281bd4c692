"""Images that need no download: scikit-learn's digits, matplotlib's letters, tinted digits.

All are uint8 and the same on every call. Digits and letters are white on black, as in MNIST.
"""

from pathlib import Path

import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor
from torch.nn.functional import interpolate, pad

LETTERS = tuple("ABCDEFGHIJ")
"""The letters of notMNIST."""

_TEST_DIGITS = 360
_SPLIT_SEED = 8
_LETTER_SEED = 26
_TINT_SEED = 3
_POSES = 2  # renderings of each letter in each font
_FINE = 4  # letters are drawn this much larger and then reduced, which smooths their edges

_FONTS = (
    *(
        f"DejaVu{family}{style}"
        for family in ("Sans", "SansMono")
        for style in ("", "-Bold", "-Oblique", "-BoldOblique")
    ),
    *(f"DejaVuSerif{style}" for style in ("", "-Bold", "-Italic", "-BoldItalic")),
    *(f"STIXGeneral{style}" for style in ("", "Bol", "Italic", "BolIta")),
    *("cmb10", "cmr10", "cmss10", "cmti10", "cmtt10"),
)


def digits() -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """scikit-learn's 1,797 digits as training and test images (B, 1, 28, 28) with labels (B,).

    The 8x8 images are enlarged to 20x20 and centred in 28x28 like MNIST's digits; bicubic
    interpolation keeps strokes sharper than bilinear. The 360 test images are chosen with a fixed
    seed.
    """
    from sklearn.datasets import load_digits  # takes a while

    bunch = load_digits()
    small = torch.from_numpy(bunch.images).float().unsqueeze(1) / 16
    large = interpolate(small, size=(20, 20), mode="bicubic").clamp(0, 1)
    images = pad(large, (4, 4, 4, 4)).mul(255).round().to(torch.uint8)
    labels = torch.from_numpy(bunch.target).long()
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(_SPLIT_SEED))
    test, train = order[:_TEST_DIGITS], order[_TEST_DIGITS:]
    return (images[train], labels[train]), (images[test], labels[test])


def letters() -> tuple[Tensor, Tensor]:
    """Letters A-J: images (B, 1, 28, 28) and labels 0-9 (B,), B = 420.

    Each letter is drawn in 21 of matplotlib's fonts, twice with random size, tilt and offset
    from a fixed seed.
    """
    generator = torch.Generator().manual_seed(_LETTER_SEED)
    images, labels = [], []
    for font in _FONTS:
        for label, letter in enumerate(LETTERS):
            for _ in range(_POSES):
                images.append(_letter(letter, font, generator))
                labels.append(label)
    return torch.stack(images).unsqueeze(1), torch.tensor(labels)


def tinted(images: Tensor) -> Tensor:
    """Tint grey images (B, 1, 28, 28) to (B, 3, 32, 32), light strokes on a dark ground.

    The two colours of an image are drawn with a fixed seed and independent of its class.
    """
    generator = torch.Generator().manual_seed(_TINT_SEED)
    strokes = pad(images, (2, 2, 2, 2)).float() / 255
    light = torch.rand(len(images), 3, 1, 1, generator=generator) * 0.5 + 0.5
    dark = torch.rand(len(images), 3, 1, 1, generator=generator) * 0.3
    return torch.lerp(dark, light, strokes).mul(255).round().to(torch.uint8)


def _letter(letter: str, font: str, generator: torch.Generator) -> Tensor:
    """One letter (28, 28), 19 to 25 pixels per em, tilted up to 12 degrees, moved up to 2."""
    import matplotlib

    size, tilt, across, down = torch.rand(4, generator=generator).mul(2).sub(1).tolist()
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{font}.ttf"
    face = ImageFont.truetype(
        path, round((22 + 3 * size) * _FINE), layout_engine=ImageFont.Layout.BASIC
    )
    canvas = Image.new("L", (28 * _FINE, 28 * _FINE))
    centre = ((14 + 2 * across) * _FINE, (14 + 2 * down) * _FINE)
    left, top, right, bottom = face.getbbox(letter)
    corner = (centre[0] - (left + right) / 2, centre[1] - (top + bottom) / 2)
    ImageDraw.Draw(canvas).text(corner, letter, fill=255, font=face)
    turned = canvas.rotate(12 * tilt, resample=Image.Resampling.BICUBIC, center=centre)
    small = turned.resize((28, 28), resample=Image.Resampling.BOX)
    return torch.frombuffer(bytearray(small.tobytes()), dtype=torch.uint8).view(28, 28)
