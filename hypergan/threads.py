"""How many threads a sum is split among; its last digits depend on it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from hypergan.errors import SettingsError


@contextmanager
def computing_with(threads: int) -> Iterator[None]:
    """Let PyTorch compute with so many threads inside the block, whatever is set inside it.

    Raises:
        SettingsError: If there are not so many cores, or none are asked for.
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
