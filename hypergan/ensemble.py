"""Many networks of one architecture, evaluated together.

Shapes: N networks, B inputs, C classes.
"""

import copy
from collections.abc import Iterator
from functools import partial
from itertools import repeat

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from hypergan.errors import TargetError
from hypergan.first_layer import FirstLayer
from hypergan.layers import layers_of
from hypergan.memory import keep_freed_memory
from hypergan.precision import products_in, require_precision

Weights = dict[str, Tensor]
"""Each generated parameter of N networks, ``(N, *shape)``, by its name in the target."""


def forward_networks(
    target: nn.Module, weights: Weights, inputs: Tensor, *, shared: bool = True
) -> Tensor:
    """Outputs of N networks, differentiable in the weights and in the inputs.

    Args:
        target: The architecture; what ``weights`` does not name keeps the target's own value.
        weights: Parameters of N networks.
        inputs: (B, ...) where all networks see the same inputs, (N, B, ...) where each has its own.
        shared: Which of the two.

    Returns:
        Outputs, (N, B, ...).
    """
    weights = _under_all_names(target, weights)
    call = partial(functional_call, target, tie_weights=False)
    if _is_dense(target):
        in_dims = (0, None if shared else 0)
        outputs = vmap(call, in_dims=in_dims, randomness="different")(weights, inputs)
    else:
        outputs = _one_after_another(target, weights, inputs, shared=shared)
    reduced = torch.is_autocast_enabled(inputs.device.type) and outputs.dtype == torch.bfloat16
    return outputs.float() if reduced else outputs  # what is summed over them is not rounded


def _one_after_another(
    target: nn.Module, weights: Weights, inputs: Tensor, *, shared: bool
) -> Tensor:
    """Outputs of N networks, each on its own; see :func:`forward_networks`."""
    inputs = _channels_last(inputs, image_dims=4 if shared else 5)
    count = len(next(iter(weights.values())))
    networks, batches = networks_of(weights), repeat(inputs, count) if shared else iter(inputs)
    first = FirstLayer.of(target, weights) if shared and inputs.requires_grad else None
    if first is not None:
        target = first.rest
        networks, batches = networks_of(first.others(weights)), first.outputs(weights, inputs)
    call = partial(functional_call, target, tie_weights=False)
    return torch.stack([call(*pair) for pair in zip(networks, batches, strict=True)])


def networks_of(weights: Weights) -> Iterator[Weights]:
    """The weights of each network in turn."""
    for tensors in zip(*(tensor.unbind() for tensor in weights.values()), strict=True):
        yield dict(zip(weights, tensors, strict=True))


def _under_all_names(target: nn.Module, weights: Weights) -> Weights:
    """The weights by every name under which a module has them: a tied one has several.

    PyTorch's own ``tie_weights`` also names a module that is used twice twice, and then leaves the
    generated weights behind in it.
    """
    first: dict[int, str] = {}
    named: Weights = {}
    for name, module in target.named_modules():
        for own_name, parameter in module.named_parameters(recurse=False):
            full = f"{name}.{own_name}" if name else own_name
            source = first.setdefault(id(parameter), full)
            if source in weights:
                named[full] = weights[source]
    return named


def _is_dense(target: nn.Module) -> bool:
    """Whether the target is a plain stack of dense layers: batched matrix products under vmap.

    Convolutions are not: on CPU their batched form is 5-10 times slower than one network after
    another. Nor is a module with a forward of its own, which vmap may not be able to follow.
    """
    for module in target.modules():
        if isinstance(module, nn.Sequential | nn.Linear):
            continue
        has_weights = next(module.parameters(recurse=False), None) is not None
        if has_weights or not type(module).__module__.startswith("torch.nn.modules."):
            return False
    return True


def _channels_last(inputs: Tensor, image_dims: int) -> Tensor:
    """Images in the layout in which CPU convolutions and pooling are several times faster.

    For images of one channel the two layouts hold the same bytes and PyTorch guesses from the
    strides, wrongly: its own conversion does nothing, so the strides are given here.
    """
    if inputs.dim() != image_dims or inputs.device.type != "cpu":
        return inputs
    *leading, channels, height, width = range(image_dims)
    layout = (*leading, height, width, channels)
    return torch.empty_permuted(inputs.shape, layout, dtype=inputs.dtype).copy_(inputs)


class Ensemble(nn.Module):
    """N fixed networks; the draw does not change from one call to the next.

    Indexing gives a network as a plain module: ``ensemble[3]``.

    Args:
        target: The architecture; it is copied and put in evaluation mode.
        weights: Each parameter of N networks, ``(N, *shape)``, by its name in
            ``target.named_parameters()``, as :meth:`hypergan.HyperGAN.sample` draws them.

    Raises:
        TargetError: If the weights do not belong to the target.
    """

    def __init__(self, target: nn.Module, weights: Weights) -> None:
        super().__init__()
        _check(target, weights)
        self.target = copy.deepcopy(target).eval()
        self._names = list(weights)
        for index, tensor in enumerate(weights.values()):
            self.register_buffer(f"_weights_{index}", tensor)

    @property
    def weights(self) -> Weights:
        """The parameters of the N networks, ``(N, *shape)``."""
        return {name: getattr(self, f"_weights_{i}") for i, name in enumerate(self._names)}

    def __len__(self) -> int:
        """Number of networks."""
        return len(next(iter(self.weights.values())))

    def __getitem__(self, index: int) -> nn.Module:
        """One network as a plain module of its own.

        Raises:
            IndexError: If there are fewer networks.
        """
        network = copy.deepcopy(self.target)
        weights = {name: tensor[index].detach() for name, tensor in self.weights.items()}
        network.load_state_dict(weights, strict=False)  # tied and frozen parameters are left out
        return network

    def forward(self, inputs: Tensor) -> Tensor:
        """Outputs of all networks: (B, ...) to (N, B, ...), differentiable in the inputs."""
        return forward_networks(self.target, self.weights, inputs)

    def predict(
        self, inputs: Tensor, batch_size: int = 100, *, precision: str = "float32"
    ) -> Tensor:
        """Outputs of all networks, (N, B, ...), a batch of inputs at a time, without gradients.

        Args:
            inputs: (B, ...); they may lie on another device, and the outputs come back to it.
            batch_size: Inputs that pass all networks at once.
            precision: Of matrix products, see :func:`hypergan.precision.products_in`.
        """
        return torch.cat(list(self._outputs(inputs, batch_size, precision)), dim=1)

    def predict_proba(
        self, inputs: Tensor, batch_size: int = 100, *, precision: str = "auto"
    ) -> Tensor:
        r"""Mean softmax of all networks, (B, ...) to (B, C).

        The scoring rule of section 4.2, :math:`p(y|x) = \frac1N \sum_n p_n(y|x, \theta_n)`.
        """
        batches = self._outputs(inputs, batch_size, precision)
        return torch.cat([outputs.softmax(-1).mean(0) for outputs in batches])

    @torch.no_grad()
    def _outputs(self, inputs: Tensor, batch_size: int, precision: str) -> Iterator[Tensor]:
        """Outputs of all networks, (N, B, ...), for one batch after another."""
        require_precision(precision)
        keep_freed_memory()
        device = next(iter(self.weights.values())).device
        for batch in inputs.split(batch_size):
            with products_in(precision, device):
                outputs = self(batch.to(device))
            yield outputs.to(inputs.device)


def _check(target: nn.Module, weights: Weights) -> None:
    """Refuse weights that lack a parameter, name another, or have other shapes."""
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
            + ("; ".join(wrong) or f"numbers of networks {sorted(counts)}, expected one above 0")
        )
