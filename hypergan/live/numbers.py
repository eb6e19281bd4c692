"""A trained posterior as plain numbers: what a browser needs to draw networks.

Mixer and generators become dense layers, their batch normalisation folded in; a finite set of
networks becomes its weights. Matrices are rounded to 16 or 8 bits, with one unit per row.

Shapes: N networks, P weights.
"""

from collections.abc import Iterable, Mapping
from math import prod
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hypergan.errors import TargetError
from hypergan.forward import Weights
from hypergan.layers import Layer, layers_of
from hypergan.model import Generator, HyperGAN
from hypergan.posterior import Posterior
from hypergan.vectors import weights_of

Numbers = dict[str, Tensor]
"""Tensors by name; ``NAME.unit`` (rows,) belongs to a rounded ``NAME`` (rows, columns)."""

MEMBERS = "members"
"""Name of a finite set of networks' weights, (N, P)."""

KINDS = {8: torch.int8, 16: torch.int16}


def numbers_of(posterior: Posterior) -> Numbers:
    """The numbers that draw a posterior's networks, not rounded.

    Args:
        posterior: A trained HyperGAN, or a posterior that holds a finite set of networks.

    Raises:
        TargetError: If it is neither.
    """
    if isinstance(posterior, HyperGAN):
        numbers: Numbers = {}
        if posterior.mixer is not None:
            numbers |= _named("mixer", _folded(posterior.mixer))
        for index, generator in enumerate(posterior.generators):
            assert isinstance(generator, Generator)
            layers = _folded([*generator.features, generator.weights])
            numbers |= _named(f"generators.{index}", layers)
        return numbers
    if posterior.size is not None:
        weights = posterior.sample(posterior.size)
        return {MEMBERS: torch.cat([tensor.flatten(1) for tensor in weights.values()], dim=1)}
    raise TargetError(
        f"{type(posterior).__name__} draws its networks in its own way; "
        "live figures support HyperGAN, and methods that hold a finite set of networks"
    )


def _named(name: str, layers: list[tuple[Tensor, Tensor]]) -> Numbers:
    return {
        f"{name}.{index}.{key}": tensor
        for index, layer in enumerate(layers)
        for key, tensor in zip(("weight", "bias"), layer, strict=True)
    }


@torch.no_grad()
def _folded(modules: Iterable[nn.Module]) -> list[tuple[Tensor, Tensor]]:
    """Weights and biases of dense layers, with the batch normalisation after them folded in."""
    layers: list[tuple[Tensor, Tensor]] = []
    for module in modules:
        if isinstance(module, nn.Linear):
            layers.append((module.weight.detach(), module.bias.detach()))
        elif isinstance(module, nn.BatchNorm1d):
            mean, variance = module.running_mean, module.running_var
            assert mean is not None
            assert variance is not None
            factor = module.weight / (variance + module.eps).sqrt()
            weight, bias = layers.pop()
            layers.append((weight * factor.unsqueeze(1), (bias - mean) * factor + module.bias))
    return layers


def rounded(numbers: Mapping[str, Tensor], bits: int) -> Numbers:
    """Matrices rounded to integers of this many bits, each row in the smallest unit it fits in."""
    result: Numbers = {}
    most = 2 ** (bits - 1) - 1
    for name, tensor in numbers.items():
        if tensor.dim() < 2:
            result[name] = tensor
            continue
        unit = (tensor.abs().amax(1) / most).clamp_min(torch.finfo(torch.float32).tiny)
        result[name] = (tensor / unit.unsqueeze(1)).round().to(KINDS[bits])
        result[f"{name}.unit"] = unit
    return result


def restored(numbers: Mapping[str, Tensor]) -> Numbers:
    """Rounded numbers as floating ones again."""
    return {
        name: tensor * numbers[f"{name}.unit"].unsqueeze(1) if f"{name}.unit" in numbers else tensor
        for name, tensor in numbers.items()
        if not name.endswith(".unit")
    }


def noise_length(numbers: Mapping[str, Tensor], layers: list[Layer]) -> int:
    """How many standard normal numbers one network takes; 0 for a finite set."""
    if MEMBERS in numbers:
        return 0
    if "mixer.0.weight" in numbers:
        return numbers["mixer.0.weight"].shape[1]
    return len(layers) * numbers["generators.0.0.weight"].shape[1]


def networks(numbers: Mapping[str, Tensor], layers: list[Layer], noise: Tensor) -> Weights:
    """The networks that numbers make from noise (N, noise), or the finite set that they hold."""
    floats = restored(numbers)
    if MEMBERS in floats:
        return weights_of(floats[MEMBERS], layers)
    codes = _mlp(floats, "mixer", noise) if "mixer.0.weight" in floats else noise
    parts = codes.unflatten(1, (len(layers), -1)).unbind(1)
    weights: Weights = {}
    for index, (layer, own) in enumerate(zip(layers, parts, strict=True)):
        weights |= weights_of(_mlp(floats, f"generators.{index}", own), [layer])
    return weights


def _mlp(numbers: Numbers, name: str, rows: Tensor) -> Tensor:
    index = 0
    while f"{name}.{index}.weight" in numbers:
        rows = rows.relu() if index else rows
        rows = F.linear(rows, numbers[f"{name}.{index}.weight"], numbers[f"{name}.{index}.bias"])
        index += 1
    return rows


def steps_of(target: nn.Module, shape: tuple[int, ...]) -> list[dict[str, Any]]:
    """A target as the browser computes it: a list of steps, each with its weights' offset.

    Args:
        target: A plain stack of layers.
        shape: Shape of one input.

    Raises:
        TargetError: If it has a layer that the browser's core does not know.
    """
    places: dict[str, int] = {}
    begin = 0
    for layer in layers_of(target):
        for name, own in layer.shapes.items():
            places[name] = begin
            begin += prod(own)
    steps = []
    sample = torch.zeros(1, *shape)
    for name, module in target.named_children():
        step = _step(module, list(sample.shape[1:]))
        if step is not None and "outputs" in step:
            step |= {key: places.get(f"{name}.{key}") for key in ("weight", "bias")}
            step = None if step["weight"] is None else step
        if step is None:
            raise TargetError(
                f"{name!r} ({type(module).__name__}) is not supported by live figures; they draw "
                "stacks of generated dense layers and convolutions, max pooling and (leaky) ReLU"
            )
        steps += [step] if step else []
        sample = module(sample)
    return steps


def _step(module: nn.Module, shape: list[int]) -> dict[str, Any] | None:
    """One layer; empty if it leaves the numbers as they are, None if it is unknown."""
    match module:
        case nn.Flatten():
            return {}
        case nn.Linear():
            return {"kind": "dense", "outputs": module.out_features}
        case nn.ReLU():
            return {"kind": "leaky_relu", "slope": 0}
        case nn.LeakyReLU():
            return {"kind": "leaky_relu", "slope": module.negative_slope}
        case nn.Conv2d() if _is_plain(module):
            sizes = {"outputs": module.out_channels, "kernel": module.kernel_size[0]}
            return {"kind": "convolution", "input": shape} | sizes
        case nn.MaxPool2d() if _cuts_evenly(module):
            return {"kind": "max_pool", "input": shape, "size": module.kernel_size}
    return None


def _cuts_evenly(module: nn.MaxPool2d) -> bool:
    """Whether pooling cuts the input into squares that do not overlap, and drops the rest."""
    size = module.kernel_size
    whole = module.padding == 0 and module.dilation == 1 and not module.ceil_mode
    return isinstance(size, int) and module.stride == size and whole


def _is_plain(module: nn.Conv2d) -> bool:
    """Whether a convolution has a square kernel, steps of one, and neither padding nor groups."""
    high, wide = module.kernel_size
    steps = module.stride == module.dilation == (1, 1)
    return high == wide and steps and module.padding == (0, 0) and module.groups == 1
