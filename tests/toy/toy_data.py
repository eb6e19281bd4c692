"""A data set from outside the package: bars of three directions, in a file of one's own."""

import numpy as np
import torch

from hypergan.data.dataset import DataSet
from hypergan.data.raw import GREY, Raw
from hypergan.paths import sha256
from hypergan.targets import mnist_target

FILE = "bars.npz"


def read(root):
    with np.load(root / FILE) as file:
        train, test = (
            (torch.from_numpy(file[f"{split}_images"]), torch.from_numpy(file[f"{split}_labels"]))
            for split in ("train", "test")
        )
    return Raw(train, test, {FILE: sha256(root / FILE)}, ("-", "|", "\\"), *GREY)


DATASET = DataSet("bars", "classification", mnist_target, read, like="mnist", attacked=True)


def draw(root, examples=300, seed=0):
    """Write the file."""
    generator = np.random.default_rng(seed)

    def split(count):
        labels = np.arange(count) % 3
        images = generator.integers(0, 60, (count, 1, 28, 28), dtype=np.uint8)
        at = generator.integers(4, 24, count)
        for image, label, place in zip(images[:, 0], labels, at, strict=True):
            if label == 2:
                np.fill_diagonal(image, 255)
            else:
                image[(place, slice(None)) if label == 0 else (slice(None), place)] = 255
        return images, labels

    columns = {}
    for name, count in (("train", examples), ("test", examples // 3)):
        columns[f"{name}_images"], columns[f"{name}_labels"] = split(count)
    np.savez(root / FILE, **columns)
