"""Pictures of outliers that come with the project, so that pages need no data sets.

``python -m hypergan.data.pictures`` takes :data:`COUNT` of each kind, evenly spaced in file order,
so that none is picked for what networks make of it.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from hypergan.batches import evenly
from hypergan.data.datasets import DATASETS
from hypergan.data.raw import Raw, take
from hypergan.errors import RecordError
from hypergan.paths import PROJECT, downloads, sha256, write_whole

FOLDER = PROJECT / "data" / "pictures"

COUNT = 64
"""Number of pictures per data set."""

_ACROSS = 8
"""Pictures per row of the file."""

SHOWN = {
    "mnist": ("notMNIST's letter {}", (*"ABCDEFGHIJ",)),
    "cifar5": ("a {} of CIFAR-10", ("dog", "frog", "horse", "ship", "truck")),
}
"""What the outliers of a data set show, and their class names in order."""

SOURCES = {
    "mnist": "notMNIST (Bulatov, 2011): glyphs of publicly available fonts, no licence stated",
    "cifar5": "CIFAR-10 (Krizhevsky, 2009), no licence stated",
}


@dataclass(frozen=True)
class Pictures:
    """Some of a data set's outliers.

    Attributes:
        images: Their bytes, (N, H, W), or (N, H, W, 3) for photographs.
        words: What each shows.
        indices: Their indices among all outliers.
        source: Where they are from, and their licence.
    """

    images: NDArray[np.uint8]
    words: list[str]
    indices: list[int]
    source: str


def published(dataset: str) -> Pictures:
    """Read the pictures that come with the project.

    Raises:
        RecordError: If they are missing or damaged.
    """
    path = FOLDER / f"{dataset}.png"
    try:
        made = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        if made["sha256"] != sha256(path):
            raise ValueError("its sha256 is not the one in its JSON file")
        images = _apart(np.asarray(Image.open(path)))
        return Pictures(images, made["words"], made["indices"], made["source"])
    except (OSError, ValueError, KeyError) as error:
        raise RecordError(
            f"{path} is missing or damaged ({error}); run `python -m hypergan.data.pictures`"
        ) from error


def embedded(dataset: str) -> Pictures:
    """Pictures of a stand-in's outliers."""
    stand_in = DATASETS[dataset].stand_in
    assert stand_in is not None
    return _some(stand_in(downloads()), "embedded stand-in, class {}", (*"0123456789",), "embedded")


def publish(dataset: str) -> None:
    """Write a data set's pictures and their origin.

    Raises:
        HyperGANError: If the data set is missing and cannot be downloaded.
    """
    raw = DATASETS[dataset].read(downloads())
    some = _some(raw, *SHOWN[dataset], SOURCES[dataset])
    path = FOLDER / f"{dataset}.png"
    FOLDER.mkdir(parents=True, exist_ok=True)
    sheet = Image.fromarray(_together(some.images))
    write_whole(path, lambda temporary: sheet.save(temporary, format="PNG", optimize=True))
    made: dict[str, Any] = {"sha256": sha256(path), "source": some.source, "words": some.words}
    made |= {"indices": some.indices, "data_sha256": raw.sha256}
    text = json.dumps(made, indent=1) + "\n"
    write_whole(path.with_suffix(".json"), lambda temporary: temporary.write_text(text))


def _some(raw: Raw, words: str, classes: tuple[str, ...], source: str) -> Pictures:
    assert raw.outliers is not None
    indices = evenly(len(raw.outliers[0]), COUNT)
    images, labels = take(raw.outliers, indices)
    first = int(raw.outliers[1].min())  # outlier labels may not start at 0
    names = [words.format(classes[int(label) - first]) for label in labels]
    pixels = images.permute(0, 2, 3, 1).squeeze(-1).to(torch.uint8).numpy()
    return Pictures(pixels, names, indices.tolist(), source)


def _together(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Join pictures (N, H, W, ...) into one sheet, eight per row."""
    rows = images.reshape(-1, _ACROSS, *images.shape[1:])
    return np.concatenate([np.concatenate([*row], axis=1) for row in rows])


def _apart(sheet: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cut a sheet of :func:`_together` into pictures (N, H, W, ...)."""
    rows = np.split(sheet, COUNT // _ACROSS)
    return np.stack([image for row in rows for image in np.split(row, _ACROSS, axis=1)])


if __name__ == "__main__":
    for name in SHOWN:
        publish(name)
