"""Readers of data sets, which return images as bytes."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from hypergan.data import cubic, downloads, embedded
from hypergan.errors import DataError

GREY = ((0.1307,), (0.3081,))
"""Mean and standard deviation of MNIST's training pixels."""

COLOUR = ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616))
"""Mean and standard deviation of CIFAR-10's training pixels, per channel."""

_DIGITS = tuple("0123456789")

Pair = tuple[Tensor, Tensor]
"""Inputs and labels."""


@dataclass(frozen=True)
class Raw:
    """What a data set's reader returns.

    Attributes:
        train: Images uint8 (B, C, H, W) and labels int64 (B,); for regression, inputs and targets
            float32 (B, 1).
        test: The same for the test split.
        sha256: Hash of each file read, by its name below the root; without files, see
            :func:`hashes`.
        classes: Class names, empty for regression.
        mean: Mean per channel, of pixels in [0, 1]; empty for regression.
        std: Standard deviation per channel, like ``mean``.
        outliers: Images unlike any in ``train``, with labels of their own.
        outliers_name: What the outliers are.
    """

    train: Pair
    test: Pair
    sha256: dict[str, str]
    classes: tuple[str, ...] = ()
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    outliers: Pair | None = None
    outliers_name: str | None = None


def take(pair: Pair, indices: Tensor) -> Pair:
    """The inputs at the given indices, with their labels."""
    return pair[0][indices], pair[1][indices]


def hashes(**pairs: Pair) -> dict[str, str]:
    """The sha256 of the bytes of each tensor, by its name."""
    return {
        f"{name} {what}": hashlib.sha256(tensor.contiguous().numpy().tobytes()).hexdigest()
        for name, pair in pairs.items()
        for what, tensor in zip(("inputs", "labels"), pair, strict=True)
    }


# Readers; each takes the folder of the data sets.


def mnist(root: Path) -> Raw:
    """MNIST, with notMNIST as outliers."""
    from torchvision.datasets import MNIST  # takes a while

    read = downloads.MNIST.ensure(root) | downloads.NOTMNIST.ensure(root)
    _refuse_processed(root)
    train, test = (
        (split.data.unsqueeze(1), split.targets)
        for split in (MNIST(root, train=True), MNIST(root, train=False))
    )
    images, labels = (downloads.read_idx(root / name) for name in downloads.NOTMNIST.files())
    outliers = images.unsqueeze(1), labels.long()
    return Raw(train, test, read, _DIGITS, *GREY, outliers, "notMNIST")


def _refuse_processed(root: Path) -> None:
    processed = root / "MNIST" / "processed"
    if (processed / "training.pt").exists():
        raise DataError(
            f"{processed} was left by an old torchvision, which would be read instead of the "
            "checked files; delete that folder"
        )


def mnist5000(root: Path) -> Raw:
    """MNIST with the first 500 training images of each class, in file order."""
    raw = mnist(root)
    first = [(raw.train[1] == label).nonzero().flatten()[:500] for label in range(10)]
    return replace(raw, train=take(raw.train, torch.cat(first).sort().values))


def cifar10(root: Path) -> Raw:
    """CIFAR-10."""
    from torchvision.datasets import CIFAR10

    read = downloads.CIFAR10.ensure(root)
    splits = CIFAR10(root, train=True), CIFAR10(root, train=False)
    train, test = (
        (torch.from_numpy(split.data).permute(0, 3, 1, 2), torch.tensor(split.targets))
        for split in splits
    )
    return Raw(train, test, read, tuple(splits[0].classes), *COLOUR)


def cifar5(root: Path) -> Raw:
    """The first five classes of CIFAR-10, with the other five as outliers."""
    return _first_five(cifar10(root), "CIFAR-10 classes 5-9")


def points(_: Path) -> Raw:
    """The cubic's 20 training points and its test grid."""
    train = cubic.points(20, torch.Generator().manual_seed(cubic.SEED))
    test = cubic.grid()
    return Raw(train, test, hashes(train=train, test=test))


def digits(_: Path) -> Raw:
    """The embedded digits, with letters as outliers."""
    (train, test), letters = embedded.digits(), embedded.letters()
    read = hashes(train=train, test=test, letters=letters)
    return Raw(train, test, read, _DIGITS, *GREY, letters, "letters")


def tinted(_: Path) -> Raw:
    """The embedded digits in the shape of CIFAR-10."""
    train, test = ((embedded.tinted(images), labels) for images, labels in embedded.digits())
    return Raw(train, test, hashes(train=train, test=test), _DIGITS, *COLOUR)


def tinted5(root: Path) -> Raw:
    """The first five classes of tinted digits, with the other five as outliers."""
    return _first_five(tinted(root), "tinted digits 5-9")


def _first_five(raw: Raw, outliers_name: str) -> Raw:
    """Keep classes 0-4; test images of the other classes become outliers (§4.4)."""
    train, test, outliers = (
        take(pair, chosen.nonzero().flatten())
        for pair, chosen in (
            (raw.train, raw.train[1] < 5),
            (raw.test, raw.test[1] < 5),
            (raw.test, raw.test[1] >= 5),
        )
    )
    return replace(
        raw,
        train=train,
        test=test,
        classes=raw.classes[:5],
        outliers=outliers,
        outliers_name=outliers_name,
    )
