"""Where a cell stands, and the command that makes its record."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hypergan.errors import HyperGANError
from hypergan.experiments import records
from hypergan.experiments.cells import unfinished
from hypergan.experiments.records import Cell, Record
from hypergan.paths import runs


@dataclass(frozen=True)
class State:
    """Where a cell stands.

    Attributes:
        name: Whether it has a record of your own, a published one, one that cannot be used, an
            unfinished run, or nothing.
        record: The record, if it can be used.
        reason: Why it cannot be used.
    """

    name: Literal["own", "published", "unusable", "begun", "none"]
    record: Record | None = None
    reason: str = ""


def state(cell: Cell, folders: Sequence[Path] | None = None) -> State:
    """Where a cell stands, see :func:`hypergan.experiments.records.find`."""
    try:
        record = records.find(cell, folders)
    except HyperGANError as error:
        return State("unusable", reason=str(error))
    if record is None:
        return State("begun" if unfinished(cell)[0].exists() else "none")
    assert record.path is not None
    return State("own" if record.path.is_relative_to(runs()) else "published", record)


def command(cell: Cell) -> str:
    """The command that makes a cell's record, replacing one that cannot be used."""
    return cell.command + " --force" * (state(cell).name == "unusable")


def commands(cells: Iterable[Cell]) -> list[str]:
    """The commands that make records, one for all seeds that take the same options."""
    seeds: dict[tuple[str, str], list[int]] = {}
    for cell in cells:
        before, _, after = command(cell).partition(f"--seed {cell.seed}")
        seeds.setdefault((before, after), []).append(cell.seed)
    return [
        f"{before}--seed {' '.join(map(str, sorted(set(own))))}{after}"
        for (before, after), own in seeds.items()
    ]
