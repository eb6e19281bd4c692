"""Mini-batches of tensors, datasets or loaders."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves
from torch.utils.data import (
    DataLoader,
    IterableDataset,
    RandomSampler,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
)

from hypergan.errors import DataError, SettingsError
from hypergan.training import Training

Pair = tuple[Tensor, Tensor]
"""Inputs and targets, (B, ...) each."""


class Pairs(Protocol):
    """A map-style dataset of inputs and targets."""

    def __len__(self) -> int:
        """Number of pairs."""

    def __getitem__(self, index: Any) -> Any:
        """A pair."""


Data = Pairs | Sequence[Tensor] | DataLoader[Any]
"""A dataset of pairs, a pair of tensors, or a loader of mini-batches of pairs."""


@dataclass(frozen=True)
class Shuffled:
    """A dataset that is reshuffled for each pass.

    Attributes:
        data: The dataset.
        batch_size: Inputs per mini-batch.
        steps: Mini-batches per epoch.
    """

    data: Pairs
    batch_size: int
    steps: int

    def __len__(self) -> int:
        """Number of inputs."""
        return len(self.data)

    def epoch(self, generator: torch.Generator) -> Iterator[Pair]:
        """Yield the mini-batches of one epoch."""
        steps = self.steps
        while True:
            order = torch.randperm(len(self), generator=generator)
            for indices in order.split(self.batch_size)[: len(self) // self.batch_size]:
                yield fetch(self.data, indices)
                steps -= 1
                if steps == 0:
                    return


@dataclass(frozen=True)
class Loaded:
    """The mini-batches of a loader, in its own order.

    Attributes:
        loader: The loader.
        least: Fewest inputs that a mini-batch may have; smaller ones are skipped.
        steps: Mini-batches per epoch.
    """

    loader: DataLoader[Any]
    least: int
    steps: int

    def __len__(self) -> int:
        """Number of inputs, estimated if the loader does not know it."""
        try:
            ours = self.loader.batch_size is not None  # else its sampler makes the batches
            return len(self.loader.sampler if ours else self.loader.dataset)  # type: ignore[arg-type]
        except TypeError:
            return self.steps * (self.loader.batch_size or 1)

    def epoch(self, generator: torch.Generator) -> Iterator[Pair]:
        """Yield the mini-batches of one epoch; a shorter loader is restarted.

        Raises:
            SettingsError: If no mini-batch is large enough.
        """
        steps, found = self.steps, False
        while steps:
            for batch in self.loader:
                steps -= 1
                pair = pair_of(batch)
                if len(pair[0]) >= self.least:
                    found = True
                    yield pair
                if not steps:
                    break
            if not found:
                raise SettingsError(
                    f"no batch of the loader has {self.least} inputs, one for each network of a "
                    "step; raise its batch_size, or set Training(share_images=True)"
                )


def batches_of(data: Data, training: Training) -> Shuffled | Loaded:
    """Divide data into mini-batches for training.

    Raises:
        DataError: If the data are of an unsupported type.
        SettingsError: If they cannot fill a mini-batch, or the length of a loader is unknown.
    """
    least = 1 if training.share_images else training.networks
    if isinstance(data, DataLoader):
        try:
            steps = training.steps_per_epoch or len(data)
        except TypeError as error:
            raise SettingsError(
                "the loader does not know its length; set Training(steps_per_epoch=...)"
            ) from error
        if not steps:
            raise SettingsError(
                "the loader has no mini-batch; lower its batch_size, or set drop_last=False"
            )
        return Loaded(data, least, steps)
    data = as_dataset(data)
    if not len(data):
        raise DataError("the data are empty; give at least one pair of inputs and targets")
    batch_size = min(len(data), training.batch_size)
    if batch_size < least:
        raise SettingsError(
            f"{training.networks} networks cannot split {len(data)} training inputs; "
            "give more data or set share_images=True"
        )
    return Shuffled(data, batch_size, training.steps_per_epoch or len(data) // batch_size)


def in_order(data: Data) -> Iterator[Pair]:
    """Yield all pairs: tensors in one batch, a loader's in its own, others at most 100 at a time.

    No pair is left over alone, which could not be normalised by the batch.
    """
    if isinstance(data, DataLoader):
        yield from map(pair_of, data)
        return
    data = as_dataset(data)
    size = len(data) if type(data) is TensorDataset else 100
    for indices in torch.arange(len(data)).tensor_split(max(1, -(-len(data) // size))):
        yield fetch(data, indices)


def inputs_of(data: Tensor | Data, batch_size: int) -> Iterator[Tensor]:
    """Yield the inputs alone, in order, one mini-batch at a time.

    Raises:
        DataError: If the data are of an unsupported type, or there are none.
        SettingsError: If a loader shuffles: predictions could not be matched with inputs.
    """
    if isinstance(data, Tensor):
        yield from data.split(batch_size)
        return
    if isinstance(data, DataLoader):
        sampler = getattr(data.batch_sampler, "sampler", data.sampler)
        if isinstance(sampler, RandomSampler | SubsetRandomSampler | WeightedRandomSampler):
            raise SettingsError(
                "the loader shuffles, so predictions could not be matched with its inputs; "
                "build it with shuffle=False"
            )
        batches: Iterator[Any] = iter(data)
    else:
        data = _with_inputs(data)
        batches = (_collate(data, i) for i in torch.arange(len(data)).split(batch_size))
    batch: Any = None
    for batch in batches:
        inputs = batch[0] if isinstance(batch, tuple | list) else batch
        if not isinstance(inputs, Tensor):
            raise DataError(_unfit(batch))
        yield inputs
    if batch is None:
        raise DataError(_NONE)


def count(data: Tensor | Data, batch_size: int) -> int | None:
    """Number of mini-batches that :func:`inputs_of` yields; None if unknown."""
    try:
        if isinstance(data, DataLoader):
            return len(data)
        size = len(data) if isinstance(data, Tensor) else len(_with_inputs(data))
        return -(-size // batch_size)
    except TypeError:
        return None


def _with_inputs(data: Pairs | Sequence[Tensor]) -> Pairs:
    """A dataset whose items begin with the inputs, see :func:`as_dataset`.

    Raises:
        DataError: If the data are an array, or of an unsupported type.
    """
    if hasattr(data, "__array__"):
        raise DataError(
            f"the inputs are a {type(data).__name__}; convert them with torch.as_tensor(inputs) (a "
            "DataFrame with to_numpy() before), to the dtype of the networks' weights"
        )
    return as_dataset(data)


def as_dataset(data: Pairs | Sequence[Tensor]) -> Pairs:
    """Wrap a pair of tensors as a dataset; return a dataset unchanged.

    Raises:
        DataError: If the data are neither.
        SettingsError: If the numbers of inputs and labels differ.
    """
    if isinstance(data, Mapping | IterableDataset) or not (
        hasattr(data, "__len__") and hasattr(data, "__getitem__")
    ):
        raise DataError(
            f"the data are a {type(data).__name__}; give a pair of tensors (inputs, targets), a "
            "map-style dataset of such pairs, or a torch.utils.data.DataLoader"
        )
    if hasattr(data, "__array__"):  # an array, or a tensor alone
        raise DataError(
            f"the data are a {type(data).__name__}; give a pair of tensors (inputs, targets), "
            "converting arrays with torch.as_tensor (a DataFrame with to_numpy() before)"
        )
    if not isinstance(data, tuple | list):
        return data
    if all(isinstance(part, tuple | list) for part in data):
        if data and _is_rows(data[0]):
            raise DataError(_LISTS)
        return data
    odd = {type(part).__name__ for part in data if not isinstance(part, Tensor)}
    if odd:
        raise DataError(
            f"the data have {' and '.join(sorted(odd))} instead of tensors; convert them with "
            "torch.as_tensor (a DataFrame with to_numpy() before), the inputs to the dtype of the "
            "target's weights"
        )
    if len(data) != 2:
        raise DataError(_unfit(data))
    if not all(part.dim() for part in data):
        raise DataError("inputs and targets need the batch as their first axis, (B, ...) each")
    lengths = [len(part) for part in data]
    if len(set(lengths)) > 1:
        raise SettingsError(
            f"the data have {' and '.join(map(str, lengths))} inputs and labels; give one per input"
        )
    return TensorDataset(*data)


def fetch(data: Pairs, indices: Tensor) -> Pair:
    """Inputs and targets at the given indices.

    Raises:
        DataError: If an item is not a pair.
    """
    return pair_of(_collate(data, indices))


def pair_of(batch: Any) -> Pair:
    """Unpack a mini-batch into inputs and targets.

    Raises:
        DataError: If it is not a pair of tensors.
    """
    if isinstance(batch, tuple | list) and len(batch) == 2:
        inputs, targets = batch
        if isinstance(inputs, Tensor) and isinstance(targets, Tensor):
            if not (inputs.dim() and targets.dim()):
                raise DataError(
                    f"a mini-batch has inputs {tuple(inputs.shape)} and targets "
                    f"{tuple(targets.shape)}; the first axis of both must be the batch"
                )
            return inputs, targets
    raise DataError(_unfit(batch))


def _collate(data: Pairs, indices: Tensor) -> Any:
    """Stack a dataset's items at the given indices."""
    if type(data) is TensorDataset:  # a subclass may transform each item
        return data[indices]
    items = [data[int(index)] for index in indices]
    if not items:
        raise DataError(_NONE)
    try:
        return default_collate(items)
    except (RuntimeError, TypeError) as error:
        raise DataError(
            f"the data's items cannot be stacked ({error}); give tensors of one shape, or a "
            "DataLoader with a collate_fn"
        ) from error


def _is_rows(item: Sequence[Any]) -> bool:
    """Whether an item is of numbers, and no pair of inputs and target."""
    numbers = all(isinstance(each, int | float) for each in tree_leaves(list(item)))
    return numbers and (len(item) != 2 or any(isinstance(each, tuple | list) for each in item))


_LISTS = "the data are lists of numbers; convert them with torch.as_tensor"
_NONE = "the data hold no inputs; give one or more, or a loader that drops no last batch"


def _unfit(batch: Any) -> str:
    """The error message for a mini-batch that is not a pair of tensors."""
    if isinstance(batch, Mapping):
        held = f"a dict of {', '.join(map(str, batch))}"
    elif isinstance(batch, tuple | list):
        held = f"{len(batch)} parts ({', '.join(type(part).__name__ for part in batch)})"
    else:
        held = f"a {type(batch).__name__}"
    return (
        f"the data give {held} instead of a pair of tensors, inputs and targets; wrap them in a "
        "dataset that returns (inputs, targets), and put what else the loss needs into the targets"
    )


def evenly(total: int, count: int) -> Tensor:
    """Evenly spaced indices below ``total``, first and last included: (count,), or all if fewer.

    >>> evenly(10, 4)
    tensor([0, 3, 6, 9])
    """
    return torch.linspace(0, total - 1, min(count, total)).long().clamp(max=total - 1)
