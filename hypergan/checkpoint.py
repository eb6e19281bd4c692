"""The state of a training run in one file."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hypergan.errors import TrainingError
from hypergan.paths import require_seal, write_sealed
from hypergan.storage import as_json

History = list[dict[str, Any]]
"""One row per epoch: means of what the updates report, diversity, validation scores, seconds."""

VERSION = 2
"""Incremented when a change to the training loop makes older states unusable."""


class Checkpoint:
    """Saves and restores a run, so that a killed run ends exactly as an uninterrupted one.

    The file is written whole or not at all, and carries a checksum. A checkpoint with other
    settings, another seed, number of inputs or target is refused: continuing it would give
    neither run's networks. Targets are compared by the shapes of their weights; other data of the
    same size go unnoticed. A resumed run keeps its number of threads, on which the last digits of
    sums depend.

    Args:
        path: The file; None to keep nothing.
        parts: Everything with a ``state_dict``: the posterior and its optimisers.
        generator: The source of all randomness.
        run: The run's settings and seed, see :func:`hypergan.storage.as_json`.
        interval: Minimum seconds between two saves.
    """

    def __init__(
        self,
        path: Path | None,
        parts: Mapping[str, Any],
        generator: torch.Generator,
        *,
        run: dict[str, Any],
        interval: float,
    ) -> None:
        self.path, self.parts, self.generator, self.interval = path, parts, generator, interval
        held = parts["posterior"].state_dict()
        shapes = {k: list(tensor.shape) for k, tensor in held.items() if isinstance(tensor, Tensor)}
        self.run = as_json({"version": VERSION, "shapes": shapes} | run)
        self.saved = time.monotonic()

    def save(self, history: History, *, final: bool) -> None:
        """Write the state after an epoch, if ``interval`` has passed or the epoch is the last.

        Raises:
            StorageError: If the file cannot be written; the previous one is kept.
        """
        if self.path is None or not (final or time.monotonic() - self.saved >= self.interval):
            return
        state = {
            "run": self.run,
            "history": history,
            "generator": self.generator.get_state(),
            "threads": torch.get_num_threads(),
            "parts": {name: part.state_dict() for name, part in self.parts.items()},
        }
        write_sealed(self.path, lambda temporary: torch.save(state, temporary))
        self.saved = time.monotonic()

    def load(self) -> History:
        """Restore the state and return the history so far, empty if there is no file.

        Raises:
            TrainingError: If the file is damaged, or belongs to other settings, another seed,
                number of inputs or target.
        """
        if self.path is None or not self.path.exists():
            return []
        try:
            require_seal(self.path)
            state = torch.load(self.path, map_location="cpu", weights_only=True)
        except Exception as error:  # torch.load fails in many ways on a damaged file
            raise TrainingError(
                f"{self.path} is no checkpoint or a damaged one ({error}); choose another file, "
                "or delete it to start afresh"
            ) from error
        if not isinstance(state, dict) or state.get("run") != self.run:
            raise TrainingError(
                f"the checkpoint {self.path} belongs to a run with other settings, seed, "
                "number of inputs or target; delete it to start afresh, or choose another file"
            )
        for name, part in self.parts.items():
            part.load_state_dict(state["parts"][name])
        self.generator.set_state(state["generator"])
        torch.set_num_threads(state["threads"])
        history: History = state["history"]
        return history
