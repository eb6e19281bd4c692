"""Every data set by name: ``load("mnist")`` finds or downloads it, checks it and normalises it."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import TensorDataset
from torchvision.datasets import CIFAR10, MNIST

from hypergan.data import downloads, embedded
from hypergan.errors import DataError, SettingsError
from hypergan.paths import downloads as default_root

CUBIC_SEED = 0
"""Seed of the 20 training points of ``cubic``."""

CUBIC_NOISE = 3.0
"""Standard deviation of their noise."""

CUBIC_LIMIT = 4.0
"""They lie between minus this and this."""

VALIDATION_SEED = 2019
"""Seed of the choice of validation images: the same images whatever the seed of a run."""

_GREY = ((0.1307,), (0.3081,))  # mean and std of MNIST's training pixels
_COLOUR = ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616))  # those of CIFAR-10's
_DIGITS = tuple("0123456789")

Pair = tuple[Tensor, Tensor]
"""Inputs and labels; images are bytes (B, C, H, W) until `load` normalises them."""


@dataclass(frozen=True)
class Data:
    """A data set ready for training.

    Attributes:
        name: One of `NAMES`.
        train: Inputs float32 (B, C, H, W), normalised, and labels int64 (B,); for ``cubic`` inputs
            and targets float32 (B, 1) in raw units.
        test: The same for the test split.
        validation: Images held out of the training data; None when none are asked for.
        outliers: Out-of-distribution images under exactly the in-distribution transform, with
            their own labels.
        outliers_name: What the outliers are.
        classes: Class names, empty for regression.
        mean: Per channel, in pixel units [0, 1]: ``normalised = (pixel - mean) / std``; empty for
            ``cubic``.
        std: Per channel, like ``mean``.
        sha256: Hash of each file that was read, by its name below the root; without files, of the
            arrays before normalisation.
        stand_in: True when an embedded data set took this one's place.
    """

    name: str
    train: TensorDataset
    test: TensorDataset
    validation: TensorDataset | None
    outliers: TensorDataset | None
    outliers_name: str | None
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    sha256: dict[str, str]
    stand_in: bool


def load(
    name: str, root: Path | str | None = None, *, stand_in: bool = False, validation: int = 0
) -> Data:
    """Load a data set; where its files are missing, download them first.

    Args:
        name: One of `NAMES`.
        root: Folder of the data sets, by default ``HYPERGAN_DATA`` or else ``data/downloads``. It
            may be read-only when the files are there.
        stand_in: Take embedded images of the same shape and number of classes in an image data
            set's place, which needs no files.
        validation: Number of training images to hold out, chosen with `VALIDATION_SEED`.

    Raises:
        SettingsError: If the name is unknown or ``validation`` leaves nothing to train on.
        DataError: If files are damaged, or missing and cannot be downloaded.
        StorageError: If files are missing and the root cannot be written to.
    """
    if name not in NAMES:
        raise SettingsError(f"unknown data set {name!r}; choose one of {', '.join(NAMES)}")
    stand_in = stand_in and name in _STAND_INS
    loader = (_STAND_INS if stand_in else _LOADERS)[name]
    raw = loader(default_root() if root is None else Path(root).expanduser())
    train, held_out = _hold_out(raw.train, validation)

    def ready(pair: Pair, split: str) -> TensorDataset:
        dataset = TensorDataset(normalise(pair[0], raw.mean, raw.std), pair[1])
        check_finite(dataset, f"{name} ({split})")
        return dataset

    return Data(
        name=name,
        train=ready(train, "training"),
        test=ready(raw.test, "test"),
        validation=ready(held_out, "validation") if validation else None,
        outliers=ready(raw.outliers, "outliers") if raw.outliers else None,
        outliers_name=raw.outliers_name,
        classes=raw.classes,
        mean=raw.mean,
        std=raw.std,
        sha256=raw.sha256,
        stand_in=stand_in,
    )


def normalise(inputs: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """``(byte / 255 - mean) / std`` per channel: uint8 (B, C, H, W) to float32.

    Inputs without channel means (``cubic``) pass as they are.
    """
    if not mean:
        return inputs
    mean_, std_ = (torch.tensor(values).view(1, -1, 1, 1) for values in (mean, std))
    pixels = inputs.to(torch.float32, memory_format=torch.contiguous_format).div_(255)
    return pixels.sub_(mean_).div_(std_)


def check_finite(dataset: TensorDataset, name: str) -> None:
    """Check that there are inputs, a label to each, and that none is NaN or infinite.

    Raises:
        DataError: With the number of examples at fault.
    """
    lengths = [len(tensor) for tensor in dataset.tensors]
    if len(set(lengths)) > 1 or 0 in lengths:
        raise DataError(
            f"{name} has {' and '.join(map(str, lengths))} inputs and labels; "
            "give at least one input, and one label to each"
        )
    for tensor in dataset.tensors:
        wrong = int((~tensor.isfinite()).reshape(len(tensor), -1).any(1).sum())
        if wrong:
            raise DataError(
                f"{name} has NaN or infinite values in {wrong} of {len(tensor)} examples; "
                "remove or repair them before training"
            )


def cubic(count: int, generator: torch.Generator) -> Pair:
    """Draw inputs and targets (B, 1): x ~ U(-4, 4), y = x^3 + noise, noise ~ N(0, 3^2) (§4.3)."""
    inputs = CUBIC_LIMIT * (2 * torch.rand(count, 1, generator=generator) - 1)
    return inputs, inputs**3 + CUBIC_NOISE * torch.randn(count, 1, generator=generator)


@dataclass(frozen=True)
class _Raw:
    """A data set as it was read: images are still bytes."""

    train: Pair
    test: Pair
    sha256: dict[str, str]
    classes: tuple[str, ...] = ()
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    outliers: Pair | None = None
    outliers_name: str | None = None


def _mnist(root: Path) -> _Raw:
    hashes = downloads.MNIST.ensure(root) | downloads.NOTMNIST.ensure(root)
    _refuse_processed(root)
    train, test = (
        (split.data.unsqueeze(1), split.targets)
        for split in (MNIST(root, train=True), MNIST(root, train=False))
    )
    images, labels = (downloads.read_idx(root / name) for name in downloads.NOTMNIST.files())
    outliers = images.unsqueeze(1), labels.long()
    return _Raw(train, test, hashes, _DIGITS, *_GREY, outliers, "notMNIST")


def _refuse_processed(root: Path) -> None:
    processed = root / "MNIST" / "processed"
    if (processed / "training.pt").exists():
        raise DataError(
            f"{processed} was left by an old torchvision and would be read in place of the files "
            "that were checked; delete that folder"
        )


def _mnist5000(root: Path) -> _Raw:
    """MNIST with the first 500 training images of each class, in file order."""
    raw = _mnist(root)
    first = [(raw.train[1] == label).nonzero().flatten()[:500] for label in range(10)]
    return replace(raw, train=_take(raw.train, torch.cat(first).sort().values))


def _cifar10(root: Path) -> _Raw:
    hashes = downloads.CIFAR10.ensure(root)
    splits = CIFAR10(root, train=True), CIFAR10(root, train=False)
    train, test = (
        (torch.from_numpy(split.data).permute(0, 3, 1, 2), torch.tensor(split.targets))
        for split in splits
    )
    return _Raw(train, test, hashes, tuple(splits[0].classes), *_COLOUR)


def _cifar5(root: Path) -> _Raw:
    return _first_five(_cifar10(root), "CIFAR-10 classes 5-9")


def _cubic(_: Path) -> _Raw:
    train = cubic(20, torch.Generator().manual_seed(CUBIC_SEED))
    grid = torch.arange(-120, 121).unsqueeze(1) / 20
    test = grid, grid**3
    return _Raw(train, test, _hashes(train=train, test=test))


def _digits(_: Path) -> _Raw:
    (train, test), letters = embedded.digits(), embedded.letters()
    hashes = _hashes(train=train, test=test, letters=letters)
    return _Raw(train, test, hashes, _DIGITS, *_GREY, letters, "letters")


def _tinted(_: Path) -> _Raw:
    train, test = ((embedded.tinted(images), labels) for images, labels in embedded.digits())
    return _Raw(train, test, _hashes(train=train, test=test), _DIGITS, *_COLOUR)


def _tinted5(root: Path) -> _Raw:
    return _first_five(_tinted(root), "tinted digits 5-9")


def _first_five(raw: _Raw, outliers_name: str) -> _Raw:
    """Classes 0-4 alone; the test images of the others become the outliers (§4.4)."""
    train, test, outliers = (
        _take(pair, chosen.nonzero().flatten())
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


def _hold_out(train: Pair, count: int) -> tuple[Pair, Pair]:
    """The training data without ``count`` examples, and those examples."""
    total = len(train[0])
    if not 0 <= count < total:
        raise SettingsError(
            f"cannot hold {count} of {total} training examples out for validation; "
            f"choose a number from 0 to {total - 1}"
        )
    order = torch.randperm(total, generator=torch.Generator().manual_seed(VALIDATION_SEED))
    return _take(train, order[count:].sort().values), _take(train, order[:count].sort().values)


def _take(pair: Pair, indices: Tensor) -> Pair:
    return pair[0][indices], pair[1][indices]


def _hashes(**pairs: Pair) -> dict[str, str]:
    """The sha256 of the bytes of each tensor, by its name."""
    return {
        f"{name} {what}": hashlib.sha256(tensor.contiguous().numpy().tobytes()).hexdigest()
        for name, pair in pairs.items()
        for what, tensor in zip(("inputs", "labels"), pair, strict=True)
    }


_LOADERS: dict[str, Callable[[Path], _Raw]] = {
    "mnist": _mnist,
    "mnist5000": _mnist5000,
    "cifar10": _cifar10,
    "cifar5": _cifar5,
    "cubic": _cubic,
    "digits": _digits,
}

_STAND_INS: dict[str, Callable[[Path], _Raw]] = {
    "mnist": _digits,
    "mnist5000": _digits,
    "cifar10": _tinted,
    "cifar5": _tinted5,
}

NAMES = tuple(_LOADERS)
"""The data sets that `load` knows."""
