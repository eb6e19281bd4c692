"""Pictures that come with the project, so that pages need no data sets.

``python -m hypergan.data.pictures`` takes :data:`COUNT` outliers and as many test images, evenly
spaced in file order, so that none is picked for how networks classify it.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from hypergan.batches import evenly
from hypergan.data.datasets import DATASETS
from hypergan.data.raw import Raw, take
from hypergan.errors import RecordError
from hypergan.paths import PROJECT, described, downloads, write_described, write_whole

FOLDER = PROJECT / "data" / "pictures"

COUNT = 32
"""Number of pictures of a kind: those whose softmax records keep, so that a figure has 64."""

_ACROSS = 8
"""Pictures per row of the file."""

SHOWN = {
    "mnist": {
        "out": ("notMNIST's letter {}", (*"ABCDEFGHIJ",)),
        "in": ("MNIST's digit {}", (*"0123456789",)),
    },
    "cifar5": {
        "out": ("{} of CIFAR-10", ("a dog", "a frog", "a horse", "a ship", "a truck")),
        "in": ("{} of CIFAR-10", ("an airplane", "an automobile", "a bird", "a cat", "a deer")),
    },
}
"""What the outliers and test images of a data set show, and their class names in order."""

LETTERS = "notMNIST (Bulatov, 2011): glyphs of publicly available fonts, no licence stated"
DIGITS = "MNIST (LeCun, Bottou, Bengio and Haffner, 1998), commonly given as CC BY-SA 3.0"
_PHOTOGRAPHS = "CIFAR-10 (Krizhevsky, 2009), no licence stated"
SOURCES = {
    "mnist": {"out": LETTERS, "in": DIGITS},
    "cifar5": {"out": _PHOTOGRAPHS, "in": _PHOTOGRAPHS},
}


@dataclass(frozen=True)
class Pictures:
    """Some of a data set's outliers or test images.

    Attributes:
        images: Their bytes, (N, H, W), or (N, H, W, 3) for photographs.
        words: What each shows.
        labels: The names of their classes.
        indices: Their indices among all of them.
        source: Where they are from, and their licence.
    """

    images: NDArray[np.uint8]
    words: list[str]
    labels: list[str]
    indices: list[int]
    source: str


def classes(dataset: str, *, stand_in: bool) -> list[str]:
    """The names of a data set's classes, as its pictures give them."""
    names = "0123456789" if stand_in else SHOWN[dataset]["in"][1]
    return [_class(name) for name in names]


def of(dataset: str, where: str = "out", *, stand_in: bool) -> Pictures:
    """Pictures of a data set, or of its stand-in; see :func:`published`."""
    return (embedded if stand_in else published)(dataset, where)


def published(dataset: str, where: str = "out") -> Pictures:
    """Read the pictures that come with the project.

    Args:
        dataset: Data set's name.
        where: "out" for outliers, "in" for test images.

    Raises:
        RecordError: If they are missing or damaged.
    """
    path = _path(dataset, where)
    try:
        made = described(path)
        images = _apart(np.asarray(Image.open(path)))
        return Pictures(images, **{key: made[key] for key in _SAID})
    except (OSError, ValueError, KeyError) as error:
        raise RecordError(
            f"{path} is missing or damaged ({error}); run `python -m hypergan.data.pictures`"
        ) from error


_SAID = ("words", "labels", "indices", "source")


@cache
def embedded(dataset: str, where: str = "out") -> Pictures:
    """Pictures of a stand-in's outliers or test images."""
    stand_in = DATASETS[dataset].stand_in
    assert stand_in is not None
    names = (*"0123456789",)
    return _some(stand_in(downloads()), where, "embedded stand-in, class {}", names, "embedded")


def publish(dataset: str, where: str) -> None:
    """Write a data set's pictures and their origin.

    Raises:
        HyperGANError: If the data set is missing and cannot be downloaded.
    """
    raw = DATASETS[dataset].read(downloads())
    some = _some(raw, where, *SHOWN[dataset][where], SOURCES[dataset][where])
    path = _path(dataset, where)
    FOLDER.mkdir(parents=True, exist_ok=True)
    sheet = Image.fromarray(together(some.images))
    write_whole(path, lambda temporary: sheet.save(temporary, format="PNG", optimize=True))
    made = {key: getattr(some, key) for key in _SAID} | {"data_sha256": raw.sha256}
    write_described(path, made)


def _path(dataset: str, where: str) -> Path:
    return FOLDER / f"{dataset}{'' if where == 'out' else '-test'}.png"


def _class(name: str) -> str:
    """The name of a class without its article."""
    return name.split()[-1]


def _some(raw: Raw, where: str, words: str, classes: tuple[str, ...], source: str) -> Pictures:
    pair = raw.outliers if where == "out" else raw.test
    assert pair is not None
    indices = evenly(len(pair[0]), COUNT)
    images, labels = take(pair, indices)
    first = int(pair[1].min())  # of the unseen classes, which may follow those seen
    names = [classes[int(label) - first] for label in labels]
    pixels = images.permute(0, 2, 3, 1).squeeze(-1).to(torch.uint8).numpy()
    said = [words.format(name) for name in names]
    return Pictures(pixels, said, [*map(_class, names)], indices.tolist(), source)


def together(images: NDArray[np.uint8], across: int = _ACROSS) -> NDArray[np.uint8]:
    """Join pictures (N, H, W, ...) into one sheet, ``across`` per row."""
    rows = images.reshape(-1, across, *images.shape[1:])
    return np.concatenate([np.concatenate([*row], axis=1) for row in rows])


def _apart(sheet: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cut a sheet of :func:`together` into pictures (N, H, W, ...)."""
    rows = np.split(sheet, COUNT // _ACROSS)
    return np.stack([image for row in rows for image in np.split(row, _ACROSS, axis=1)])


if __name__ == "__main__":
    for name, kinds in SHOWN.items():
        for kind in kinds:
            publish(name, kind)
