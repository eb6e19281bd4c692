"""Callbacks that :func:`hypergan.fit` runs after each epoch: early stopping, or your own.

A callback takes the posterior and the history so far, one row per epoch; training ends when it
returns True. This one writes to TensorBoard:

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
"""Maps the posterior and the history so far to whether training should end."""


class EarlyStopping:
    """Stop training once a quantity has stopped improving, and restore the best posterior.

    If the epochs run out first, the last posterior stays; :meth:`restore` then gives the best.

    Decisions depend on the history alone, so a resumed run makes the same ones. Combine it with the
    schedule "constant" or "plateau": "cosine" is planned for all epochs, and stopping early would
    leave its rates high.

    Args:
        monitor: A quantity in the history, such as ``validation_loss`` or ``loss``. Accuracies
            should rise, all others should fall. By default the one that validation measures.
        patience: Epochs without improvement before training stops.
        min_delta: Change that an improvement must exceed.
        best: File for the best posterior. By default it is kept in memory, so a resumed run can
            only restore the best since it was resumed.

    Raises:
        SettingsError: If patience is below 1 or min_delta below 0; when called, if the history does
            not have the quantity.
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
        """Keep the best posterior so far; to stop, restore it and return True."""
        best = self.best_epoch(history)
        if best == len(history):
            self._keep(posterior)
        if len(history) - best < self.patience:
            return False
        self.restore(posterior)
        return True

    def best_epoch(self, history: History) -> int:
        """Number of the last epoch that improved, counting from 1.

        >>> rows = [{"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": 1.0}, {"epoch": 3, "loss": 1.5}]
        >>> EarlyStopping("loss").best_epoch(rows)
        2
        """
        name = self._measured(history)
        sign = -1 if "accuracy" in name else 1
        best, least = 1, math.inf
        for row in history:
            if sign * row[name] < least - self.min_delta:
                best, least = row["epoch"], sign * row[name]
        return best

    def restore(self, posterior: Posterior) -> None:
        """Load the best state into the posterior, if one was kept."""
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
        """Name of the monitored quantity.

        Raises:
            SettingsError: If the history does not have it.
        """
        names = [name for name, value in history[0].items() if isinstance(value, float)]
        wanted = [self.monitor] if self.monitor else ["validation_accuracy", "validation_loss"]
        for name in wanted:
            if name in names:
                return name
        raise SettingsError(
            f"early stopping needs {' or '.join(wanted)} in the history; "
            f"give fit validation data, or monitor one of {', '.join(names)}"
        )
