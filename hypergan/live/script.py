"""Numbers as a classic script, which a page can load on a click, even from disk.

The script puts one entry into ``hypergan.numbers`` of the page, which the core's ``load`` reads.
"""

import base64
import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from torch import Tensor

from hypergan.experiments.records import Record
from hypergan.layers import layers_of
from hypergan.live.numbers import noise_length, steps_of
from hypergan.live.published import Drawable

SCRIPTS = files("hypergan.live") / "scripts"
"""The code of the pages."""

_SAID = ("method", "dataset", "seed", "profile", "changes", "commit", "task", "bits", "rounding")
"""What a page can say about where its numbers came from."""


def code(name: str) -> str:
    """A script or style sheet of the package."""
    return (SCRIPTS / name).read_text(encoding="utf-8")


def of_drawable(drawable: Drawable) -> str:
    """The script of a posterior's numbers."""
    target, made = drawable.target, drawable.made
    layers = layers_of(target)
    content = {name: made[name] for name in _SAID if name in made} | {
        "noise": noise_length(drawable.numbers, layers),
        "layers": [layer.size for layer in layers],
        "weights": sum(layer.size for layer in layers),
        "target": steps_of(target, tuple(made["task"]["shape"])),
        "tensors": encoded(drawable.numbers),
    }
    return entry(drawable.cell.name, content)


def origin(record: Record) -> dict[str, Any]:
    """Where a record's own numbers came from."""
    names = ("method", "dataset", "seed", "profile", "commit")
    return {name: getattr(record, name) for name in names} | {"changes": ""}


def entry(name: str, content: dict[str, Any]) -> str:
    """A script with one entry."""
    text = json.dumps(content, separators=(",", ":"))
    return (
        f"(globalThis.hypergan=globalThis.hypergan||{{numbers:{{}}}}).numbers[{json.dumps(name)}]="
        f"{text};\n"
    )


def encoded(numbers: Mapping[str, Tensor]) -> dict[str, dict[str, Any]]:
    """Tensors by name as the core's ``decode`` reads them; floating-point ones have 32 bits."""
    result = {}
    for name, tensor in numbers.items():
        if name.endswith(".unit"):
            continue
        values = tensor.float() if tensor.is_floating_point() else tensor
        result[name] = {"values": _base64(values), "bits": 8 * values.element_size()}
        if f"{name}.unit" in numbers:
            result[name]["units"] = _base64(numbers[f"{name}.unit"].float())
    return result


def _base64(tensor: Tensor) -> str:
    """Little-endian, as every browser's machine has it."""
    array = tensor.contiguous().numpy()
    return base64.b64encode(array.astype(array.dtype.newbyteorder("<")).tobytes()).decode()
