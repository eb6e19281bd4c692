"""The number of threads that share a sum; its last digits depend on it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from hypergan.errors import SettingsError


@contextmanager
def computing_with(threads: int) -> Iterator[None]:
    """Set PyTorch's number of threads inside the block, and restore the old one after it.

    Raises:
        SettingsError: If ``threads`` is below 1 or above the number of cores.
    """
    cores = os.cpu_count() or 1
    if not 1 <= threads <= cores:
        raise SettingsError(f"threads is {threads}; it must be from 1 to {cores}, the cores here")
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
