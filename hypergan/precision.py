"""Reduced precision: matrix products in bfloat16 where the hardware is made for them."""

import torch

from hypergan.errors import SettingsError

PRECISIONS = ("auto", "float32", "bfloat16")


def require_precision(name: str) -> None:
    """Refuse an unknown precision.

    Raises:
        SettingsError: The message lists the known ones.
    """
    if name not in PRECISIONS:
        raise SettingsError(f"unknown precision {name!r}; choose one of {', '.join(PRECISIONS)}")


def products_in(precision: str, device: torch.device) -> torch.autocast:
    """A context in which convolutions and matrix products are computed in a precision.

    Weights, sums and everything else stay as they are. "auto" is bfloat16, whose products keep
    three digits, on a device that multiplies it several times faster than float32.
    """
    reduced = precision == "bfloat16" or (precision == "auto" and _is_fast(device))
    return torch.autocast(device.type, torch.bfloat16, enabled=reduced)


def _is_fast(device: torch.device) -> bool:
    """Whether a device has matrix units for bfloat16."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and torch.cpu._is_amx_tile_supported()
