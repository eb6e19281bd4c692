"""Trials of other settings, judged on held-out training images.

The profiles' settings are chosen by such trials, never on test images.
"""

import hashlib
import inspect
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from hypergan.checkout import commit
from hypergan.data.datasets import DATASETS, load
from hypergan.ensemble import Ensemble
from hypergan.errors import RecordError, SettingsError
from hypergan.evaluation.classification import quality, spread
from hypergan.evaluation.protocol import at_most
from hypergan.experiments.methods import METHODS, settings_for
from hypergan.experiments.records import Cell
from hypergan.experiments.settings import Settings
from hypergan.experiments.training import train
from hypergan.kinds import require_kinds
from hypergan.memory import keep_freed_memory
from hypergan.metrics import accuracy, disagreement
from hypergan.paths import PROJECT, exclusive, make_folder, runs, write_whole
from hypergan.precision import Precision, forbid_tf32
from hypergan.targets import TARGETS
from hypergan.threads import computing_with
from hypergan.training import Training

SEARCH = PROJECT / "data" / "search"
"""The trials that settings were chosen from, in tables."""

SIZES = (1, 10, 100)
"""Sizes of the ensembles that are judged; those larger than what a method holds are left out."""


@dataclass(frozen=True)
class Trial:
    """A method's training with some settings changed.

    Attributes:
        method: Its name.
        dataset: An image data set.
        changes: New values of training settings or model arguments, by name, or another ``target``.
        seed: Seed of the training.
        held_out: Number of training images held out to judge it on, 1 or more.
        profile: The profile whose settings are changed.
    """

    method: str
    dataset: str
    changes: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    held_out: int = 2_000
    profile: str = "full"

    @property
    def settings(self) -> Settings:
        """The settings with the changes.

        Raises:
            SettingsError: If a name is unknown, a value is invalid, or the data set has no images.
        """
        require_kinds(Trial, vars(self))
        Cell(self.method, self.dataset, self.seed, self.profile)  # refuses unknown names
        settings = settings_for(self.method, self.dataset, self.profile)
        if DATASETS[self.dataset].task == "regression" or self.held_out < 1:
            raise SettingsError(
                "a trial needs held-out images to be judged on; choose an image data set, and hold "
                "out 1 image or more"
            )
        training = {f.name for f in fields(Training)}
        parameters = inspect.signature(METHODS[self.method].posterior).parameters.values()
        arguments = {p.name for p in parameters if p.kind is not inspect.Parameter.VAR_KEYWORD}
        arguments = arguments - {"target", "generator"} | settings.model.keys()
        if odd := sorted(self.changes.keys() - training - arguments - {"target"}):
            known = ", ".join(sorted(training | arguments | {"target"}))
            raise SettingsError(f"{self.method} has no setting {', '.join(odd)}; it has {known}")
        if (target := self.changes.get("target", "")) not in {*TARGETS, ""}:
            raise SettingsError(f"no target is named {target!r}; choose among {', '.join(TARGETS)}")
        return replace(changed(settings, self.changes), validation=self.held_out)

    def __str__(self) -> str:
        """The changes as :func:`parse` reads them."""
        return " ".join(f"{name}={_written(value)}" for name, value in self.changes.items())


def changed(settings: Settings, changes: dict[str, Any]) -> Settings:
    """Settings with another target, new training settings or, by other names, model arguments."""
    names = {f.name for f in fields(Training)}
    training = {name: value for name, value in changes.items() if name in names}
    model = {name: value for name, value in changes.items() if name not in {*names, "target"}}
    return replace(
        settings,
        target=changes.get("target", settings.target),
        model=settings.model | model,
        training=replace(settings.training, **training),
    )


def parse(words: Sequence[str]) -> dict[str, Any]:
    """Changes from ``NAME=VALUE``: a number, true, false, null, a list of these, or else a word.

    Raises:
        SettingsError: If one is not of this form.
    """
    changes: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise SettingsError(f"{word!r} is not a change of a setting; write NAME=VALUE")
        try:
            read = json.loads(value)
        except (ValueError, RecursionError):
            read = value
        changes[name] = tuple(read) if isinstance(read, list) else read
    return changes


def run(
    trial: Trial, *, progress: bool = True, device: str = "auto", threads: int = 1
) -> dict[str, Any]:
    """Train, judge, and append a row to ``runs/trials.csv``.

    A killed trial resumes from its checkpoint.

    Returns:
        The row: ``accuracy_N`` in percent on the held-out images, mean over disjoint ensembles of
        N networks, ``accuracy_train`` of single networks on the last epoch's mini-batches,
        ``negative_log_likelihood`` of the largest ensemble in nats, the others as :func:`judge`
        has them, and the ``minutes`` of training.

    Raises:
        HyperGANError: If anything prevents the trial.
    """
    keep_freed_memory()
    forbid_tf32()
    settings = trial.settings
    digest = hashlib.sha256(json.dumps(asdict(trial)).encode()).hexdigest()[:8]
    checkpoint = make_folder(runs() / "trials") / f"{digest}.checkpoint"
    data = load(trial.dataset, stand_in=settings.stand_in, validation=trial.held_out)
    assert data.validation is not None
    inputs, labels = data.validation.tensors
    generator = torch.Generator().manual_seed(trial.seed)
    waiting = "another process is running this trial; waiting for it to end"
    with exclusive(checkpoint.with_suffix(".lock"), waiting), computing_with(threads):
        posterior, history = train(
            trial.method, data, settings, generator, checkpoint, device=device, progress=progress
        )
        row = {
            "dataset": trial.dataset,
            "method": trial.method,
            "changes": str(trial),
            "epochs": settings.training.epochs,
            "held_out": trial.held_out,
            "seed": trial.seed,
            "accuracy_train": round(history[-1]["accuracy"], 2),
        }
        ensemble = posterior.ensemble(at_most(posterior.size, max(SIZES)), generator)
        row |= judge(ensemble, inputs, labels, settings.training.precision)
        row["minutes"] = round(sum(epoch["seconds"] for epoch in history) / 60, 1)
        append(row | {"commit": commit()})
        checkpoint.unlink()
    return row


def judge(
    ensemble: Ensemble, inputs: Tensor, labels: Tensor, precision: Precision
) -> dict[str, float]:
    """Scores of an ensemble, of its parts, and of the network that has its mean weights.

    Args:
        ensemble: The networks.
        inputs: Held-out images, (B, C, H, W).
        labels: (B,).
        precision: Of matrix products, as in training.
    """
    log_probabilities = ensemble.predict(inputs, precision=precision).log_softmax(-1)
    scores = spread(quality(log_probabilities, labels, [n for n in SIZES if n <= len(ensemble)]))
    row = {f"accuracy_{n}": round(x, 2) for n, x in scores["accuracy"].items()}
    centre = {name: weights.mean(0, keepdim=True) for name, weights in ensemble.weights.items()}
    logits = Ensemble(ensemble.target, centre).predict(inputs, precision=precision)[0]
    likelihoods = scores["negative_log_likelihood"]
    return row | {
        "accuracy_mean_weights": round(float(accuracy(logits, labels)), 2),
        "negative_log_likelihood": round(likelihoods[max(likelihoods, key=int)], 4),
        "disagreement": round(float(disagreement(log_probabilities)), 4),
    }


COLUMNS = [
    *("dataset", "method", "changes", "epochs", "held_out", "seed", "accuracy_train"),
    *(f"accuracy_{size}" for size in SIZES),
    *("accuracy_mean_weights", "negative_log_likelihood", "disagreement", "minutes", "commit"),
]
"""Columns of a table of trials."""


def append(row: dict[str, Any]) -> None:
    """Add a row to this machine's trials, writing the file whole or not at all.

    Raises:
        RecordError: If the existing file is not a table.
    """
    path = runs() / "trials.csv"
    with exclusive(path.with_suffix(".lock")):
        try:
            before = [pd.read_csv(path)] if path.exists() else []
        except ValueError as error:  # no table, or no text
            raise RecordError(f"{path} is damaged ({error}); rename it, and try again") from error
        rows = pd.concat([*before, pd.DataFrame([row], columns=COLUMNS)])
        write_whole(path, lambda temporary: rows.to_csv(temporary, index=False))


def _written(value: Any) -> str:
    """A value as :func:`parse` reads it."""
    return value if isinstance(value, str) else json.dumps(value)
