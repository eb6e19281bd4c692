"""Losses for the networks of a step, and ordinary ones applied to each of them.

A loss for :func:`hypergan.fit` maps outputs (N, B, ...) and targets (N, B, ...) of N networks to N
numbers. Two come with the package, :func:`hypergan.objective.cross_entropy` (classes on the last
axis) and :func:`hypergan.objective.mean_squared_error`; those of PyTorch, as modules or functions,
are applied to each network by itself:

===================================  =============================================================
For                                  ``loss=``
===================================  =============================================================
class weights, label smoothing       ``nn.CrossEntropyLoss(weight=..., label_smoothing=...)``
soft labels (B, C)                   ``nn.CrossEntropyLoss()``
labels to be ignored                 ``nn.CrossEntropyLoss(ignore_index=...)``
a label for each token, (B, T)       ``cross_entropy`` for outputs (B, T, C)
a label for each pixel, (B, H, W)    ``nn.CrossEntropyLoss()`` for outputs (B, C, H, W)
several yes-or-no questions          ``nn.BCEWithLogitsLoss()``
numbers, one or more                 ``mean_squared_error``, ``nn.L1Loss()``, ``nn.HuberLoss()``
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
    """A loss of one network, applied to each of N: outputs and targets (N, B, ...) to (N,)."""

    def __init__(self, loss: Callable[[Tensor, Tensor], Tensor]) -> None:
        self.loss = loss

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The loss of each network, (N,)."""
        pairs = zip(outputs, targets, strict=True)
        return torch.stack([self.loss(output, target) for output, target in pairs])

    @property
    def ignored(self) -> int | None:
        """The label that it leaves out, if it compares logits with labels."""
        source, options = _source(self.loss)
        if source is nn.CrossEntropyLoss:
            return int(getattr(self.loss, "ignore_index"))  # noqa: B009
        return int(options.get("ignore_index", -100)) if source is F.cross_entropy else None

    def require_shapes(self, outputs: Tensor, targets: Tensor) -> None:
        """Refuse targets that one of PyTorch's losses would broadcast.

        Raises:
            DataError: If each output would meet every target.
        """
        source, _ = _source(self.loss)
        own = getattr(source, "__module__", "").startswith("torch.nn")
        if own and source not in _TAKE_INDICES and outputs.shape != targets.shape:
            raise DataError(
                f"outputs {tuple(outputs.shape[1:])} and targets {tuple(targets.shape[1:])} differ "
                f"in shape, and {name_of(self.loss)} would compare each with all; give targets the "
                "shape of the network's outputs, (B, 1) for one number each"
            )


def per_network(loss: Callable[[Tensor, Tensor], Tensor]) -> PerNetwork:
    """A loss of N networks from one of a single network, (B, ...) and (B, ...) to a number."""
    return PerNetwork(loss)


def adapted(loss: Loss) -> Loss:
    """A loss as it is, or one of PyTorch's for each network by itself."""
    source, _ = _source(loss)
    return PerNetwork(loss) if getattr(source, "__module__", "").startswith("torch.nn") else loss


def class_dim(loss: Loss) -> int | None:
    """The axis of one network's outputs (B, ...) on which a loss has classes, if it has them."""
    if loss is cross_entropy:
        return -1
    return 1 if isinstance(loss, PerNetwork) and loss.ignored is not None else None


def has_labels(loss: Loss, targets: Tensor) -> bool:
    """Whether a loss takes these targets for class indices."""
    return class_dim(loss) is not None and not targets.is_floating_point()


def percent_right(loss: Loss, scores: Tensor, labels: Tensor) -> Tensor:
    """Share of labels with the highest score, in percent, without those that the loss ignores.

    Args:
        loss: A loss of classes.
        scores: (N, B, ...).
        labels: (N, B, ...), or what broadcasts to it.
    """
    right = scores.argmax(-1 if loss is cross_entropy else 2) == labels
    if not isinstance(loss, PerNetwork) or loss.ignored is None:
        return 100 * right.float().mean()
    kept = torch.ne(labels, loss.ignored).expand_as(right)
    return 100 * (right & kept).sum() / kept.sum()


def try_out(loss: Loss, outputs: Tensor, targets: Tensor) -> None:
    """Refuse a loss that does not give one number for each network.

    Args:
        loss: The loss.
        outputs: (N, B, ...) of some networks.
        targets: (N, B, ...).

    Raises:
        DataError: If outputs and targets are not what the loss takes.
        SettingsError: If it returns something else; the message says what to use.
    """
    if loss is cross_entropy:  # so that it looks at the labels
        outputs, targets = outputs.cpu(), targets.cpu()
    if isinstance(loss, PerNetwork):
        loss.require_shapes(outputs, targets)
    shapes = f"outputs {tuple(outputs.shape[1:])} and targets {tuple(targets.shape[1:])}"
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message="Using a target size")
            value = loss(outputs, targets)
    except HyperGANError:
        raise
    except (RuntimeError, ValueError, TypeError, IndexError, UserWarning) as error:
        raise DataError(
            f"{name_of(loss)} cannot compare {shapes} of {targets.dtype} ({error}); "
            "give targets that it takes, or a loss for these"
        ) from error
    found = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
    if found != (len(outputs),):
        raise SettingsError(
            f"{name_of(loss)} returns {found} for {len(outputs)} networks instead of "
            f"({len(outputs)},), a number for each; pass hypergan.losses.per_network(loss) for a "
            "loss that reduces the outputs of one network (B, ...) to a number, "
            "such as torch's with reduction='mean'"
        )


def name_of(loss: Any) -> str:
    """What a reader calls a loss."""
    source, _ = _source(loss.loss if isinstance(loss, PerNetwork) else loss)
    return str(getattr(source, "__name__", type(loss).__name__))


def _source(loss: Any) -> tuple[Any, dict[str, Any]]:
    """A loss's class if it is a module, else the function in it; and the arguments it binds."""
    options: dict[str, Any] = {}
    while isinstance(loss, partial):
        loss, options = loss.func, loss.keywords | options
    return (type(loss) if isinstance(loss, nn.Module) else loss), options
