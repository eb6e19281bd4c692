"""What every method is: a distribution over the weights of a target network."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_model, save_model
from torch import Tensor, nn

from hypergan.ensemble import Ensemble, Weights
from hypergan.errors import RecordError, SettingsError, require_at_least
from hypergan.layers import Layer, layers_of
from hypergan.paths import write_whole
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

    @property
    def weight_layers(self) -> list[Layer]:
        """The layers of the target whose weights are measured."""
        return layers_of(self.target)

    def state(self, generator: torch.Generator) -> dict[str, float]:
        """What is worth watching of the method itself while it trains, for the history."""
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
            at_once: Networks that predict together. Where :attr:`size` is None no more of them are
                ever held in memory, else all are drawn first, so that they are different ones.
            precision: Of matrix products, see :func:`hypergan.precision.products_in`.

        Raises:
            SettingsError: If ``networks`` or ``at_once`` is below 1, or ``networks`` above
                :attr:`size`.
        """
        require_at_least(1, networks=networks, at_once=at_once)
        total = torch.zeros(())
        for part in self._parts(networks, at_once, generator):
            total = total + len(part) * part.predict_proba(inputs, batch_size, precision=precision)
        return total / networks

    def _parts(
        self, networks: int, at_once: int, generator: torch.Generator | None
    ) -> Iterator[Ensemble]:
        """A draw of ``networks`` as ensembles of at most ``at_once``."""
        starts = range(0, networks, at_once)
        if self.size is None:
            for start in starts:
                yield self.ensemble(min(at_once, networks - start), generator)
            return
        weights = self.sample(networks, generator)
        for start in starts:
            part = {name: tensor[start : start + at_once] for name, tensor in weights.items()}
            yield Ensemble(self.target, part)

    def _check_count(self, n: int, more: str = "") -> None:
        """Refuse a number of networks that cannot be drawn.

        Args:
            n: The number.
            more: How to have more of them, where :attr:`size` limits it.

        Raises:
            SettingsError: If ``n`` is below 1, or above :attr:`size`.
        """
        if n < 1:
            raise SettingsError(f"asked for {n} networks; sample 1 or more")
        if self.size is not None and n > self.size:
            raise SettingsError(
                f"asked for {n} networks, more than the {self.size} there are; "
                f"ask for fewer, or {more}"
            )

    def fingerprint(self) -> str:
        """The sha256 of what :meth:`save` writes: it tells what a result was drawn from."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self.state_dict().items()):
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            values = tensor.detach().cpu().contiguous().flatten()
            digest.update(values.view(torch.uint8).numpy().tobytes())
        return digest.hexdigest()

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
