"""A long evaluation in stages, each of which is done once, whatever is killed in between."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hypergan.paths import require_seal, write_sealed

Arrays = dict[str, np.ndarray[Any, Any]]
"""What lies beside a record, by name."""

Found = tuple[dict[str, Any], Arrays]
"""What a stage finds: metrics, as JSON knows them, and arrays."""


class Stages:
    """Does stages, or takes over what they found before the run was stopped.

    A stage is taken over if it is of the same subject and began where the generator stands now,
    which then goes to where it stood at the stage's end: a run that was killed ends as if it had
    not been. A damaged file is as good as none.

    Args:
        generator: The source of all randomness of the stages.
        path: The file that keeps what they found; None keeps nothing.
        subject: What is evaluated, such as :meth:`hypergan.posterior.Posterior.fingerprint`: what
            was found of anything else is not this run's.

    Attributes:
        seconds: What the stages took, also those that were taken over.
    """

    def __init__(
        self, generator: torch.Generator, path: Path | None = None, subject: str = ""
    ) -> None:
        self.generator, self.path, self.subject, self.seconds = generator, path, subject, 0.0
        self.done: dict[str, dict[str, Any]] = self._read()

    def do(self, name: str, work: Callable[[], Found]) -> Found:
        """What a stage finds.

        Args:
            name: The stage.
            work: Does it.

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
        """The stages that are done, by name."""
        if self.path is None or not self.path.exists():
            return {}
        try:
            require_seal(self.path)
            done: dict[str, dict[str, Any]] = torch.load(self.path, weights_only=True)
        except Exception:  # torch.load fails in many ways on a damaged file
            return {}
        return done
