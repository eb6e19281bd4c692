"""Tensors in files, written whole or not at all, with a checksum, and read into modules."""

import hashlib
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from hypergan.errors import RecordError, SettingsError
from hypergan.paths import write_whole

_KEY = "hypergan"
"""The only key of a file's metadata: several would be written in random order."""


def as_json(notes: Any) -> str:
    """Notes or settings as JSON; NumPy's numbers are written like Python's.

    Raises:
        SettingsError: If they hold something that JSON cannot.
    """
    return json.dumps(notes, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray | Tensor):
        return value.tolist()
    raise SettingsError(
        f"a setting is a {type(value).__name__}, which no file can hold; give numbers, words, or "
        "lists of them"
    )


def fingerprint(tensors: dict[str, Tensor], notes: str = "") -> str:
    """The sha256 of tensors with their names, and of the notes on them.

    Raises:
        SettingsError: If one is no tensor, but extra state of a module.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        if not isinstance(tensor, Tensor):
            raise SettingsError(
                f"{name} is a {type(tensor).__name__}, which a file of tensors cannot hold; keep "
                "in buffers what the target's get_extra_state returns"
            )
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        values = tensor.detach().cpu().contiguous().flatten()
        digest.update(values.view(torch.uint8).numpy().tobytes())
    digest.update(notes.encode())
    return digest.hexdigest()


def write_tensors(path: str | Path, tensors: dict[str, Tensor], notes: Any) -> None:
    """Write tensors as safetensors; those that share memory are written separately.

    Args:
        path: The file.
        tensors: What to write.
        notes: Metadata, see :func:`as_json`.

    Raises:
        SettingsError: If JSON cannot hold the notes.
        StorageError: If the file cannot be written.
    """

    def save(temporary: Path) -> None:
        layout = torch.contiguous_format
        sealed = {"sha256": fingerprint(tensors, as_json(notes)), "notes": notes}
        apart = {name: t.detach().clone(memory_format=layout) for name, t in tensors.items()}
        try:
            save_file(apart, temporary, metadata={_KEY: as_json(sealed)})
        except SafetensorError as error:  # how it reports a full disk
            raise OSError(str(error)) from error

    write_whole(Path(path), save)


def read_tensors(path: str | Path) -> tuple[dict[str, Tensor], Any]:
    """Read the tensors and notes that :func:`write_tensors` wrote; notes may be None.

    Files of earlier versions have no checksum and are read without it.

    Raises:
        RecordError: If the file is missing or damaged.
    """
    try:
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            notes = json.loads((file.metadata() or {}).get(_KEY, "null"))
        if not isinstance(notes, dict | None):
            raise ValueError("its metadata are not those of this package")
        if notes and "sha256" in notes:
            if fingerprint(tensors, json.dumps(notes["notes"])) != notes["sha256"]:
                raise ValueError("its content does not match its checksum")
            notes = notes["notes"]
        return tensors, notes
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise RecordError(f"{path} cannot be read ({error}); train it again and save it") from error


def fill(module: nn.Module, tensors: dict[str, Tensor], path: str | Path) -> None:
    """Load a file's tensors into a module; a tensor with several names needs only one of them.

    Raises:
        RecordError: If the file belongs to another kind of module.
    """
    own, names = module.state_dict(keep_vars=True), defaultdict(set)
    for name, tensor in own.items():
        names[id(tensor)].add(name)
    alone = [min(same) for same in names.values() if not same & tensors.keys()]
    other = [n for n, tensor in tensors.items() if n not in own or own[n].shape != tensor.shape]
    if odd := sorted(alone + other):
        raise RecordError(
            f"{path} does not hold this {type(module).__name__} (they differ in "
            f"{', '.join(odd[:5])}); train it again, or build it with the target and settings it "
            "was saved with"
        )
    module.load_state_dict(tensors, strict=False)
