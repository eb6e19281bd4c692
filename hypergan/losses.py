"""Losses of several networks at once, and ordinary losses applied to each network.

A loss for :func:`hypergan.fit` maps outputs (N, B, ...) and targets (N, B, ...) of N networks to N
numbers. Two come with the package, :func:`hypergan.objective.cross_entropy` (classes on the last
axis) and :func:`hypergan.objective.mean_squared_error`; those of PyTorch, as modules or functions,
are applied to each network separately:

===================================  =============================================================
For                                  ``loss=``
===================================  =============================================================
class weights, label smoothing       ``nn.CrossEntropyLoss(weight=..., label_smoothing=...)``
soft labels (B, C)                   ``nn.CrossEntropyLoss()``
labels to ignore                     ``nn.CrossEntropyLoss(ignore_index=...)``
one label per token, (B, T)          ``cross_entropy`` for outputs (B, T, C)
one label per pixel, (B, H, W)       ``nn.CrossEntropyLoss()`` for outputs (B, C, H, W)
several labels per input (B, C)      ``nn.BCEWithLogitsLoss()``
regression                           ``mean_squared_error``, ``nn.L1Loss()``, ``nn.HuberLoss()``
anything else                        ``per_network(loss)`` for your loss of one network
===================================  =============================================================
"""

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hypergan.errors import DataError, HyperGANError, SettingsError
from hypergan.objective import Loss, cross_entropy

_TAKE_INDICES = (
    nn.CrossEntropyLoss, nn.NLLLoss, nn.MultiMarginLoss,
    F.cross_entropy, F.nll_loss, F.multi_margin_loss,
)  # fmt: skip
"""PyTorch's losses whose targets may have another shape than the outputs."""


class PerNetwork:
    """Applies a loss of one network to each of N: outputs and targets (N, B, ...) to (N,)."""

    def __init__(self, loss: Callable[[Tensor, Tensor], Tensor]) -> None:
        self.loss = loss

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The loss of each network, (N,).

        Raises:
            DataError: If a label is out of range.
        """
        pairs = zip(outputs, targets, strict=True)
        try:
            return torch.stack([self.loss(output, target) for output, target in pairs])
        except IndexError as error:
            raise DataError(_unreadable(self.loss, f" ({error})")) from error

    @property
    def ignored(self) -> int | None:
        """The label that a cross entropy ignores; None for other losses."""
        source, options = _source(self.loss)
        if source is nn.CrossEntropyLoss:
            return int(getattr(self.loss, "ignore_index"))  # noqa: B009
        return int(options.get("ignore_index", -100)) if source is F.cross_entropy else None

    def require_shapes(self, outputs: Tensor, targets: Tensor) -> None:
        """Refuse targets that one of PyTorch's losses would broadcast.

        Raises:
            DataError: If every output would be compared with every target.
        """
        source, _ = _source(self.loss)
        own = getattr(source, "__module__", "").startswith("torch.nn")
        if own and source not in _TAKE_INDICES and outputs.shape != targets.shape:
            raise DataError(
                f"outputs {tuple(outputs.shape[1:])} and targets {tuple(targets.shape[1:])} differ "
                f"in shape, and {name_of(self.loss)} would compare each with all; give targets the "
                "shape of the network's outputs, (B, 1) for one number per input"
            )

    def require_labels(self, outputs: Tensor, targets: Tensor) -> None:
        """Refuse labels that a cross entropy does not know, at which a GPU would stop for good.

        Raises:
            DataError: If they have another shape, or one that it does not ignore is out of range.
        """
        ignored = self.ignored
        if ignored is None or outputs.dim() < 3 or targets.is_floating_point():
            return
        expected = outputs.shape[:2] + outputs.shape[3:]
        if targets.shape != expected:
            raise DataError(
                f"labels {tuple(targets.shape[1:])} are not those of outputs "
                f"{tuple(outputs.shape[1:])}; give one class index for each, "
                f"{tuple(expected[1:])}, or floats for soft labels"
            )
        classes, labels = outputs.shape[2], targets[torch.ne(targets, ignored)]
        if len(wrong := labels[(labels < 0) | (labels >= classes)]):
            raise DataError(_unreadable(self.loss, f", {int(wrong[0])}") + f", {classes - 1}")


def _unreadable(loss: Loss, label: str) -> str:
    return (
        f"{name_of(loss)} cannot read a label{label}; labels run from 0 to the number of classes "
        "less 1"
    )


def per_network(loss: Callable[[Tensor, Tensor], Tensor]) -> PerNetwork:
    """Make a loss of N networks from one of a single network, (B, ...) and (B, ...) to a number.

    >>> loss = per_network(nn.L1Loss())
    >>> loss(torch.zeros(3, 5), torch.ones(3, 5))
    tensor([1., 1., 1.])
    """
    return PerNetwork(loss)


def adapted(loss: Loss) -> Loss:
    """Apply a loss of PyTorch to each network separately; return any other loss unchanged.

    Raises:
        SettingsError: If it is no function.
    """
    if isinstance(loss, type) or not callable(loss):
        wanted = f"{loss.__name__}()" if isinstance(loss, type) else "a function or torch.nn's loss"
        raise SettingsError(f"loss is {loss!r}; give {wanted}")
    source, _ = _source(loss)
    return PerNetwork(loss) if getattr(source, "__module__", "").startswith("torch.nn") else loss


def class_dim(loss: Loss) -> int | None:
    """Class axis of one network's outputs (B, ...) for a loss; None if it has no classes."""
    if loss is cross_entropy:
        return -1
    return 1 if ignores(loss) else None


def has_labels(loss: Loss, targets: Tensor) -> bool:
    """Whether a loss reads these targets as class indices."""
    return class_dim(loss) is not None and not targets.is_floating_point()


def _ignored(loss: Loss) -> int | None:
    """The label that a loss leaves out; None if it has no classes or is our cross entropy."""
    return loss.ignored if isinstance(loss, PerNetwork) else None


def ignores(loss: Loss) -> bool:
    """Whether a loss leaves out inputs with a certain label."""
    return _ignored(loss) is not None


def kept_labels(loss: Loss, labels: Tensor) -> int:
    """Number of labels that the loss does not ignore."""
    ignored = _ignored(loss)
    return labels.numel() if ignored is None else int(torch.ne(labels, ignored).sum())


def percent_right(loss: Loss, scores: Tensor, labels: Tensor) -> Tensor:
    """Accuracy in percent, without the labels that the loss ignores.

    Args:
        loss: A loss of classes.
        scores: (N, B, ...).
        labels: (N, B, ...), or broadcastable to it.
    """
    right = scores.argmax(-1 if loss is cross_entropy else 2) == labels
    ignored = _ignored(loss)
    if ignored is None:
        return 100 * right.float().mean()
    kept = torch.ne(labels, ignored).expand_as(right)
    return 100 * (right & kept).sum() / kept.sum()


def try_out(loss: Loss, outputs: Tensor, targets: Tensor) -> Tensor:
    """A loss of some networks, (N,), or an error if it is not one number per network.

    Args:
        loss: The loss.
        outputs: (N, B, ...) of some networks.
        targets: (N, B, ...).

    Raises:
        DataError: If the loss does not accept these outputs and targets.
        SettingsError: If it returns something else; the message says what to use.
    """
    if loss is cross_entropy:  # on a GPU it does not check the labels
        outputs, targets = outputs.cpu(), targets.cpu()
    if isinstance(loss, PerNetwork):
        loss.require_shapes(outputs, targets)
        loss.require_labels(outputs, targets)
    shapes = f"outputs {tuple(outputs.shape[1:])} and targets {tuple(targets.shape[1:])}"
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message="Using a target size")
            value = loss(outputs, targets)
    except HyperGANError:
        raise
    except (RuntimeError, ValueError, TypeError, IndexError, UserWarning) as error:
        raise DataError(
            f"{name_of(loss)} cannot compare {shapes} of {targets.dtype} ({error}); give targets "
            "that it accepts, another loss or, if it is made for the outputs of one network, "
            "hypergan.losses.per_network(loss)"
        ) from error
    found = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
    if found != (len(outputs),):
        raise SettingsError(
            f"{name_of(loss)} returns {found} for {len(outputs)} networks instead of "
            f"({len(outputs)},), one number each; pass hypergan.losses.per_network(loss) for a "
            "loss that reduces the outputs of one network (B, ...) to a number, "
            "such as torch's with reduction='mean'"
        )
    return value


def name_of(loss: Any) -> str:
    """A loss's name in messages."""
    source, _ = _source(loss.loss if isinstance(loss, PerNetwork) else loss)
    return str(getattr(source, "__name__", type(loss).__name__))


def _source(loss: Any) -> tuple[Any, dict[str, Any]]:
    """A loss module's class, or the function inside a ``partial``, and the arguments it binds."""
    options: dict[str, Any] = {}
    while isinstance(loss, partial):
        loss, options = loss.func, loss.keywords | options
    return (type(loss) if isinstance(loss, nn.Module) else loss), options
