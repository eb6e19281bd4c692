"""Numbers of trained posteriors, published beside the records for the live figures.

``python -m hypergan.live.published hypergan cubic --seed 0`` takes what the cell's run left in
``runs/``, rounds it, measures what rounding costs, and writes it to ``data/live``. With changed
settings, such as ``epochs=6``, it trains first. Each file has the path of the cell's record.

Shapes: N networks, B inputs, C classes.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from hypergan.__main__ import safely
from hypergan.checkout import commit
from hypergan.data.datasets import Data, load
from hypergan.ensemble import Ensemble
from hypergan.errors import RecordError, SettingsError
from hypergan.evaluation.regression import scale
from hypergan.experiments import records, trials
from hypergan.experiments.methods import settings_for
from hypergan.experiments.provenance import describe, versions
from hypergan.experiments.records import Cell
from hypergan.experiments.training import target_for, train, untrained
from hypergan.experiments.values import first_of
from hypergan.fitting import choose_device
from hypergan.layers import layers_of
from hypergan.live.numbers import Numbers, networks, noise_length, numbers_of, rounded
from hypergan.paths import PROJECT, described, runs, write_described, write_whole
from hypergan.threads import computing_with

VERSION: Final = 1
"""Raised when the meaning of the files changes."""

FOLDER = PROJECT / "data" / "live"

MANY = 1_000_000
"""More numbers than this are rounded to 8 bits, fewer to 16."""

MEASURED = 100
"""Number of networks that the cost of rounding is measured on."""


@dataclass(frozen=True)
class Drawable:
    """Numbers that draw networks, and where they came from.

    Attributes:
        cell: The cell that they belong to.
        numbers: See :mod:`hypergan.live.numbers`.
        made: Where they came from and what rounding cost, as in the JSON file beside them.
    """

    cell: Cell
    numbers: Numbers
    made: dict[str, Any]

    @property
    def target(self) -> nn.Module:
        """The network that is drawn, with arbitrary weights."""
        task = self.made["task"]
        name = self.made["config"].get("target", "")
        return target_for(self.cell.dataset, len(task["classes"]), name)

    def ensemble(self, n: int, generator: torch.Generator) -> Ensemble:
        """``n`` freshly drawn networks, or the whole finite set."""
        target = self.target
        layers = layers_of(target)
        noise = torch.randn(n, noise_length(self.numbers, layers), generator=generator)
        return Ensemble(target, networks(self.numbers, layers, noise))


def path_of(cell: Cell) -> Path:
    """Where a cell's numbers are published."""
    return (FOLDER / cell.path).with_suffix(".safetensors")


def find(cell: Cell) -> Drawable | None:
    """A cell's numbers: those of its run in ``runs/``, rounded now, else the published ones.

    Raises:
        RecordError: If they, or the run's record, are damaged.
    """
    left = (runs() / cell.path).with_suffix(".safetensors")
    if left.exists() and records.find(cell, [runs()]):
        return _of_run(cell)
    path = path_of(cell)
    if not path.exists():
        return None
    try:
        made = described(path)
        said = _Made.model_validate(made)
        if Cell(said.method, said.dataset, said.seed, said.profile) != cell:
            raise ValueError("it belongs to another cell")
        return Drawable(cell, load_file(path), made)
    except (OSError, ValueError, SettingsError, SafetensorError) as error:
        reason = first_of(error) if isinstance(error, ValidationError) else error
        raise RecordError(f"{path} is damaged ({reason}); publish it again") from error


class _Task(BaseModel):
    """What the networks' inputs and outputs are."""

    model_config = ConfigDict(strict=True)
    shape: list[int]
    classes: list[str]
    mean: list[float]
    std: list[float]


class _Made(BaseModel):
    """What of a published file's description is used."""

    model_config = ConfigDict(strict=True)
    version: Literal[1]
    method: str
    dataset: str
    seed: int
    profile: str
    changes: str
    config: dict[str, Any]
    commit: str
    device: str
    stand_in: bool
    task: _Task
    numbers: int
    bits: int
    rounding: dict[str, Any]


def _of_run(cell: Cell, *, measure: bool = False) -> Drawable:
    """What a run left, rounded."""
    record = records.find(cell, [runs()])
    if record is None:
        raise RecordError(f"{cell.path} has no record in {runs()}; run `{cell.command}`")
    settings = settings_for(cell.method, cell.dataset, cell.profile)
    data = load(cell.dataset, stand_in=settings.stand_in, validation=settings.validation)
    posterior = untrained(cell.method, data, settings, torch.Generator())
    path = (runs() / cell.path).with_suffix(".safetensors")
    posterior.load(path)
    if (
        record.environment.get("posterior_sha256", posterior.fingerprint())
        != posterior.fingerprint()
    ):
        raise RecordError(
            f"{path} does not belong to the record beside it; run `{cell.command} --force`"
        )
    made = {name: getattr(record, name) for name in _PROVENANCE}
    return _drawable(cell, posterior, data, made, measure=measure)


_PROVENANCE = ("config", "commit", "data_sha256", "versions", "device", "stand_in")
"""Fields of a record that say where a posterior came from."""


def _trained(cell: Cell, changes: dict[str, Any]) -> Drawable:
    """A posterior trained now, with changed settings; the watched images are those of the cell."""
    device, code = choose_device("auto"), commit()
    kept = settings_for(cell.method, cell.dataset, cell.profile)
    trial = trials.Trial(cell.method, cell.dataset, changes, cell.seed, 1, cell.profile)
    settings = replace(trial.settings, validation=kept.validation)
    data = load(cell.dataset, stand_in=settings.stand_in, validation=settings.validation)
    generator = torch.Generator().manual_seed(cell.seed)
    with computing_with(1):
        posterior, _ = train(
            cell.method, data, settings, generator, None, device="auto", progress=True
        )
        made = {
            "changes": str(trial),
            "config": settings.as_dict(),
            "commit": code,
            "data_sha256": data.sha256,
            "versions": versions(),
            "device": describe(device),
            "stand_in": data.stand_in,
        }
    return _drawable(cell, posterior.to("cpu"), data, made, measure=True)


def _drawable(
    cell: Cell, posterior: Any, data: Data, made: dict[str, Any], *, measure: bool
) -> Drawable:
    exact = numbers_of(posterior)
    count = sum(tensor.numel() for tensor in exact.values())
    bits = 8 if count > MANY else 16
    task: dict[str, Any] = {
        "shape": list(data.train.tensors[0].shape[1:]),
        "classes": list(data.classes),
        "mean": list(data.mean),
        "std": list(data.std),
    }
    if not data.classes:  # networks see and give numbers in these units
        task["units"] = [float(scale(values)) for values in data.train.tensors]
    own = {"method": cell.method, "dataset": cell.dataset, "seed": cell.seed}
    own |= {"profile": cell.profile, "changes": ""}
    made = own | made | {"task": task, "numbers": count, "bits": bits}
    drawable = Drawable(cell, rounded(exact, bits), made)
    if measure:
        made["rounding"] = _cost(replace(drawable, numbers=exact), drawable, data)
    return drawable


def _cost(exact: Drawable, rough: Drawable, data: Data) -> dict[str, Any]:
    """What rounding does to networks from the same noise, on every fifth test input."""
    inputs, labels = (values[::5] for values in data.test.tensors)
    if not data.classes:
        inputs = inputs / exact.made["task"]["units"][0]
    outputs = []
    for drawable in (exact, rough):
        ensemble = drawable.ensemble(MEASURED, torch.Generator().manual_seed(0))
        outputs.append(ensemble.predict(inputs))
    cost: dict[str, Any] = {"networks": len(outputs[0]), "inputs": len(inputs)}
    if data.classes:
        means = [values.softmax(-1).mean(0) for values in outputs]
        votes = [values.argmax(-1) for values in outputs]
        return cost | {
            "accuracy": [_percent(mean.argmax(-1) == labels) for mean in means],
            "votes_changed": _percent(votes[0] != votes[1]),
            "largest_change_of_mean_softmax": float((means[0] - means[1]).abs().max()),
        }
    before, after = (values * exact.made["task"]["units"][1] for values in outputs)
    return cost | {
        "std": [float(values.std(0).mean()) for values in (before, after)],
        "largest_change": float((before - after).abs().max()),
    }


def _percent(correct: Tensor) -> float:
    return round(100 * float(correct.float().mean()), 4)


def publish(cell: Cell, changes: dict[str, Any] | None = None) -> Drawable:
    """Write a cell's numbers, and what they came from, to ``data/live``.

    Args:
        cell: The cell. It must have been run, unless there are changes.
        changes: New values of its settings, see :class:`hypergan.experiments.trials.Trial`; the
            posterior is then trained now.

    Raises:
        HyperGANError: If there is no run, it was on stand-in data, or a file cannot be written.
    """
    drawable = _trained(cell, changes) if changes else _of_run(cell, measure=True)
    if drawable.made["stand_in"]:
        raise RecordError(f"{cell.path} was made on stand-in data; publish a run on real data")
    if not re.fullmatch("[0-9a-f]{40}", drawable.made["commit"]):
        raise RecordError(f"{cell.path} was made by code that is not committed; commit it first")
    path = path_of(cell)
    write_whole(path, lambda temporary: save_file(drawable.numbers, temporary))
    return replace(drawable, made=write_described(path, {"version": VERSION} | drawable.made))


def main(arguments: Sequence[str] | None = None) -> int:
    """Publish one cell's numbers; the exit code is that of ``python -m hypergan``."""
    return safely(lambda: _publish(arguments))


def _publish(arguments: Sequence[str] | None) -> int:
    parser = argparse.ArgumentParser(prog="python -m hypergan.live.published", description=__doc__)
    parser.add_argument("method")
    parser.add_argument("dataset")
    parser.add_argument("changes", nargs="*", metavar="NAME=VALUE")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--profile", default="lite")
    options = parser.parse_intermixed_args(arguments)
    cell = Cell(options.method, options.dataset, options.seed, options.profile)
    made = publish(cell, trials.parse(options.changes)).made
    print(f"{path_of(cell).relative_to(PROJECT)}: {made['numbers']} numbers, {made['rounding']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
