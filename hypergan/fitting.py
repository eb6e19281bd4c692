"""Training a posterior: the loop."""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.utils.data import TensorDataset, default_collate

from hypergan.checkpoint import Checkpoint, History
from hypergan.ensemble import Ensemble
from hypergan.errors import DataError, SettingsError, TrainingError
from hypergan.memory import keep_freed_memory, peak_memory
from hypergan.metrics import (
    accuracy,
    disagreement,
    layer_norms,
    log_mixture,
    relative_std,
)
from hypergan.objective import Loss, cross_entropy, require_class_indices
from hypergan.posterior import Posterior
from hypergan.progress import progress_bar
from hypergan.randomness import global_seed
from hypergan.step import Step
from hypergan.training import Training

_EARLY = (1, 3, 10, 30, 100, 300)
"""Steps of the first epoch after which diversity and validation accuracy are measured, too."""

COSTS = ("seconds", "peak_memory_bytes")
"""What a row of the history tells of the machine: the same seed need not give it again."""


Augmentation = Callable[[Tensor, torch.Generator], Tensor]
"""Inputs (B, ...) and a source of randomness to changed inputs of the same shape."""


class Pairs(Protocol):
    """A map-style dataset of inputs and targets."""

    def __len__(self) -> int:
        """Number of pairs."""

    def __getitem__(self, index: Any) -> Any:
        """A pair."""


def fit(
    posterior: Posterior,
    data: Pairs | Sequence[Tensor],
    training: Training | None = None,
    *,
    loss: Loss = cross_entropy,
    validation: Pairs | Sequence[Tensor] | None = None,
    augment: Augmentation | None = None,
    generator: torch.Generator | None = None,
    checkpoint: Path | None = None,
    device: str = "auto",
    progress: bool = True,
) -> History:
    """Train a posterior, by default as a classifier.

    Args:
        posterior: What is trained, in place; it ends on ``device``, in evaluation mode.
        data: Inputs and targets: a pair of tensors, or a map-style dataset of such pairs.
        training: The settings.
        loss: A loss per network from :mod:`hypergan.objective` or of that form.
        validation: Classification data scored after each epoch, without effect on training.
        augment: Changes the inputs of every mini-batch, (B, ...) to (B, ...), at random from the
            generator that it is given, such as :func:`hypergan.data.augmentation.crop_and_flip`.
        generator: Source of all randomness, on the CPU; by default seeded from PyTorch's global
            one. The same generator on the same machine gives the same networks.
        checkpoint: File that keeps the state; if it exists, training goes on from there and ends
            with the very networks of a run that was never stopped. It is left in place.
        device: "auto" for a GPU if there is one, or the name of a device.
        progress: Show a progress bar.

    Returns:
        A row an epoch, with means over the steps that report a quantity; the first one has rows of
        its own, ``early``, for some of its steps.

    Raises:
        DataError: If the data are no tensors or of another floating type than the target, the
            targets not what the loss takes, or those of ``validation`` no class indices.
        SettingsError: If the data cannot fill a mini-batch, or the device is not there.
        TrainingError: If the loss becomes NaN or infinite, or the checkpoint is damaged or of other
            settings, another number of inputs or another target.
        StorageError: If the checkpoint cannot be written.
    """
    keep_freed_memory()
    training = training or Training()
    generator = generator or torch.Generator().manual_seed(int(torch.randint(2**62, ())))
    data = as_dataset(data)
    scored = None if validation is None else as_dataset(validation)
    watched = _evenly(data, training.watched) if loss is cross_entropy else None
    batch_size, steps = _steps(len(data), training)
    _require_type(data, posterior.target)
    chosen = choose_device(device)
    posterior.to(chosen).train()
    optimisers = posterior.optimisers(training)
    peaks = [group["lr"] for group in _groups(optimisers)]
    state = Checkpoint(
        checkpoint,
        {"posterior": posterior, **optimisers},
        generator,
        run={"training": asdict(training), "inputs": len(data)} | posterior.settings,
        interval=training.checkpoint_seconds,
    )
    history = state.load()
    groups = _groups(optimisers)  # only now: loading an optimiser replaces them
    with progress_bar(
        progress, total=training.epochs * steps, initial=len(history) * steps, unit="step"
    ) as bar:
        for epoch in range(len(history), training.epochs):
            started = time.perf_counter()
            bar.set_description(f"epoch {epoch + 1}/{training.epochs}")
            totals: dict[str, Tensor] = {}
            reported = Counter[str]()
            early: list[dict[str, Any]] = []
            losses = tuple(row["loss"] for row in history)
            with global_seed(generator):
                batches = _batches(len(data), batch_size, steps, generator)
                for step, indices in enumerate(batches, start=epoch * steps):
                    factor = training.rate_factor((step + 1) / (training.epochs * steps), losses)
                    for group, peak in zip(groups, peaks, strict=True):
                        group["lr"] = peak * factor
                    inputs, targets = (tensor.to(chosen) for tensor in fetch(data, indices))
                    if augment is not None:
                        inputs = augment(inputs, generator)
                    reports = posterior.update(
                        Step(inputs, targets, loss, training, optimisers, len(data), generator)
                    )
                    for name, value in reports.items():
                        totals[name] = totals.get(name, 0) + value / steps
                    reported.update(reports.keys())
                    if step + 1 in _EARLY and epoch == 0:
                        early.append(
                            {"step": step + 1}
                            | _measure(posterior, scored, watched, training, generator)
                        )
                    bar.update()
                row: dict[str, Any] = {"epoch": epoch + 1}
                # APD reports its distance only once its chain is done; elsewhere the factor is 1.
                row |= {name: float(t) * (steps / reported[name]) for name, t in totals.items()}
                seen = watched if _is_watched(epoch + 1, training.epochs) else None
                row |= _measure(posterior, scored, seen, training, generator)
                _require_finite(row, checkpoint)
            if early:
                row["early"] = early
            costs = time.perf_counter() - started, peak_memory(chosen)
            history.append(row | dict(zip(COSTS, costs, strict=True)))
            bar.set_postfix({k: f"{v:.3g}" for k, v in row.items() if isinstance(v, float)})
            state.save(history, final=epoch + 1 == training.epochs)
    posterior.eval()
    return history


def as_dataset(data: Pairs | Sequence[Tensor]) -> Pairs:
    """A pair of tensors as a dataset; a dataset as it is.

    Raises:
        DataError: If there are arrays of another kind.
        SettingsError: If there are not as many inputs as labels.
    """
    if not isinstance(data, tuple | list) or all(isinstance(part, tuple | list) for part in data):
        return data
    odd = {type(part).__name__ for part in data if not isinstance(part, Tensor)}
    if odd:
        raise DataError(
            f"the data have {' and '.join(sorted(odd))} instead of tensors; convert them with "
            "torch.as_tensor, inputs to the type of the target's weights"
        )
    lengths = [len(part) for part in data]
    if len(set(lengths)) > 1:
        raise SettingsError(
            f"the data have {' and '.join(map(str, lengths))} inputs and labels; give one to each"
        )
    return TensorDataset(*data)


def fetch(data: Pairs, indices: Tensor) -> Sequence[Tensor]:
    """Inputs and targets at some indices."""
    if isinstance(data, TensorDataset):
        return data[indices]
    return default_collate([data[int(index)] for index in indices])


def choose_device(name: str = "auto") -> torch.device:
    """The device of that name, or for "auto" a GPU if there is one and the CPU otherwise.

    Raises:
        SettingsError: If there is no such device, or it computes nothing, like "meta".
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        number = torch.zeros(1, device=name)
        number.item()
    except (RuntimeError, AssertionError, TypeError) as error:
        reason = str(error).partition("\n")[0]
        raise SettingsError(f"no device {name!r} here ({reason}); use 'auto' or 'cpu'") from error
    return number.device


def _groups(optimisers: Mapping[str, torch.optim.Optimizer]) -> list[dict[str, Any]]:
    """The parameter groups of all optimisers."""
    return [group for optimiser in optimisers.values() for group in optimiser.param_groups]


def _steps(inputs: int, training: Training) -> tuple[int, int]:
    """Inputs in a mini-batch and steps in an epoch."""
    batch_size = min(inputs, training.batch_size)
    if batch_size < (1 if training.share_images else training.networks):
        raise SettingsError(
            f"{training.networks} networks cannot split {inputs} training inputs; "
            "give more data or set share_images=True"
        )
    return batch_size, training.steps_per_epoch or inputs // batch_size


def _require_type(data: Pairs, target: nn.Module) -> None:
    """Refuse inputs of another floating type than the target's weights, before PyTorch does."""
    inputs = fetch(data, torch.tensor([0]))[0].dtype
    weights = next(target.parameters()).dtype
    if inputs.is_floating_point and inputs != weights:
        raise DataError(
            f"the inputs are {inputs} and the target's weights {weights}; "
            f"convert the inputs with .to({weights})"
        )


def _batches(
    inputs: int, batch_size: int, steps: int, generator: torch.Generator
) -> Iterator[Tensor]:
    """Indices of mini-batches, in a new order at each pass over the data."""
    while True:
        order = torch.randperm(inputs, generator=generator)
        for indices in order.split(batch_size)[: inputs // batch_size]:
            yield indices
            steps -= 1
            if steps == 0:
                return


def _require_finite(row: dict[str, Any], checkpoint: Path | None) -> None:
    """Stop before a diverged state is kept."""
    if all(math.isfinite(value) for value in row.values() if isinstance(value, float)):
        return
    kept = f"; the state before it is in {checkpoint}" if checkpoint and checkpoint.exists() else ""
    raise TrainingError(
        f"the loss became {row['loss']}, the networks' spread {row['diversity']}, in epoch "
        f"{row['epoch']}{kept}; check the inputs for NaN, "
        "lower learning_rate or set max_gradient"
    )


def _evenly(data: Pairs, count: int) -> Pairs | None:
    """Evenly spaced pairs of the data, all of them if there are fewer; None if none are asked."""
    if not count:
        return None
    chosen = torch.linspace(0, len(data) - 1, min(count, len(data))).long()
    return as_dataset(fetch(data, chosen))


def _is_watched(epoch: int, epochs: int, times: int = 50) -> bool:
    """Whether an epoch is one of about 50 that are evenly spaced, the last among them."""
    return (epochs - epoch) % math.ceil(epochs / times) == 0


@torch.no_grad()
def _measure(
    posterior: Posterior,
    validation: Pairs | None,
    watched: Pairs | None,
    training: Training,
    generator: torch.Generator,
) -> dict[str, Any]:
    """What is watched; training draws the same numbers with or without it."""
    generator = generator.clone_state()
    networks = (training.diversity_networks, training.validation_networks)
    spread_of, scored_by = (min(count, posterior.size or count) for count in networks)
    weights = posterior.sample(spread_of, generator)
    norms = layer_norms(weights, posterior.weight_layers)
    spread = {name: relative_std(values) for name, values in norms.items()}
    row: dict[str, Any] = {"diversity": sum(spread.values()) / len(spread), "norm_spread": spread}
    if validation is not None:
        inputs, labels = fetch(validation, torch.arange(len(validation)))
        probabilities = posterior.ensemble(scored_by, generator).predict_proba(inputs)
        require_class_indices(labels, probabilities)
        row["validation_accuracy"] = float(accuracy(probabilities, labels))
    if watched is not None:
        row["watched"] = _watch(posterior.ensemble(scored_by, generator), watched, training)
    if state := posterior.state(generator):
        row["state"] = state
    return row


def _watch(ensemble: Ensemble, watched: Pairs, training: Training) -> dict[str, float]:
    """Accuracy of an ensemble and of its networks in percent, and how far these disagree."""
    inputs, labels = fetch(watched, torch.arange(len(watched)))
    log_probabilities = ensemble.predict(inputs, precision=training.precision).log_softmax(-1)
    seen = {
        "accuracy": float(accuracy(log_mixture(log_probabilities), labels)),
        "accuracy_single": float(accuracy(log_probabilities, labels)),
    }
    if len(ensemble) > 1:
        seen["disagreement"] = float(disagreement(log_probabilities))
    return seen
