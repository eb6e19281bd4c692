"""A few pictures to ask networks about, published for the page where a reader draws a digit.

``python -m hypergan.live.pictures`` takes the first test digits and letters of each class, in the
order of the files, so that none is picked for how networks classify it.
"""

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from hypergan.data.datasets import load
from hypergan.data.pictures import DIGITS, LETTERS
from hypergan.errors import RecordError
from hypergan.live.published import FOLDER
from hypergan.paths import described, write_described, write_whole

PATH = FOLDER / "pictures.safetensors"

EACH = 2
"""Pictures of each class."""

SAID = f"Pictures: the first of each class of the test images of {DIGITS}; and of {LETTERS}."
"""Their sources and licences."""


def published() -> tuple[Tensor, list[str]]:
    """The pictures' bytes (B, 28, 28) and what each shows.

    Raises:
        RecordError: If they are missing or damaged.
    """
    try:
        return load_file(PATH)["images"], described(PATH)["labels"]
    except (OSError, ValueError, KeyError) as error:
        raise RecordError(
            f"{PATH} is missing or damaged ({error}); run `python -m hypergan.live.pictures`"
        ) from error


def publish() -> None:
    """Write the pictures, and where they came from.

    Raises:
        HyperGANError: If the data sets are missing and cannot be downloaded.
    """
    data = load("mnist")
    assert data.outliers is not None
    images, labels, indices = [], [], {}
    for name, words, split in (
        ("MNIST test", [f"test digit {digit}" for digit in data.classes], data.test),
        ("notMNIST", [f"notMNIST {letter}" for letter in "ABCDEFGHIJ"], data.outliers),
    ):
        inputs, classes = split.tensors
        chosen = [
            (number, int(index))
            for number in range(len(words))
            for index in (classes == number).nonzero().flatten()[:EACH]
        ]
        indices[name] = [index for _, index in chosen]
        labels += [
            f"{words[number]}, number {1 + at % EACH}" for at, (number, _) in enumerate(chosen)
        ]
        pixels = inputs[indices[name], 0] * data.std[0] + data.mean[0]
        images.append((255 * pixels).round().to(torch.uint8))
    write_whole(PATH, lambda temporary: save_file({"images": torch.cat(images)}, temporary))
    made = {"source": SAID, "labels": labels, "indices": indices, "data_sha256": data.sha256}
    write_described(PATH, made)


if __name__ == "__main__":
    publish()
