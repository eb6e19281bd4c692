"""The interface of every method: a distribution over the weights of a target network."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from inspect import signature
from pathlib import Path
from typing import Any, NoReturn, Self

import torch
from torch import Tensor, nn

from hypergan.batches import Data
from hypergan.ensemble import Ensemble
from hypergan.errors import RecordError, SettingsError, require_at_least
from hypergan.forward import Weights
from hypergan.frozen import still
from hypergan.kinds import from_json, require_kinds
from hypergan.layers import Layer, layers_of
from hypergan.memory import require_memory
from hypergan.precision import Precision
from hypergan.step import Step
from hypergan.storage import fill, fingerprint, read_tensors, write_tensors
from hypergan.training import Training


class Posterior(nn.Module, ABC):
    """A distribution over the weights of ``target`` that can be trained and sampled.

    :func:`hypergan.fit` trains any posterior; every evaluation is written once, for the
    :class:`hypergan.Ensemble` that :meth:`ensemble` draws.
    """

    target: nn.Module

    arguments: dict[str, Any]
    """The constructor's arguments, besides the target and the source of randomness."""

    size: int | None = None
    """Number of different networks it holds; None if every draw is a new one."""

    _still: list[str] | None = None
    """Names of the target's modules that stay in evaluation mode; :meth:`train` finds them."""

    def __new__(cls, *values: Any, **named: Any) -> Self:
        """Record the arguments, so that :meth:`save` can write them."""
        posterior = super().__new__(cls)
        if values or named:  # copying passes none
            taken = signature(cls)
            bound = taken.bind(*values, **named).arguments
            for name, parameter in taken.parameters.items():
                if parameter.kind is parameter.VAR_KEYWORD:
                    bound |= bound.pop(name, {})
            posterior.__dict__["arguments"] = {
                name: value for name, value in bound.items() if name not in ("target", "generator")
            }
        return posterior

    @abstractmethod
    def optimisers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        """The optimisers of :meth:`update`, by name."""

    @abstractmethod
    def update(self, step: Step) -> dict[str, Tensor]:
        """Take a training step on a mini-batch.

        Returns:
            Detached scalars for the history, including ``loss``.
        """

    @abstractmethod
    def sample(self, n: int, generator: torch.Generator | None = None) -> Weights:
        """Weights of ``n`` networks, each ``(n, *shape)``, by their names in the target."""

    @property
    def settings(self) -> dict[str, Any]:
        """Settings that change training, but not the shapes of the parameters."""
        return {}

    @property
    def weight_layers(self) -> list[Layer]:
        """The layers of the target whose weights are measured."""
        return layers_of(self.target)

    def state(self, generator: torch.Generator) -> dict[str, float]:
        """Measurements of the method itself during training, for the history."""
        return {}

    @property
    def architectures(self) -> list[nn.Module]:
        """The target and all modules of the same structure."""
        return [self.target]

    def train(self, mode: bool = True) -> Self:
        """Set training or evaluation mode, except for what :func:`hypergan.frozen.still` names."""
        if self._still is None:
            self._still = still(self.target)
        super().train(mode)
        for architecture in self.architectures:
            for name in self._still:
                architecture.get_submodule(name).training = False
        return self

    def ensemble(self, n: int, generator: torch.Generator | None = None) -> Ensemble:
        """Draw an ensemble of ``n`` networks.

        Raises:
            SettingsError: If ``n`` is not an integer from 1 to :attr:`size`, or ``generator`` is a
                seed instead of a generator.
        """
        require_kinds(Posterior.ensemble, {"generator": generator})
        return Ensemble(self.target, self.sample(n, generator))

    def forward(self, *inputs: Any, **options: Any) -> NoReturn:
        """Refuse to be called like one network.

        Raises:
            SettingsError: Says what to call instead.
        """
        raise SettingsError(
            f"a {type(self).__name__} is a distribution over networks and has no outputs of its "
            "own; call model.ensemble(n)(inputs), or model.predict_proba(inputs, networks)"
        )

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
        """Mean softmax of any number of freshly drawn networks, (B, ...) to (B, C).

        Args:
            inputs: (B, ...), or a dataset or loader, see :meth:`hypergan.Ensemble.predict`.
            networks: How many to draw.
            generator: Source of the draw; by default PyTorch's global one.
            batch_size: Inputs evaluated at once.
            at_once: Networks evaluated together. If :attr:`size` is None, no more are ever held in
                memory; otherwise all are drawn first, so that they are different.
            class_dim: The class axis, see :meth:`hypergan.Ensemble.predict_proba`.
            precision: Precision of matrix products, see :func:`hypergan.precision.products_in`.
            progress: Show a progress bar for every ``at_once`` networks.

        Raises:
            SettingsError: If ``networks`` or ``at_once`` is not an integer from 1, or ``networks``
                above :attr:`size`.
        """
        require_kinds(Posterior.predict_proba, {"networks": networks, "at_once": at_once})
        require_at_least(1, networks=networks, at_once=at_once)
        total = torch.zeros(())
        for part in self._parts(networks, at_once, generator):
            total = total + len(part) * part.predict_proba(
                inputs,
                batch_size=batch_size,
                class_dim=class_dim,
                precision=precision,
                progress=progress,
            )
        return total / networks

    def _parts(
        self, networks: int, at_once: int, generator: torch.Generator | None
    ) -> Iterator[Ensemble]:
        """Draw ``networks`` networks, in ensembles of at most ``at_once``."""
        starts = range(0, networks, at_once)
        if self.size is None:
            for start in starts:
                yield self.ensemble(min(at_once, networks - start), generator)
            return
        drawn = self.ensemble(networks, generator)
        for start in starts:
            yield drawn[start : start + at_once]

    def _check_count(self, n: int, more: str = "") -> None:
        """Refuse a number of networks that cannot be drawn.

        Args:
            n: The number.
            more: How to get more, if :attr:`size` limits them.

        Raises:
            SettingsError: If ``n`` is no integer, below 1, above :attr:`size`, or too many for the
                memory.
        """
        if type(n) is not int:  # some methods sample at every step
            require_kinds(Posterior._check_count, {"n": n})
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
            "draw fewer, or use predict_proba(inputs, networks), which holds few at a time",
        )

    def fingerprint(self) -> str:
        """The sha256 of all parameters and buffers: it identifies what a result was drawn from."""
        return fingerprint(self.state_dict())

    def save(self, path: str | Path) -> None:
        """Write the trained posterior as safetensors, with its constructor's arguments.

        Raises:
            SettingsError: If an argument is not one that a file can hold.
            StorageError: If the file cannot be written.
        """
        notes = {"class": type(self).__name__, "arguments": self.arguments}
        write_tensors(path, self.state_dict(), notes)

    def load(self, path: str | Path) -> None:
        """Load what :meth:`save` wrote for a posterior with the same target and arguments.

        Raises:
            RecordError: If the file is missing or damaged, or does not fit.
        """
        tensors, _ = read_tensors(path)
        fill(self, tensors, path)

    @classmethod
    def from_file(cls, path: str | Path, target: nn.Module) -> Self:
        """Rebuild the posterior that :meth:`save` wrote, with the same arguments.

        Args:
            path: The file.
            target: A module of the same architecture. Its values do not matter, except what its
                ``state_dict()`` leaves out, such as buffers with ``persistent=False``.

        Raises:
            RecordError: If the file is missing, damaged, or of another class or target.
        """
        _, notes = read_tensors(path)
        found = (notes or {}).get("class", "no posterior")
        if found != cls.__name__:
            raise RecordError(
                f"{path} holds {found} and not {cls.__name__}; read it with the class that saved "
                "it, or build one and use load(path)"
            )
        posterior = cls(target, **from_json(cls.__init__, notes["arguments"]))
        posterior.load(path)
        return posterior
