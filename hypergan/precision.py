"""Reduced precision: matrix products in bfloat16 where the hardware has instructions for them."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Literal

import torch

Precision = Literal["auto", "float32", "bfloat16"]
"""Precision of products; "auto" is bfloat16 on a device with instructions for it."""


def products_in(precision: Precision, device: torch.device) -> torch.autocast:
    """A context in which convolutions and matrix products are computed in the given precision.

    Weights, sums and everything else keep theirs. "auto" is bfloat16, which keeps about three
    digits, on a device with instructions for it. PyTorch rounds the factors of float32 convolutions
    on a GPU to as many (TF32), unless :func:`forbid_tf32` was called.
    """
    return torch.autocast(device.type, torch.bfloat16, enabled=reduces(precision, device))


def forbid_tf32() -> None:
    """Have float32 convolutions on a GPU round nothing, as elsewhere.

    It is a setting of the whole process, so that the experiments ask for it and the library does
    not.
    """
    torch.backends.cudnn.allow_tf32 = False


@contextmanager
def factors_in(precision: Precision, device: torch.device) -> Iterator[None]:
    """A context in which products of float32 matrices may round their factors, but not their sums.

    It serves products outside :func:`products_in`, whose sums must stay exact, and those of the
    backward pass. On one core with AVX-512 alone it halves the time of a generator's last layer
    with 5 codes, most of which is spent reading its weights.
    """
    if not reduces(precision, device):
        yield
        return
    _rounded.enter()
    try:
        yield
    finally:
        _rounded.leave()


class _Rounded:
    """PyTorch's setting for products of float32, which all threads share: the last restores it."""

    def __init__(self) -> None:
        self.lock, self.inside, self.before = threading.Lock(), 0, ""

    def enter(self) -> None:
        with self.lock:
            if not self.inside:
                self.before = torch.get_float32_matmul_precision()
                torch.set_float32_matmul_precision("medium")
            self.inside += 1

    def leave(self) -> None:
        with self.lock:
            self.inside -= 1
            if not self.inside:
                torch.set_float32_matmul_precision(self.before)


_rounded = _Rounded()


def reduces(precision: Precision, device: torch.device) -> bool:
    """Whether a precision means bfloat16 products on a device; a slow choice is said once."""
    if precision == "bfloat16" and device.type == "cpu" and not _is_fast(device):
        _say_it_is_slow()
    return precision == "bfloat16" or (precision == "auto" and _is_fast(device))


@cache
def _say_it_is_slow() -> None:
    warnings.warn(
        "this processor has no instructions for bfloat16, in which its products take several times "
        "as long as in float32; the precision 'auto' takes bfloat16 only where it is faster",
        stacklevel=2,
    )


def _is_fast(device: torch.device) -> bool:
    """Whether a device has instructions for products in bfloat16.

    On one core, matrix products are 7 times as fast as in float32 with AMX, and 2.5 times with
    AVX-512 alone, where a training step of the paper's targets takes two thirds of the time.
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()
