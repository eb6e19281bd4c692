"""Data sets by name: ``load("mnist")`` finds or downloads one, checks it and normalises it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import TensorDataset

from hypergan.data import raw
from hypergan.data.dataset import DataSet, Task
from hypergan.data.raw import Pair, take
from hypergan.errors import DataError, SettingsError
from hypergan.extras import plugged_in
from hypergan.paths import downloads as default_root
from hypergan.targets import cifar_target, cifar_target_2018, mnist_target, regression_target

VALIDATION_SEED = 2019
"""Seed that selects validation images: the same ones for every seed of a run."""

DATASETS = {
    "mnist": DataSet(
        "MNIST", "classification", mnist_target, raw.mnist, raw.digits, (60_000, 10_000),
        attacked=True,
    ),
    "mnist5000": DataSet(
        "MNIST 5000", "classification", mnist_target, raw.mnist5000, raw.digits, (5_000, 10_000)
    ),
    "cifar5": DataSet(
        "CIFAR-5", "classification", cifar_target_2018, raw.cifar5, raw.tinted5, (25_000, 5_000),
        colour=True, augmentation="crop-flip",
    ),
    "cifar10": DataSet(
        "CIFAR-10", "classification", cifar_target_2018, raw.cifar10, raw.tinted, (50_000, 10_000),
        colour=True, augmentation="crop-flip",
    ),
    "cifar5-2019": DataSet(
        "CIFAR-5, 2019", "classification", cifar_target, raw.cifar5, raw.tinted5, (25_000, 5_000),
        colour=True, compared=False, like="cifar5",
    ),
    "cifar10-2019": DataSet(
        "CIFAR-10, 2019", "classification", cifar_target, raw.cifar10, raw.tinted, (50_000, 10_000),
        colour=True, compared=False, like="cifar10",
    ),
    "cubic": DataSet(
        "cubic", "regression", lambda _: regression_target(), raw.points, compared=False
    ),
    "digits": DataSet(
        "digits", "classification", mnist_target, raw.digits, images=(1_437, 360),
        compared=False, attacked=True,
    ),
}  # fmt: skip
"""The data sets that :func:`load` knows, in the order of Table 2; installed packages add theirs as
entry points of the group ``hypergan.datasets``."""

DATASETS |= plugged_in("hypergan.datasets", DATASETS)


def compared() -> dict[str, str]:
    """The titles of the data sets that Table 2 shows, by name."""
    return {name: dataset.title for name, dataset in DATASETS.items() if dataset.compared}


@dataclass(frozen=True)
class Data:
    """A data set ready for training.

    Attributes:
        name: One of :data:`DATASETS`.
        task: The task that networks learn from it.
        train: Inputs float32 (B, C, H, W), normalised, and labels int64 (B,); for regression,
            inputs and targets float32 (B, 1) in raw units.
        test: The same for the test split.
        validation: Images held out of the training data; None if none were requested.
        outliers: Out-of-distribution images, normalised exactly like the others, with their own
            labels.
        outliers_name: What the outliers are.
        classes: Class names, empty for regression.
        mean: Mean per channel, of pixels in [0, 1]: ``normalised = (pixel - mean) / std``; empty
            for regression.
        std: Standard deviation per channel, like ``mean``.
        sha256: Hash of each file read, by its name below the root; without files, of the arrays
            before normalisation.
        stand_in: Whether an embedded data set replaced this one.
    """

    name: str
    task: Task
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
    """Load a data set, downloading missing files first.

    >>> data = load("cubic", validation=5)
    >>> data.task, len(data.train), len(data.validation), len(data.test)
    ('regression', 15, 5, 241)

    Args:
        name: One of :data:`DATASETS`.
        root: Folder of the data sets, by default ``HYPERGAN_DATA`` or else ``data/downloads``. It
            may be read-only if the files are there.
        stand_in: Replace an image data set with embedded images of the same shape and number of
            classes, which need no files.
        validation: Number of training images to hold out, chosen with ``VALIDATION_SEED``.

    Raises:
        SettingsError: If the name is unknown or ``validation`` leaves nothing to train on.
        DataError: If files are damaged, or missing and cannot be downloaded.
        StorageError: If files are missing and the root cannot be written to.
    """
    if name not in DATASETS:
        raise SettingsError(f"unknown data set {name!r}; choose one of {', '.join(DATASETS)}")
    dataset = DATASETS[name]
    embedded = dataset.stand_in if stand_in else None
    read = (embedded or dataset.read)(default_root() if root is None else Path(root).expanduser())
    train, held_out = _hold_out(read.train, validation)

    def ready(pair: Pair, split: str) -> TensorDataset:
        examples = TensorDataset(normalise(pair[0], read.mean, read.std), pair[1])
        check_finite(examples, f"{name} ({split})")
        return examples

    return Data(
        name=name,
        task=dataset.task,
        train=ready(train, "training"),
        test=ready(read.test, "test"),
        validation=ready(held_out, "validation") if validation else None,
        outliers=ready(read.outliers, "outliers") if read.outliers else None,
        outliers_name=read.outliers_name,
        classes=read.classes,
        mean=read.mean,
        std=read.std,
        sha256=read.sha256,
        stand_in=embedded is not None,
    )


def normalise(inputs: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """``(byte / 255 - mean) / std`` per channel: uint8 (B, C, H, W) to float32.

    Without channel means, as for regression, the inputs are returned unchanged.

    >>> normalise(torch.tensor([[[[0, 255]]]], dtype=torch.uint8), mean=[0.5], std=[0.25])
    tensor([[[[-2.,  2.]]]])
    """
    if not mean:
        return inputs
    mean_, std_ = (torch.tensor(values).view(1, -1, 1, 1) for values in (mean, std))
    pixels = inputs.to(torch.float32, memory_format=torch.contiguous_format).div_(255)
    return pixels.sub_(mean_).div_(std_)


def check_finite(dataset: TensorDataset, name: str) -> None:
    """Check that there are inputs, with one label each, and that none is NaN or infinite.

    Raises:
        DataError: If not; gives the number of faulty examples.
    """
    lengths = [len(tensor) for tensor in dataset.tensors]
    if len(set(lengths)) > 1 or 0 in lengths:
        raise DataError(
            f"{name} has {' and '.join(map(str, lengths))} inputs and labels; "
            "give at least one input, and one label per input"
        )
    for tensor in dataset.tensors:
        wrong = int((~tensor.isfinite()).reshape(len(tensor), -1).any(1).sum())
        if wrong:
            raise DataError(
                f"{name} has NaN or infinite values in {wrong} of {len(tensor)} examples; "
                "remove or repair them before training"
            )


def _hold_out(train: Pair, count: int) -> tuple[Pair, Pair]:
    """Split ``count`` examples off the training data: the rest, and those examples."""
    total = len(train[0])
    if not 0 <= count < total:
        raise SettingsError(
            f"cannot hold {count} of {total} training examples out for validation; "
            f"choose a number from 0 to {total - 1}"
        )
    order = torch.randperm(total, generator=torch.Generator().manual_seed(VALIDATION_SEED))
    return take(train, order[count:].sort().values), take(train, order[:count].sort().values)
