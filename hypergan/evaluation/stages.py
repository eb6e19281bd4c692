"""A long evaluation in stages, each of which is done only once, even if the run is killed."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hypergan.paths import require_seal, write_sealed

Arrays = dict[str, np.ndarray[Any, Any]]
"""The arrays stored beside a record, by name."""

Found = tuple[dict[str, Any], Arrays]
"""The results of a stage: metrics, serialisable as JSON, and arrays."""


class Stages:
    """Runs stages, or reuses their results from before the run was stopped.

    A stage is reused if it had the same subject and began with the generator in its current state;
    the generator then skips to its state at the stage's end, so a killed run ends exactly as an
    uninterrupted one. A damaged file is ignored.

    Args:
        generator: The source of all randomness in the stages.
        path: The file that keeps their results; None to keep nothing.
        subject: Identifies what is evaluated, such as
            :meth:`hypergan.posterior.Posterior.fingerprint`; results of other subjects are not
            reused.

    Attributes:
        seconds: Time that the stages took, including those that were reused.
    """

    def __init__(
        self, generator: torch.Generator, path: Path | None = None, subject: str = ""
    ) -> None:
        self.generator, self.path, self.subject, self.seconds = generator, path, subject, 0.0
        self.done: dict[str, dict[str, Any]] = self._read()

    def do(self, name: str, work: Callable[[], Found]) -> Found:
        """The results of a stage, which is run unless they can be reused.

        Args:
            name: The stage's name.
            work: Runs the stage.

        Raises:
            StorageError: If the file cannot be written.
        """
        begin = self.generator.get_state()
        kept = self.done.get(name)
        if kept is not None and kept["subject"] == self.subject and kept["begin"].equal(begin):
            self.generator.set_state(kept["end"])
            self.seconds += kept["seconds"]
            arrays = {key: tensor.numpy() for key, tensor in kept["arrays"].items()}
            return json.loads(kept["metrics"]), arrays
        started = time.perf_counter()
        metrics, arrays = work()
        seconds = time.perf_counter() - started
        self.seconds += seconds
        if self.path is not None:
            self.done[name] = {
                "subject": self.subject,
                "begin": begin,
                "end": self.generator.get_state(),
                "seconds": seconds,
                "metrics": json.dumps(metrics),
                "arrays": {key: torch.from_numpy(values) for key, values in arrays.items()},
            }
            write_sealed(self.path, lambda temporary: torch.save(self.done, temporary))
        return metrics, arrays

    def _read(self) -> dict[str, dict[str, Any]]:
        """The finished stages, by name."""
        if self.path is None or not self.path.exists():
            return {}
        try:
            require_seal(self.path)
            done: dict[str, dict[str, Any]] = torch.load(self.path, weights_only=True)
        except Exception:  # torch.load fails in many ways on a damaged file
            return {}
        return done
