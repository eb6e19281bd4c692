"""What every method is: a distribution over the weights of a target network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_model, save_model
from torch import Tensor, nn

from hypergan.ensemble import Ensemble, Weights
from hypergan.errors import RecordError, SettingsError
from hypergan.paths import write_whole

if TYPE_CHECKING:
    from hypergan.step import Step
    from hypergan.training import Training


class Posterior(nn.Module, ABC):
    """A distribution over the weights of ``target``: it can be trained and asked for networks.

    :func:`hypergan.fit` trains any posterior; every evaluation is written once, for the
    :class:`hypergan.Ensemble` that :meth:`ensemble` draws.
    """

    target: nn.Module

    size: int | None = None
    """How many different networks it holds; None where each draw is a new one."""

    @abstractmethod
    def optimisers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        """The optimisers of :meth:`update`, by name."""

    @abstractmethod
    def update(self, step: Step) -> dict[str, Tensor]:
        """Learn from a mini-batch.

        Returns:
            Detached scalars for the history, ``loss`` among them.
        """

    @abstractmethod
    def sample(self, n: int, generator: torch.Generator | None = None) -> Weights:
        """Weights of ``n`` networks, each ``(n, *shape)``, by their names in the target."""

    @property
    def settings(self) -> dict[str, Any]:
        """What training depends on and the shapes of the parameters do not show."""
        return {}

    def ensemble(self, n: int, generator: torch.Generator | None = None) -> Ensemble:
        """A freshly drawn ensemble of ``n`` networks."""
        return Ensemble(self.target, self.sample(n, generator))

    def predict_proba(
        self,
        inputs: Tensor,
        networks: int,
        generator: torch.Generator | None = None,
        *,
        batch_size: int = 100,
        at_once: int = 100,
        precision: str = "auto",
    ) -> Tensor:
        """Mean softmax of freshly drawn networks, (B, ...) to (B, C), however many they are.

        Args:
            inputs: (B, ...).
            networks: How many to draw.
            generator: Source of the draw; by default PyTorch's global one.
            batch_size: Inputs that pass all networks at once.
            at_once: Networks that are held in memory; further ones are drawn after them.
            precision: Of matrix products, see :func:`hypergan.precision.products_in`.

        Raises:
            SettingsError: If ``networks`` is below 1.
        """
        if networks < 1:
            raise SettingsError(f"asked for {networks} networks; sample 1 or more")
        total = torch.zeros(())
        for start in range(0, networks, at_once):
            drawn = self.ensemble(min(at_once, networks - start), generator)
            total = total + len(drawn) * drawn.predict_proba(
                inputs, batch_size, precision=precision
            )
        return total / networks

    def save(self, path: Path) -> None:
        """Write the trained posterior as safetensors.

        Raises:
            StorageError: If the file cannot be written.
        """

        def save(temporary: Path) -> None:
            try:
                save_model(self, str(temporary))
            except SafetensorError as error:  # how it reports a full disk
                raise OSError(str(error)) from error

        write_whole(path, save)

    def load(self, path: Path) -> None:
        """Take over what :meth:`save` wrote for a posterior of the same form.

        Raises:
            RecordError: If the file is missing, damaged, or of another form.
        """
        try:
            load_model(self, path)
        except (OSError, RuntimeError, SafetensorError) as error:
            raise RecordError(
                f"{path} does not hold this {type(self).__name__} ({error}); train it again, "
                "or build it with the target and settings it was saved with"
            ) from error
