"""The training loop."""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from hypergan.batches import (
    Data,
    Loaded,
    Pair,
    Shuffled,
    as_dataset,
    batches_of,
    evenly,
    fetch,
    in_order,
)
from hypergan.callbacks import Callback
from hypergan.checkpoint import Checkpoint, History
from hypergan.ensemble import Ensemble
from hypergan.errors import DataError, SettingsError, TrainingError
from hypergan.losses import (
    PerNetwork,
    adapted,
    class_dim,
    has_labels,
    ignores,
    kept_labels,
    percent_right,
    try_out,
)
from hypergan.memory import peak_memory, require_memory
from hypergan.metrics import accuracy, disagreement, layer_norms, log_mixture, relative_std
from hypergan.objective import Loss, cross_entropy, require_class_indices
from hypergan.posterior import Posterior
from hypergan.precision import Precision
from hypergan.preflight import require_trainable
from hypergan.progress import progress_bar
from hypergan.randomness import global_seed, require_generator
from hypergan.step import Step
from hypergan.threads import keeping_threads
from hypergan.training import Training

_EARLY = (1, 3, 10, 30, 100, 300)
"""Steps of the first epoch after which diversity and validation scores are also measured."""

COSTS = ("seconds", "peak_memory_bytes")
"""Entries of a history row that depend on the machine: the same seed need not reproduce them."""


Augmentation = Callable[[Tensor, torch.Generator], Tensor]
"""Maps inputs (B, ...) and a source of randomness to changed inputs of the same shape."""


@keeping_threads()
@torch.enable_grad()
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

    >>> from hypergan import HyperGAN, Training, fit
    >>> model = HyperGAN(torch.nn.Linear(2, 3), hidden=8)
    >>> data = torch.randn(50, 2), torch.arange(50) % 3
    >>> history = fit(model, data, Training(epochs=2, batch_size=25), progress=False)
    >>> [row["epoch"] for row in history]
    [1, 2]

    Args:
        posterior: The posterior, trained in place; it ends on ``device``, in evaluation mode.
        data: Inputs and targets: a pair of tensors, a map-style dataset of such pairs, or a
            ``DataLoader`` of mini-batches, which keeps its own batch size, order and workers.
        training: The settings.
        loss: A loss of PyTorch, or a function of outputs and targets (N, B, ...) that returns (N,);
            see :mod:`hypergan.losses` for class weights, soft labels and other cases.
        validation: Data scored after each epoch, without effect on training: the
            ``validation_accuracy`` of an ensemble or, if the loss has no classes, the mean
            ``validation_loss`` of its networks.
        augment: Changes the inputs of every mini-batch at random, (B, ...) to (B, ...), using the
            generator that it is given, such as :func:`hypergan.data.augmentation.crop_and_flip`.
        generator: Source of all randomness, on the CPU; by default seeded from PyTorch's global
            one. The same seed on the same machine gives the same networks.
        checkpoint: File that keeps the state. If it exists, training resumes from it and ends with
            exactly the networks of an uninterrupted run; the file is kept. For that, a loader must
            draw its order and augmentation from PyTorch's global generator, which is the default;
            any state of its own is not restored. A resumed run has as many threads as it began
            with; afterwards PyTorch's number is yours again.
        callbacks: Called after each epoch with the posterior and the history; training ends when
            one returns True, as :class:`hypergan.callbacks.EarlyStopping` does.
        device: "auto" for a GPU if there is one, or the name of a device.
        progress: Show a progress bar.

    Returns:
        One row per epoch, with the mean of each quantity over the steps that report it; in the
        first row, ``early`` holds measurements taken within the epoch.

    Raises:
        DataError: If the data are not pairs of tensors, the inputs have another dtype than the
            target, or the loss does not accept the targets.
        TargetError: If the target does not return one tensor with one entry per input, if its
            outputs do not depend on its weights, or if it changes its own buffers or recomputes
            activations.
        SettingsError: If an argument is of the wrong kind, the data cannot fill a mini-batch, the
            device is not available, or the loss does not return one number per network.
        TrainingError: If the loss becomes NaN or infinite, or the checkpoint is damaged or belongs
            to other settings, another seed of the generator, number of inputs or target.
        StorageError: If the checkpoint cannot be written.
    """
    _require_arguments(posterior, training, generator, callbacks)
    training = training or Training()
    seed = generator and generator.initial_seed()
    generator = generator or torch.Generator().manual_seed(int(torch.randint(2**62, ())))
    batches, loss = batches_of(data, training), adapted(loss)
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
        run={"training": asdict(training), "inputs": len(batches), "seed": seed}
        | posterior.settings,
        interval=training.checkpoint_seconds,
    )
    history = state.load()
    run = _Run(
        posterior, batches, training, loss, validation, watched, augment, generator, chosen,
        optimisers, peaks, state.path,
    )  # fmt: skip
    with progress_bar(
        progress,
        total=training.epochs * batches.steps,
        initial=len(history) * batches.steps,
        unit="step",
    ) as bar:
        ended = bool(history) and _ends(callbacks, posterior, history)
        while len(history) < training.epochs and not ended:
            with _labels_named():
                row = run.epoch(history, bar)
            history.append(row)
            shown = {k: v for k, v in row.items() if isinstance(v, float) and k not in COSTS}
            bar.set_postfix({name: f"{value:.3g}" for name, value in shown.items()})
            ended = _ends(callbacks, posterior, history)
            state.save(history, final=ended or len(history) == training.epochs)
    posterior.eval()
    return history


def _require_arguments(
    posterior: Posterior,
    training: Training | None,
    generator: torch.Generator | None,
    callbacks: Sequence[Callback],
) -> None:
    """Refuse what is easily mistaken for an argument of :func:`fit`."""
    if not isinstance(posterior, Posterior):
        raise SettingsError(
            f"the posterior is a {type(posterior).__name__}; wrap the network first, as in "
            "fit(HyperGAN(network), data)"
        )
    if not isinstance(training, Training | None):
        raise SettingsError(
            f"training is a {type(training).__name__}; give Training(...), and inputs and targets "
            "as one pair, fit(posterior, (inputs, targets))"
        )
    require_generator(generator)
    if callable(callbacks) or not all(map(callable, callbacks)):
        raise SettingsError("callbacks are not a list of functions; give callbacks=[callback]")


def _augmented(augment: Augmentation, inputs: Tensor, generator: torch.Generator) -> Tensor:
    """Augmented inputs, as many as before."""
    augmented = augment(inputs, generator)
    if not isinstance(augmented, Tensor) or len(augmented) != len(inputs):
        found = getattr(augmented, "shape", type(augmented).__name__)
        raise SettingsError(
            f"augment returns {found} for inputs {inputs.shape}; return a tensor with as "
            "many inputs"
        )
    return augmented


@dataclass
class _Run:
    """A training run, in which an epoch, a step and a measurement are one call each.

    Attributes are as in :func:`fit`; besides, ``peaks`` are the highest learning rates of all
    parameter groups, and ``checkpoint`` is the file that keeps the state, if any.
    """

    posterior: Posterior
    batches: Shuffled | Loaded
    training: Training
    loss: Loss
    validation: Data | None
    watched: Pair | None
    augment: Augmentation | None
    generator: torch.Generator
    device: torch.device
    optimisers: dict[str, torch.optim.Optimizer]
    peaks: list[float]
    checkpoint: Path | None
    tried: bool = False

    def epoch(self, history: History, bar: Any) -> dict[str, Any]:
        """Train for an epoch, and return its row of the history."""
        started, epoch, epochs = time.perf_counter(), len(history), self.training.epochs
        bar.set_description(f"epoch {epoch + 1}/{epochs}")
        self.posterior.train()  # a callback may have left it in evaluation mode
        steps, totals, reported = self.batches.steps, dict[str, Tensor](), Counter[str]()
        losses, early = tuple(row["loss"] for row in history), []
        with global_seed(self.generator):
            pairs = self.batches.epoch(self.generator)
            for step, pair in enumerate(pairs, start=epoch * steps + 1):
                for name, value in self.step(step, pair, losses).items():
                    totals[name] = totals.get(name, 0) + value / steps
                    reported[name] += 1
                if step in _EARLY and epoch == 0:
                    early.append({"step": step} | self.measure(self.watched))
                bar.update()
            row: dict[str, Any] = {"epoch": epoch + 1}
            # Means over the steps that report a quantity; where all do, the factor is 1.
            row |= {name: float(t) * (steps / reported[name]) for name, t in totals.items()}
            row |= self.measure(self.watched if _is_watched(epoch + 1, epochs) else None)
            _require_finite(row, self.checkpoint, self.loss)
        if early:
            row["early"] = early
        costs = time.perf_counter() - started, peak_memory(self.device)
        return row | dict(zip(COSTS, costs, strict=True))

    def step(self, step: int, pair: Pair, losses: Sequence[float]) -> dict[str, Tensor]:
        """Take a step, counted from 1 over all epochs, and return what the posterior reports."""
        share = step / (self.training.epochs * self.batches.steps)
        factor = self.training.rate_factor(share, losses)
        for group, peak in zip(_groups(self.optimisers), self.peaks, strict=True):
            group["lr"] = peak * factor
        inputs, targets = (tensor.to(self.device) for tensor in pair)
        if not self.tried:
            require_trainable(self.posterior, (inputs, targets), self.loss, self.training)
            self.tried = True
        if self.augment is not None:
            inputs = _augmented(self.augment, inputs, self.generator)
        size = len(self.batches)
        return self.posterior.update(
            Step(inputs, targets, self.loss, self.training, self.optimisers, size, self.generator)
        )

    @torch.no_grad()
    def measure(self, watched: Pair | None) -> dict[str, Any]:
        """Measurements for the history; they leave training's random numbers unchanged."""
        posterior, training = self.posterior, self.training
        generator = self.generator.clone_state()
        networks = (training.diversity_networks, training.validation_networks)
        spread_of, scored_by = (min(count, posterior.size or count) for count in networks)
        weights = posterior.sample(spread_of, generator)
        norms = layer_norms(weights, posterior.weight_layers)
        spread = {name: relative_std(values) for name, values in norms.items()}
        row: dict[str, Any] = {
            "diversity": sum(spread.values()) / len(spread),
            "norm_spread": spread,
        }
        if self.validation is not None:
            ensemble = posterior.ensemble(scored_by, generator)
            row |= _validate(ensemble, self.validation, self.loss, self.training.precision)
        if watched is not None:
            row["watched"] = _watch(posterior.ensemble(scored_by, generator), watched, training)
        if state := posterior.state(generator):
            row["state"] = state
        return row


def choose_device(name: str = "auto") -> torch.device:
    """The named device; for "auto", a GPU if there is one, else the CPU.

    >>> choose_device("cpu")
    device(type='cpu')

    Raises:
        SettingsError: If there is no such device, or it holds no data, like "meta".
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        number = torch.zeros(1, device=name)
        number.item()
    except (RuntimeError, AssertionError, TypeError, ImportError) as error:
        reason = str(error).partition("\n")[0]
        raise SettingsError(f"no device {name!r} ({reason}); use 'auto' or 'cpu'") from error
    return number.device


def _ends(callbacks: Sequence[Callback], posterior: Posterior, history: History) -> bool:
    """Call all callbacks; whether one of them ends training."""
    said = [callback(posterior, history) for callback in callbacks]
    return any(said)


def _require_room(optimisers: Mapping[str, torch.optim.Optimizer], device: torch.device) -> None:
    """Refuse training whose gradients and optimiser state do not fit into memory.

    Raises:
        SettingsError: Says how much memory they need.
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


@contextmanager
def _labels_named() -> Iterator[None]:
    """Say what a GPU stopped at: it knows only that an index was out of range.

    Raises:
        DataError: In place of PyTorch's error.
    """
    try:
        yield
    except RuntimeError as error:
        if "device-side assert" not in str(error):
            raise
        raise DataError(
            "the GPU stopped at a label or another index that is out of range; start Python anew "
            "and train with device='cpu', which names it"
        ) from error


def _require_finite(row: dict[str, Any], checkpoint: Path | None, loss: Loss) -> None:
    """Raise if training has diverged, before the state is saved."""
    odd = {
        name: value
        for name, value in row.items()
        if isinstance(value, float) and not math.isfinite(value)
    }
    if not odd:
        return
    kept = f"; the state before it is in {checkpoint}" if checkpoint and checkpoint.exists() else ""
    became = ", ".join(f"{name} became {value}" for name, value in odd.items())
    advice = (
        "check the validation data for NaN and infinite numbers"
        if all(name.startswith("validation_") for name in odd)
        else "check the inputs for NaN, lower learning_rate or set max_gradient"
        + ", and give each network a label that the loss does not ignore" * ignores(loss)
    )
    raise TrainingError(f"{became} in epoch {row['epoch']}{kept}; {advice}")


def _evenly(data: Data, count: int) -> Pair | None:
    """Evenly spaced pairs of the data, all if there are fewer; None if ``count`` is 0."""
    if not count:
        return None
    if isinstance(data, DataLoader):
        raise SettingsError(
            f"Training(watched={count}) picks evenly spaced items, which a loader does not "
            "allow; pass its dataset, or set watched=0"
        )
    data = as_dataset(data)
    return fetch(data, evenly(len(data), count))


def _is_watched(epoch: int, epochs: int) -> bool:
    """Whether an epoch is one of about 50 evenly spaced ones, the last included."""
    return (epochs - epoch) % math.ceil(epochs / 50) == 0


def _validate(ensemble: Ensemble, data: Data, loss: Loss, precision: Precision) -> dict[str, float]:
    """An ensemble's accuracy in percent or, if the loss has no classes, its networks' mean loss.

    Labels that the loss ignores do not count.

    Raises:
        DataError: If the loss ignores all of them, or does not accept these targets.
    """
    total, seen, name = 0.0, 0, "validation_loss"
    for inputs, targets in in_order(data):
        if has_labels(loss, targets):
            name = "validation_accuracy"
            count = kept_labels(loss, targets)
            if not count:
                continue
            probabilities = ensemble.predict_proba(
                inputs, class_dim=class_dim(loss), precision=precision
            )
            if loss is cross_entropy:
                require_class_indices(targets, probabilities)
            elif isinstance(loss, PerNetwork):
                loss.require_labels(probabilities.unsqueeze(0), targets.unsqueeze(0))
            value = percent_right(loss, probabilities.unsqueeze(0), targets.unsqueeze(0))
        else:
            count = len(inputs)
            outputs = ensemble.predict(inputs.to(ensemble.device))
            targets = targets.to(ensemble.device)
            value = try_out(loss, outputs, targets.expand(len(outputs), *targets.shape)).mean()
        total, seen = total + count * float(value), seen + count
    if not seen:
        raise DataError(
            "the validation data are empty, or the loss ignores all of their labels; give some "
            "that count"
        )
    return {name: total / seen}


def _watch(ensemble: Ensemble, watched: Pair, training: Training) -> dict[str, float]:
    """Accuracy in percent of an ensemble and of its networks, and how much these disagree."""
    inputs, labels = watched
    log_probabilities = ensemble.predict(inputs, precision=training.precision).log_softmax(-1)
    seen = {
        "accuracy": float(accuracy(log_mixture(log_probabilities), labels)),
        "accuracy_single": float(accuracy(log_probabilities, labels)),
    }
    if len(ensemble) > 1:
        seen["disagreement"] = float(disagreement(log_probabilities))
    return seen
