"""What every method is: a distribution over the weights of a target network."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from inspect import signature
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from hypergan.batches import Data
from hypergan.ensemble import Ensemble
from hypergan.errors import RecordError, SettingsError, require_at_least
from hypergan.forward import Weights
from hypergan.frozen import still
from hypergan.layers import Layer, layers_of
from hypergan.memory import require_memory
from hypergan.precision import Precision
from hypergan.step import Step
from hypergan.storage import fill, read_tensors, write_tensors
from hypergan.training import Training


class Posterior(nn.Module, ABC):
    """A distribution over the weights of ``target``: it can be trained and asked for networks.

    :func:`hypergan.fit` trains any posterior; every evaluation is written once, for the
    :class:`hypergan.Ensemble` that :meth:`ensemble` draws.
    """

    target: nn.Module

    arguments: dict[str, Any]
    """What it was built with, besides the target and the source of randomness."""

    size: int | None = None
    """How many different networks it holds; None where each draw is a new one."""

    _still: list[str] | None = None
    """Names of the target's modules that stay in evaluation mode, once it was asked for a mode."""

    def __new__(cls, *values: Any, **named: Any) -> Self:
        """Note the arguments, so that :meth:`save` can write them."""
        posterior = super().__new__(cls)
        if values or named:  # a copy is made without
            bound = signature(cls).bind(*values, **named).arguments
            bound |= bound.pop("chain", {})
            posterior.__dict__["arguments"] = {
                name: value for name, value in bound.items() if name not in ("target", "generator")
            }
        return posterior

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

    @property
    def architectures(self) -> list[nn.Module]:
        """The target and what has its form."""
        return [self.target]

    def train(self, mode: bool = True) -> Self:
        """Training or evaluation mode for all but what :func:`hypergan.frozen.still` names."""
        if self._still is None:
            self._still = still(self.target)
        super().train(mode)
        for architecture in self.architectures:
            for name in self._still:
                architecture.get_submodule(name).training = False
        return self

    def ensemble(self, n: int, generator: torch.Generator | None = None) -> Ensemble:
        """A freshly drawn ensemble of ``n`` networks."""
        return Ensemble(self.target, self.sample(n, generator))

    def predict_proba(
        self,
        inputs: Tensor | Data,
        networks: int,
        generator: torch.Generator | None = None,
        *,
        batch_size: int = 100,
        at_once: int = 100,
        class_dim: int | None = None,
        precision: Precision = "auto",
        progress: bool = False,
    ) -> Tensor:
        """Mean softmax of freshly drawn networks, (B, ...) to (B, C), however many they are.

        Args:
            inputs: (B, ...), or a dataset or a loader, see :meth:`hypergan.Ensemble.predict`.
            networks: How many to draw.
            generator: Source of the draw; by default PyTorch's global one.
            batch_size: Inputs that pass all networks at once.
            at_once: Networks that predict together. Where :attr:`size` is None no more of them are
                ever held in memory, else all are drawn first, so that they are different ones.
            class_dim: The axis that counts classes, see :meth:`hypergan.Ensemble.predict_proba`.
            precision: Of matrix products, see :func:`hypergan.precision.products_in`.
            progress: Show a progress bar for each part.

        Raises:
            SettingsError: If ``networks`` or ``at_once`` is below 1, or ``networks`` above
                :attr:`size`.
        """
        require_at_least(1, networks=networks, at_once=at_once)
        total = torch.zeros(())
        for part in self._parts(networks, at_once, generator):
            total = total + len(part) * part.predict_proba(
                inputs, batch_size, class_dim=class_dim, precision=precision, progress=progress
            )
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
            SettingsError: If ``n`` is below 1, above :attr:`size`, or too many for the memory.
        """
        if n < 1:
            raise SettingsError(f"asked for {n} networks; sample 1 or more")
        if self.size is not None and n > self.size:
            raise SettingsError(
                f"asked for {n} networks, more than the {self.size} there are; "
                f"ask for fewer, or {more}"
            )
        weights = [p for p in self.target.parameters() if p.requires_grad]
        require_memory(
            n * sum(p.numel() * p.element_size() for p in weights),
            weights[0].device,
            f"a draw of {n} networks",
            "draw fewer, or use predict_proba(inputs, networks), which holds few of them at a time",
        )

    def fingerprint(self) -> str:
        """The sha256 of what :meth:`save` writes: it tells what a result was drawn from."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self.state_dict().items()):
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            values = tensor.detach().cpu().contiguous().flatten()
            digest.update(values.view(torch.uint8).numpy().tobytes())
        return digest.hexdigest()

    def save(self, path: str | Path) -> None:
        """Write the trained posterior as safetensors, with the arguments it was built with.

        Raises:
            StorageError: If the file cannot be written.
        """
        notes = {"class": type(self).__name__, "arguments": self.arguments}
        write_tensors(path, self.state_dict(), notes)

    def load(self, path: str | Path) -> None:
        """Take over what :meth:`save` wrote for a posterior of the same form.

        Raises:
            RecordError: If the file is missing, damaged, or of another form.
        """
        tensors, _ = read_tensors(path)
        fill(self, tensors, path)

    @classmethod
    def from_file(cls, path: str | Path, target: nn.Module) -> Self:
        """The posterior that :meth:`save` wrote, built with the arguments that it had.

        Args:
            path: The file.
            target: A module of the same architecture; its own values do not matter.

        Raises:
            RecordError: If the file is missing, damaged, or of another class or target.
        """
        _, notes = read_tensors(path)
        found = (notes or {}).get("class", "no posterior")
        if found != cls.__name__:
            raise RecordError(
                f"{path} holds {found} and not {cls.__name__}; read it with the class it was saved "
                "by, or build that one and use load(path)"
            )
        posterior = cls(target, **notes["arguments"])
        posterior.load(path)
        return posterior
