"""The number of threads that share a sum; its last digits depend on it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch

from hypergan.errors import SettingsError

_restored: ContextVar[bool] = ContextVar("_restored", default=False)


@contextmanager
def computing_with(threads: int) -> Iterator[None]:
    """Set PyTorch's number of threads inside the block, and restore the old one after it.

    Raises:
        SettingsError: If ``threads`` is below 1 or above the number of cores.
    """
    cores = os.cpu_count() or 1
    if not 1 <= threads <= cores:
        raise SettingsError(f"threads is {threads}; it must be from 1 to {cores}, the cores here")
    with _restoring():
        torch.set_num_threads(threads)
        yield


@contextmanager
def keeping_threads() -> Iterator[None]:
    """Restore PyTorch's number of threads after the block, unless :func:`computing_with` will.

    A checkpoint sets the number that its run began with; a cell goes on with it to its end.
    """
    if _restored.get():
        yield
    else:
        with _restoring():
            yield


@contextmanager
def _restoring() -> Iterator[None]:
    before, outer = torch.get_num_threads(), _restored.set(True)
    try:
        yield
    finally:
        _restored.reset(outer)
        torch.set_num_threads(before)
