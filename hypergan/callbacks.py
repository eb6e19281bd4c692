"""What :func:`hypergan.fit` calls after each epoch: early stopping, and whatever you write.

A callback is a function of the posterior and of the history so far, one row per epoch; where it
returns True, training ends. One that writes to TensorBoard:

.. code-block:: python

    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter()

    def write(posterior, history):
        row = history[-1]
        for name, value in row.items():
            if isinstance(value, float):
                writer.add_scalar(name, value, row["epoch"])

    fit(model, data, callbacks=[write])
"""

import copy
import math
from collections.abc import Callable
from pathlib import Path

from torch import Tensor

from hypergan.checkpoint import History
from hypergan.errors import SettingsError, require_at_least
from hypergan.posterior import Posterior

Callback = Callable[[Posterior, History], bool | None]
"""The posterior and the history so far, to whether training shall end."""


class EarlyStopping:
    """End training once a quantity has not improved for some epochs, and go back to its best.

    What it decides depends on the history alone, so that a run that was killed goes on as one that
    was not. The schedule "cosine" plans for all epochs: with "constant" or "plateau" an early end
    is as good as a planned one.

    Args:
        monitor: A number of the history's rows: ``validation_accuracy``, of which more is better,
            or another, of which less is better, such as ``validation_loss`` or ``loss``. By default
            the one that validation gives.
        patience: Epochs without an improvement after which it stops.
        min_delta: An improvement is one by more than this.
        best: File for the best posterior; by default it is kept in memory, so that after a kill the
            best since then is gone back to.

    Raises:
        SettingsError: If patience is below 1 or min_delta below 0; when called, if nothing of that
            name is measured.
    """

    def __init__(
        self,
        monitor: str | None = None,
        patience: int = 5,
        *,
        min_delta: float = 0.0,
        best: str | Path | None = None,
    ) -> None:
        require_at_least(1, patience=patience)
        require_at_least(0, min_delta=min_delta)
        self.monitor, self.patience, self.min_delta = monitor, patience, min_delta
        self.best = None if best is None else Path(best)
        self._kept: dict[str, Tensor] | None = None

    def __call__(self, posterior: Posterior, history: History) -> bool:
        """Keep the posterior if it is the best so far; whether to end, back at the best."""
        best = self.best_epoch(history)
        if best == len(history):
            self._keep(posterior)
        if len(history) - best < self.patience:
            return False
        self.restore(posterior)
        return True

    def best_epoch(self, history: History) -> int:
        """The number of the epoch that was the last improvement, from 1."""
        name = self._measured(history)
        sign = -1 if "accuracy" in name else 1
        best, least = 1, math.inf
        for row in history:
            if sign * row[name] < least - self.min_delta:
                best, least = row["epoch"], sign * row[name]
        return best

    def restore(self, posterior: Posterior) -> None:
        """Give the posterior its best state, as far as it was kept."""
        if self.best is not None and self.best.exists():
            posterior.load(self.best)
        elif self._kept is not None:
            posterior.load_state_dict(self._kept)

    def _keep(self, posterior: Posterior) -> None:
        if self.best is not None:
            posterior.save(self.best)
        else:
            self._kept = copy.deepcopy(posterior.state_dict())

    def _measured(self, history: History) -> str:
        """The name of what is monitored.

        Raises:
            SettingsError: If the history has no such number.
        """
        names = [name for name, value in history[0].items() if isinstance(value, float)]
        wanted = [self.monitor] if self.monitor else ["validation_accuracy", "validation_loss"]
        for name in wanted:
            if name in names:
                return name
        raise SettingsError(
            f"early stopping has no {' or '.join(wanted)} to look at; give fit validation data, or "
            f"monitor one of {', '.join(names)}"
        )
