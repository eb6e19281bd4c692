"""Randomness from a given generator, even in code that only uses PyTorch's global one."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from hypergan.errors import SettingsError


def normal(*shape: int, generator: torch.Generator | None, device: torch.device) -> Tensor:
    """Standard normal numbers on ``device``, drawn on the generator's own device.

    So a CPU generator gives the same numbers on every device.

    Raises:
        SettingsError: If the generator is something else, such as a seed.
    """
    source = _device_of(generator, device)
    return torch.randn(shape, generator=generator, device=source).to(device)


def some_of(
    total: int, n: int, *, generator: torch.Generator | None, device: torch.device
) -> Tensor:
    """``n`` different indices below ``total`` in random order, drawn as in :func:`normal`."""
    source = _device_of(generator, device)
    return torch.randperm(total, generator=generator, device=source)[:n].to(device)


def require_generator(generator: torch.Generator | None) -> None:
    """Refuse what is no source of randomness, such as a seed.

    Raises:
        SettingsError: Says what to give instead.
    """
    if not isinstance(generator, torch.Generator | None):
        raise SettingsError(f"generator is {generator!r}; give torch.Generator().manual_seed(seed)")


def _device_of(generator: torch.Generator | None, device: torch.device) -> torch.device:
    require_generator(generator)
    return device if generator is None else generator.device


@contextmanager
def global_seed(generator: torch.Generator | None) -> Iterator[None]:
    """Seed PyTorch's global generators from ``generator`` inside the block, restore them after it.

    Module constructors and dropout use no other source. Without a generator nothing changes.
    """
    if generator is None:
        yield
        return
    seed = int(torch.randint(2**62, (), generator=generator, device=generator.device))
    in_use = torch.cuda.is_initialized()  # seeding an unused GPU would initialise it
    with torch.random.fork_rng(range(torch.cuda.device_count()) if in_use else []):
        (torch.manual_seed if in_use else torch.default_generator.manual_seed)(seed)
        yield
