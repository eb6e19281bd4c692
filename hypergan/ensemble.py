"""Many networks of one architecture, evaluated together.

Shapes: N networks, B inputs, C classes.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self, overload

import torch
from torch import Tensor, nn

from hypergan.batches import Data, count, inputs_of
from hypergan.errors import DataError, RecordError, TargetError, require_at_least
from hypergan.forward import Weights, explained, forward_networks
from hypergan.kinds import require_kinds
from hypergan.layers import layers_of, structure_of
from hypergan.precision import Precision, products_in
from hypergan.progress import progress_bar
from hypergan.storage import fill, read_tensors, write_tensors


class Ensemble(nn.Module):
    """N fixed networks: every call evaluates the same ones.

    Indexing gives one network as a plain module, ``ensemble[3]``, or a smaller ensemble,
    ``ensemble[:10]`` or ``ensemble[[0, 2]]``. Threads may share an ensemble.

    >>> weights = {"weight": torch.randn(4, 3, 2), "bias": torch.zeros(4, 3)}
    >>> ensemble = Ensemble(nn.Linear(2, 3), weights)
    >>> ensemble(torch.ones(5, 2)).shape, ensemble.predict_proba(torch.ones(5, 2)).shape
    (torch.Size([4, 5, 3]), torch.Size([5, 3]))

    Args:
        target: The architecture. A copy of it is kept, always in evaluation mode.
        weights: Each parameter of N networks, ``(N, *shape)``, by its name in
            ``target.named_parameters()``, as :meth:`hypergan.HyperGAN.sample` draws them.

    Raises:
        TargetError: If the weights do not belong to the target.
    """

    def __init__(self, target: nn.Module, weights: Weights) -> None:
        super().__init__()
        _check(target, weights)
        self._hold(copy.deepcopy(target).eval(), weights)

    def _hold(self, target: nn.Module, weights: Weights) -> None:
        self.target = target
        self._names = list(weights)
        for index, tensor in enumerate(weights.values()):
            self.register_buffer(f"_weights_{index}", tensor)

    def train(self, mode: bool = True) -> Self:
        """Leave the networks in evaluation mode: dropout would change them."""
        super().train(mode)
        self.target.eval()
        return self

    @property
    def weights(self) -> Weights:
        """The parameters of the N networks, ``(N, *shape)``."""
        return {name: getattr(self, f"_weights_{i}") for i, name in enumerate(self._names)}

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        return self._like.device

    @property
    def dtype(self) -> torch.dtype:
        """The type of the weights."""
        return self._like.dtype

    @property
    def _like(self) -> Tensor:
        return next(iter(self.weights.values()))

    def __len__(self) -> int:
        """Number of networks."""
        return len(self._like)

    @overload
    def __getitem__(self, index: int) -> nn.Module: ...

    @overload
    def __getitem__(self, index: slice | Sequence[int] | Tensor) -> "Ensemble": ...

    def __getitem__(self, index: Any) -> "nn.Module | Ensemble":
        """One network as a plain module, or several as an ensemble.

        Raises:
            IndexError: If there is no such network.
            TargetError: If a slice or list is empty.
        """
        if isinstance(index, slice | list | tuple | range) or getattr(index, "ndim", 0) > 0:
            return self._part(index)
        network = copy.deepcopy(self.target)
        weights = {name: tensor[index].detach() for name, tensor in self.weights.items()}
        network.load_state_dict(weights, strict=False)  # tied and frozen parameters are left out
        return network

    def _part(self, which: slice | Sequence[int] | Tensor) -> "Ensemble":
        """An ensemble of some of the networks; a slice shares their tensors."""
        if not isinstance(which, slice):
            which = which.tolist() if hasattr(which, "tolist") else list(which)
        weights = {name: tensor[which] for name, tensor in self.weights.items()}
        if not len(next(iter(weights.values()))):
            raise TargetError(f"no network of the {len(self)} is in {which}; ask for one or more")
        part = Ensemble.__new__(Ensemble)
        nn.Module.__init__(part)
        part._hold(self.target, weights)
        return part

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Move or convert this ensemble, but not those that it shares a target with."""
        kept = {id(p): nn.Parameter(p.detach(), p.requires_grad) for p in self.target.parameters()}
        shared = {id(buffer): buffer for buffer in self.target.buffers()}
        self.target = copy.deepcopy(self.target, {**kept, **shared})
        return super()._apply(fn, recurse)

    def forward(self, inputs: Tensor) -> Tensor:
        """Outputs of all networks: (B, ...) to (N, B, ...), differentiable in the inputs."""
        # A call puts weights into the module it runs; a copy per call keeps threads apart.
        compiling = torch.compiler.is_compiling()
        target = self.target if compiling else structure_of(self.target)
        return forward_networks(target, self.weights, inputs)

    def predict(
        self,
        inputs: Tensor | Data,
        *,
        batch_size: int = 100,
        precision: Precision = "float32",
        progress: bool = False,
    ) -> Tensor:
        """Outputs of all networks, (N, B, ...), without gradients, batch by batch.

        Args:
            inputs: (B, ...), or a dataset or loader whose items begin with the inputs. They may be
                on another device, and the outputs return to it.
            batch_size: Inputs evaluated at once; a loader uses its own.
            precision: Precision of matrix products, see :func:`hypergan.precision.products_in`.
            progress: Show a progress bar.

        Raises:
            DataError: If the networks do not accept the inputs, or there are none.
            SettingsError: If a loader shuffles its inputs, or ``batch_size`` is below 1.
        """
        return torch.cat(list(self._outputs(inputs, batch_size, precision, progress)), dim=1)

    def predict_proba(
        self,
        inputs: Tensor | Data,
        *,
        batch_size: int = 100,
        class_dim: int | None = None,
        precision: Precision = "auto",
        progress: bool = False,
    ) -> Tensor:
        r"""Mean softmax of all networks, (B, ...) to (B, C).

        The scoring rule of section 4.2, :math:`p(y|x) = \frac1N \sum_n p_n(y|x, \theta_n)`.

        Args:
            inputs: As for :meth:`predict`.
            batch_size: Inputs evaluated at once.
            class_dim: Class axis of a network's outputs, if they are not (B, C): 1 for images
                (B, C, H, W), -1 for sequences (B, T, C).
            precision: Precision of matrix products, see :func:`hypergan.precision.products_in`.
            progress: Show a progress bar.

        Raises:
            DataError: If the networks do not accept the inputs, or there are none.
            SettingsError: If a loader shuffles its inputs, or ``batch_size`` is below 1.
            TargetError: If the class axis is ambiguous, or there is only one class.
        """
        batches = self._outputs(inputs, batch_size, precision, progress)
        dim = -1 if class_dim is None else class_dim
        axis = dim if dim < 0 else dim + 1  # after the axis of networks
        means = []
        for outputs in batches:
            _require_classes(outputs, class_dim, axis)
            means.append(outputs.softmax(axis).mean(0))
        return torch.cat(means)

    @torch.no_grad()
    def _outputs(
        self, inputs: Tensor | Data, batch_size: int, precision: Precision, progress: bool
    ) -> Iterator[Tensor]:
        """Yield the outputs of all networks, (N, B, ...), batch by batch."""
        require_kinds(Ensemble._outputs, {"precision": precision, "batch_size": batch_size})
        require_at_least(1, batch_size=batch_size)
        total, before = count(inputs, batch_size), self._like.new_empty(0)
        for batch in progress_bar(
            progress, iterable=inputs_of(inputs, batch_size), total=total, unit="batch"
        ):
            with products_in(precision, self.device), explained(self.target, batch, self.dtype):
                outputs = self._after(before, batch.to(self.device))
            yield outputs.to(batch.device)
            before = batch.to(self.device)

    def _after(self, before: Tensor, batch: Tensor) -> Tensor:
        """Outputs for a batch; a single input that cannot be normalised joins those before it."""
        try:
            return self(batch)
        except DataError:
            if len(batch) > 1 or not len(before):
                raise
        return self(torch.cat([before, batch]))[:, len(before) :]

    def save(self, path: str | Path) -> None:
        """Write the networks as safetensors, with the target's frozen parameters and buffers.

        Raises:
            StorageError: If the file cannot be written.
        """
        held = {f"target.{k}": v for k, v in self.target.state_dict().items()}
        write_tensors(path, held | {f"weights.{k}": v for k, v in self.weights.items()}, None)

    @classmethod
    def load(cls, path: str | Path, target: nn.Module) -> "Ensemble":
        """Read an ensemble that :meth:`save` wrote.

        Args:
            path: The file.
            target: A module of the same architecture. Its values do not matter, except what its
                ``state_dict()`` leaves out, such as buffers with ``persistent=False``.

        Raises:
            RecordError: If the file is missing, damaged, or of another architecture.
        """
        tensors, notes = read_tensors(path)
        if kind := (notes or {}).get("class"):
            raise RecordError(
                f"{path} holds a whole {kind} and not an ensemble; read it with "
                f"{kind}.from_file(path, target), and draw networks with its ensemble(n)"
            )
        parts: dict[str, Weights] = {"target": {}, "weights": {}}
        for name, tensor in tensors.items():
            part, _, own_name = name.partition(".")
            parts.setdefault(part, {})[own_name] = tensor
        target = copy.deepcopy(target)
        fill(target, parts["target"], path)
        return cls(target, parts["weights"])


def _require_classes(outputs: Tensor, class_dim: int | None, axis: int) -> None:
    """Refuse outputs (N, B, ...) without a clear class axis."""
    shape = f"(B, {', '.join(map(str, outputs.shape[2:]))})" if outputs.dim() > 2 else "(B,)"
    if class_dim is None and outputs.dim() != 3:
        raise TargetError(
            f"a network's outputs are {shape}, not (B, C); name the class axis, for example "
            "predict_proba(inputs, class_dim=1) for images (B, C, H, W), or use predict(inputs)"
        )
    if not -outputs.dim() + 2 <= axis < outputs.dim() or axis in (0, 1):
        raise TargetError(
            f"class_dim={class_dim} is not a class axis of outputs {shape}; count from the batch, "
            "which is axis 0"
        )
    if outputs.shape[axis] == 1:
        raise TargetError(
            f"a network's outputs are {shape}: a single class always has probability 1; give it "
            "two outputs, or for one logit use predict(inputs).sigmoid().mean(0)"
        )


def _check(target: nn.Module, weights: Weights) -> None:
    """Refuse weights whose names or shapes are not those of the target."""
    shapes = {name: shape for layer in layers_of(target) for name, shape in layer.shapes.items()}
    odd = sorted(shapes.keys() ^ weights.keys())
    if odd:
        raise TargetError(
            f"the weights and {type(target).__name__} differ in {', '.join(odd)}; "
            "pass what model.sample(n) drew for this target"
        )
    counts = {len(tensor) if tensor.dim() else 0 for tensor in weights.values()}
    wrong = [
        f"{name} {tuple(tensor.shape)} instead of (N, {', '.join(map(str, shapes[name]))})"
        for name, tensor in weights.items()
        if tuple(tensor.shape[1:]) != shapes[name]
    ]
    if wrong or len(counts) != 1 or counts == {0}:
        raise TargetError(
            f"the weights do not fit {type(target).__name__}: "
            + ("; ".join(wrong) or f"numbers of networks {sorted(counts)} instead of one above 0")
        )
