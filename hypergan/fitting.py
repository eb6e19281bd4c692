"""Training a posterior: the loop."""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from hypergan.batches import Data, Pair, Shuffled, as_dataset, batches_of, fetch, in_order
from hypergan.callbacks import Callback
from hypergan.checkpoint import Checkpoint, History
from hypergan.ensemble import Ensemble
from hypergan.errors import SettingsError, TrainingError
from hypergan.forward import forward_networks, types_explained
from hypergan.graphed import GraphedStep
from hypergan.layers import layers_of, structure_of
from hypergan.losses import adapted, class_dim, has_labels, percent_right, try_out
from hypergan.memory import peak_memory, require_memory
from hypergan.metrics import accuracy, disagreement, layer_norms, log_mixture, relative_std
from hypergan.model import HyperGAN
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


def fit(
    posterior: Posterior,
    data: Data,
    training: Training | None = None,
    *,
    loss: Loss = cross_entropy,
    validation: Data | None = None,
    augment: Augmentation | None = None,
    generator: torch.Generator | None = None,
    checkpoint: str | Path | None = None,
    callbacks: Sequence[Callback] = (),
    device: str = "auto",
    progress: bool = True,
) -> History:
    """Train a posterior, by default as a classifier.

    Args:
        posterior: What is trained, in place; it ends on ``device``, in evaluation mode.
        data: Inputs and targets: a pair of tensors, a map-style dataset of such pairs, or a
            ``DataLoader`` of mini-batches, which keeps its own batch size, order and workers.
        training: The settings.
        loss: One of :mod:`hypergan.losses`, which tells how class weights, soft labels and others
            are done: a loss of PyTorch, or what maps outputs and targets (N, B, ...) to (N,).
        validation: Data scored after each epoch, without effect on training:
            ``validation_accuracy`` of an ensemble, or where the loss has no classes the mean
            ``validation_loss`` of its networks.
        augment: Changes the inputs of every mini-batch, (B, ...) to (B, ...), at random from the
            generator that it is given, such as :func:`hypergan.data.augmentation.crop_and_flip`.
        generator: Source of all randomness, on the CPU; by default seeded from PyTorch's global
            one. The same generator on the same machine gives the same networks.
        checkpoint: File that keeps the state; if it exists, training goes on from there and ends
            with the very networks of a run that was never stopped. It is left in place. A loader
            has to draw its order and augmentation from PyTorch's global generator for that, as it
            does unless told otherwise; one that keeps a state of its own starts it anew.
        callbacks: Called after each epoch with the posterior and the history; training ends where
            one returns True, as :class:`hypergan.callbacks.EarlyStopping` does.
        device: "auto" for a GPU if there is one, or the name of a device.
        progress: Show a progress bar.

    Returns:
        A row an epoch, with means over the steps that report a quantity; the first one has rows of
        its own, ``early``, for some of its steps.

    Raises:
        DataError: If the data are no pairs of tensors, the inputs of another type than the target
            takes, or the targets not what the loss takes.
        TargetError: If the target does not return one tensor with an entry for each input.
        SettingsError: If the data cannot fill a mini-batch, the device is not there, or the loss
            does not return one number for each network.
        TrainingError: If the loss becomes NaN or infinite, or the checkpoint is damaged or of other
            settings, another number of inputs or another target.
        StorageError: If the checkpoint cannot be written.
    """
    training = training or Training()
    generator = generator or torch.Generator().manual_seed(int(torch.randint(2**62, ())))
    batches, loss = batches_of(data, training), adapted(loss)
    steps = batches.steps
    watched = _evenly(data, training.watched) if loss is cross_entropy else None
    chosen = choose_device(device)
    posterior.to(chosen).train()
    optimisers = posterior.optimisers(training)
    _require_room(optimisers, chosen)
    peaks = [group["lr"] for group in _groups(optimisers)]
    state = Checkpoint(
        None if checkpoint is None else Path(checkpoint),
        {"posterior": posterior, **optimisers},
        generator,
        run={"training": asdict(training), "inputs": len(batches)} | posterior.settings,
        interval=training.checkpoint_seconds,
    )
    history = state.load()
    tried = False
    groups = _groups(optimisers)  # only now: loading an optimiser replaces them
    update = posterior.update
    if chosen.type == "cuda" and isinstance(batches, Shuffled):
        batches = replace(batches, data=TensorDataset(*_on(chosen, batches.data)))
        if isinstance(posterior, HyperGAN):
            update = GraphedStep(posterior)
            for group in groups:
                group["lr"], group["capturable"] = torch.tensor(0.0, device=chosen), True
    with progress_bar(
        progress, total=training.epochs * steps, initial=len(history) * steps, unit="step"
    ) as bar:
        ended = bool(history) and _ends(callbacks, posterior, history)
        for epoch in range(len(history), training.epochs):
            if ended:
                break
            started = time.perf_counter()
            bar.set_description(f"epoch {epoch + 1}/{training.epochs}")
            totals: dict[str, Tensor] = {}
            reported = Counter[str]()
            early: list[dict[str, Any]] = []
            losses = tuple(row["loss"] for row in history)
            with global_seed(generator):
                for step, pair in enumerate(batches.epoch(generator), start=epoch * steps):
                    factor = training.rate_factor((step + 1) / (training.epochs * steps), losses)
                    for group, peak in zip(groups, peaks, strict=True):
                        if isinstance(group["lr"], Tensor):
                            group["lr"].fill_(peak * factor)
                        else:
                            group["lr"] = peak * factor
                    inputs, targets = (tensor.to(chosen) for tensor in pair)
                    if not tried:
                        _try_out(posterior, (inputs, targets), loss, training)
                        tried = True
                    if augment is not None:
                        inputs = augment(inputs, generator)
                    reports = update(
                        Step(inputs, targets, loss, training, optimisers, len(batches), generator)
                    )
                    for name, value in reports.items():
                        totals[name] = totals.get(name, 0) + value / steps
                    reported.update(reports.keys())
                    if step + 1 in _EARLY and epoch == 0:
                        early.append(
                            {"step": step + 1}
                            | _measure(posterior, validation, loss, watched, training, generator)
                        )
                    bar.update()
                row: dict[str, Any] = {"epoch": epoch + 1}
                # APD reports its distance only once its chain is done; elsewhere the factor is 1.
                row |= {name: float(t) * (steps / reported[name]) for name, t in totals.items()}
                seen = watched if _is_watched(epoch + 1, training.epochs) else None
                row |= _measure(posterior, validation, loss, seen, training, generator)
                _require_finite(row, state.path)
            if early:
                row["early"] = early
            costs = time.perf_counter() - started, peak_memory(chosen)
            history.append(row | dict(zip(COSTS, costs, strict=True)))
            bar.set_postfix({k: f"{v:.3g}" for k, v in row.items() if isinstance(v, float)})
            ended = _ends(callbacks, posterior, history)
            state.save(history, final=ended or epoch + 1 == training.epochs)
    posterior.eval()
    return history


def _on(device: torch.device, data: Any) -> Iterator[Tensor]:
    """A data set's tensors on a device, which then need no copy in every step."""
    return (tensor.to(device) for tensor in data.tensors)


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
    except (RuntimeError, AssertionError, TypeError, ImportError) as error:
        reason = str(error).partition("\n")[0]
        raise SettingsError(f"no device {name!r} here ({reason}); use 'auto' or 'cpu'") from error
    return number.device


def _ends(callbacks: Sequence[Callback], posterior: Posterior, history: History) -> bool:
    """Whether one of the callbacks ends training; all of them are called."""
    said = [callback(posterior, history) for callback in callbacks]
    return any(said)


def _require_room(optimisers: Mapping[str, torch.optim.Optimizer], device: torch.device) -> None:
    """Refuse a training whose gradients and means of gradients do not fit.

    Raises:
        SettingsError: It says how many bytes they take.
    """
    needed = 0
    for optimiser in optimisers.values():
        copies = 3 if isinstance(optimiser, torch.optim.Adam) else 1
        parameters = [p for group in optimiser.param_groups for p in group["params"]]
        needed += copies * sum(p.numel() * p.element_size() for p in parameters)
    require_memory(
        needed,
        device,
        "training",
        "choose generators='chunked' or fewer hidden units for HyperGAN, fewer members for an "
        "ensemble, or freeze a part of the target (requires_grad=False)",
    )


def _groups(optimisers: Mapping[str, torch.optim.Optimizer]) -> list[dict[str, Any]]:
    """The parameter groups of all optimisers."""
    return [group for optimiser in optimisers.values() for group in optimiser.param_groups]


@torch.no_grad()
def _try_out(posterior: Posterior, pair: Pair, loss: Loss, training: Training) -> None:
    """Pass a mini-batch through two networks that are the target, and find out what is wrong.

    Raises:
        DataError: If inputs or targets are not what target and loss take.
        TargetError: If the target's outputs are of no use.
        SettingsError: If the loss does not return one number for each network.
    """
    share = len(pair[0]) // (1 if training.share_images else training.networks)
    inputs, targets = (part[:share] for part in pair)
    target = structure_of(posterior.target)
    weights = {
        name: target.get_parameter(name).expand(2, *shape)
        for layer in layers_of(target)
        for name, shape in layer.shapes.items()
    }
    dtype = next(iter(weights.values())).dtype
    with global_seed(torch.Generator()), types_explained(inputs, dtype):
        outputs = forward_networks(target, weights, inputs)
    try_out(loss, outputs, targets.expand(2, *targets.shape))


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


def _evenly(data: Data, count: int) -> Pair | None:
    """Evenly spaced pairs of the data, all of them if there are fewer; None if none are asked."""
    if not count:
        return None
    if isinstance(data, DataLoader):
        raise SettingsError(
            f"Training(watched={count}) looks at evenly spaced items, which a loader does not "
            "give; pass its dataset, or set watched=0"
        )
    data = as_dataset(data)
    return fetch(data, torch.linspace(0, len(data) - 1, min(count, len(data))).long())


def _is_watched(epoch: int, epochs: int, times: int = 50) -> bool:
    """Whether an epoch is one of about 50 that are evenly spaced, the last among them."""
    return (epochs - epoch) % math.ceil(epochs / times) == 0


@torch.no_grad()
def _measure(
    posterior: Posterior,
    validation: Data | None,
    loss: Loss,
    watched: Pair | None,
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
        row |= _validate(posterior.ensemble(scored_by, generator), validation, loss)
    if watched is not None:
        row["watched"] = _watch(posterior.ensemble(scored_by, generator), watched, training)
    if state := posterior.state(generator):
        row["state"] = state
    return row


def _validate(ensemble: Ensemble, data: Data, loss: Loss) -> dict[str, float]:
    """Accuracy of an ensemble in percent; the mean loss of its networks where it has no classes."""
    total, seen, name = 0.0, 0, "validation_loss"
    for inputs, targets in in_order(data):
        if has_labels(loss, targets):
            name = "validation_accuracy"
            probabilities = ensemble.predict_proba(inputs, class_dim=class_dim(loss))
            if loss is cross_entropy:
                require_class_indices(targets, probabilities)
            value = percent_right(loss, probabilities.unsqueeze(0), targets.unsqueeze(0))
        else:
            outputs = ensemble.predict(inputs.to(ensemble.device))
            targets = targets.to(ensemble.device)
            value = loss(outputs, targets.expand(len(outputs), *targets.shape)).mean()
        total, seen = total + len(inputs) * float(value), seen + len(inputs)
    return {name: total / seen}


def _watch(ensemble: Ensemble, watched: Pair, training: Training) -> dict[str, float]:
    """Accuracy of an ensemble and of its networks in percent, and how far these disagree."""
    inputs, labels = watched
    log_probabilities = ensemble.predict(inputs, precision=training.precision).log_softmax(-1)
    seen = {
        "accuracy": float(accuracy(log_mixture(log_probabilities), labels)),
        "accuracy_single": float(accuracy(log_probabilities, labels)),
    }
    if len(ensemble) > 1:
        seen["disagreement"] = float(disagreement(log_probabilities))
    return seen
