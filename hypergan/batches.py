"""Data as people have them: tensors, datasets and loaders, a mini-batch at a time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.utils.data import (
    DataLoader,
    RandomSampler,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
)

from hypergan.errors import DataError, SettingsError
from hypergan.training import Training

Pair = tuple[Tensor, Tensor]
"""Inputs and targets, (B, ...) both."""


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
    """A dataset in a new order at each pass.

    Attributes:
        data: The dataset.
        batch_size: Inputs in a mini-batch.
        steps: Mini-batches in an epoch.
    """

    data: Pairs
    batch_size: int
    steps: int

    def __len__(self) -> int:
        """Inputs in all."""
        return len(self.data)

    def epoch(self, generator: torch.Generator) -> Iterator[Pair]:
        """The mini-batches of an epoch."""
        steps = self.steps
        while True:
            order = torch.randperm(len(self), generator=generator)
            if isinstance(self.data, TensorDataset):
                order = order.to(self.data.tensors[0].device)
            for indices in order.split(self.batch_size)[: len(self) // self.batch_size]:
                yield fetch(self.data, indices)
                steps -= 1
                if steps == 0:
                    return


@dataclass(frozen=True)
class Loaded:
    """What a loader gives, in its own order.

    Attributes:
        loader: The loader.
        least: Inputs that a mini-batch must have; a last one that has fewer is left out.
        steps: Mini-batches in an epoch.
    """

    loader: DataLoader[Any]
    least: int
    steps: int

    def __len__(self) -> int:
        """Inputs in all, as far as the loader tells."""
        try:
            ours = self.loader.batch_size is not None  # else its batches are its sampler's affair
            return len(self.loader.sampler if ours else self.loader.dataset)  # type: ignore[arg-type]
        except TypeError:
            return self.steps * (self.loader.batch_size or 1)

    def epoch(self, generator: torch.Generator) -> Iterator[Pair]:
        """The mini-batches of an epoch; the loader starts anew where it is shorter.

        Raises:
            SettingsError: If none is large enough.
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
    """Mini-batches for training.

    Raises:
        DataError: If the data are of no kind that is known.
        SettingsError: If they cannot fill a mini-batch, or do not tell how many there are.
    """
    least = 1 if training.share_images else training.networks
    if isinstance(data, DataLoader):
        try:
            steps = training.steps_per_epoch or len(data)
        except TypeError as error:
            raise SettingsError(
                "the loader does not know its length; set Training(steps_per_epoch=...)"
            ) from error
        return Loaded(data, least, steps)
    data = as_dataset(data)
    batch_size = min(len(data), training.batch_size)
    if batch_size < least:
        raise SettingsError(
            f"{training.networks} networks cannot split {len(data)} training inputs; "
            "give more data or set share_images=True"
        )
    return Shuffled(data, batch_size, training.steps_per_epoch or len(data) // batch_size)


def in_order(data: Data, batch_size: int = 100) -> Iterator[Pair]:
    """All pairs, a mini-batch at a time: tensors all together, a loader's as it gives them."""
    if isinstance(data, DataLoader):
        yield from map(pair_of, data)
        return
    data = as_dataset(data)
    size = len(data) if isinstance(data, TensorDataset) else batch_size
    for indices in torch.arange(len(data)).split(size):
        yield fetch(data, indices)


def inputs_of(data: Tensor | Data, batch_size: int) -> Iterator[Tensor]:
    """The inputs alone, a mini-batch at a time and in order.

    Raises:
        DataError: If the data are of no kind that is known.
        SettingsError: If a loader shuffles: nobody could tell whose predictions are whose.
    """
    if isinstance(data, Tensor):
        yield from data.split(batch_size)
        return
    if isinstance(data, DataLoader):
        sampler = getattr(data.batch_sampler, "sampler", data.sampler)
        if isinstance(sampler, RandomSampler | SubsetRandomSampler | WeightedRandomSampler):
            raise SettingsError(
                "the loader gives its inputs in a random order, so that nobody could tell whose "
                "predictions are whose; build it with shuffle=False"
            )
        batches: Iterator[Any] = iter(data)
    else:
        data = as_dataset(data)
        batches = (_collate(data, i) for i in torch.arange(len(data)).split(batch_size))
    for batch in batches:
        inputs = batch[0] if isinstance(batch, tuple | list) else batch
        if not isinstance(inputs, Tensor):
            raise DataError(_unfit(batch))
        yield inputs


def count(data: Tensor | Data, batch_size: int) -> int | None:
    """How many mini-batches :func:`inputs_of` gives, where the data tell."""
    try:
        if isinstance(data, DataLoader):
            return len(data)
        size = len(data) if isinstance(data, Tensor) else len(as_dataset(data))
        return -(-size // batch_size)
    except TypeError:
        return None


def as_dataset(data: Pairs | Sequence[Tensor]) -> Pairs:
    """A pair of tensors as a dataset; a dataset as it is.

    Raises:
        DataError: If the data are of another kind.
        SettingsError: If there are not as many inputs as labels.
    """
    if isinstance(data, Mapping) or not (hasattr(data, "__len__") and hasattr(data, "__getitem__")):
        raise DataError(
            f"the data are a {type(data).__name__}; give a pair of tensors (inputs, targets), a "
            "map-style dataset of such pairs, or a torch.utils.data.DataLoader"
        )
    if hasattr(data, "__array__"):  # an array, or a tensor alone
        raise DataError(
            f"the data are a {type(data).__name__}; give a pair of tensors (inputs, targets), such "
            "as torch.as_tensor makes of arrays"
        )
    if not isinstance(data, tuple | list) or all(isinstance(part, tuple | list) for part in data):
        return data
    odd = {type(part).__name__ for part in data if not isinstance(part, Tensor)}
    if odd:
        raise DataError(
            f"the data have {' and '.join(sorted(odd))} instead of tensors; convert them with "
            "torch.as_tensor, inputs to the type of the target's weights"
        )
    if len(data) != 2:
        raise DataError(_unfit(data))
    lengths = [len(part) for part in data]
    if len(set(lengths)) > 1:
        raise SettingsError(
            f"the data have {' and '.join(map(str, lengths))} inputs and labels; give one to each"
        )
    return TensorDataset(*data)


def fetch(data: Pairs, indices: Tensor) -> Pair:
    """Inputs and targets at some indices.

    Raises:
        DataError: If an item is no pair.
    """
    return pair_of(_collate(data, indices))


def pair_of(batch: Any) -> Pair:
    """A mini-batch of inputs and targets.

    Raises:
        DataError: If it is something else.
    """
    if isinstance(batch, tuple | list) and len(batch) == 2:
        inputs, targets = batch
        if isinstance(inputs, Tensor) and isinstance(targets, Tensor):
            return inputs, targets
    raise DataError(_unfit(batch))


def _collate(data: Pairs, indices: Tensor) -> Any:
    """What a dataset holds at some indices, stacked."""
    if isinstance(data, TensorDataset):
        return data[indices]
    items = [data[int(index)] for index in indices]
    try:
        return default_collate(items)
    except (RuntimeError, TypeError) as error:
        raise DataError(
            f"the data's items cannot be stacked ({error}); give tensors of one shape, or a "
            "DataLoader with a collate_fn"
        ) from error


def _unfit(batch: Any) -> str:
    """What is wrong with a mini-batch, and what to do."""
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
