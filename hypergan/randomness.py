"""Randomness from a generator, also for what only knows PyTorch's global one."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


def normal(*shape: int, generator: torch.Generator | None, device: torch.device) -> Tensor:
    """Standard normal numbers on ``device``, drawn on the generator's own device.

    So a CPU generator gives the same numbers to every device.
    """
    source = generator.device if generator is not None else device
    return on(device, torch.randn(shape, generator=generator, device=source))


def on(device: torch.device, drawn: Tensor) -> Tensor:
    """What was drawn, on a device; a GPU gets it without being waited for."""
    if device.type == "cuda" and drawn.device.type == "cpu":
        return drawn.pin_memory().to(device, non_blocking=True)
    return drawn.to(device)


def some_of(
    total: int, n: int, *, generator: torch.Generator | None, device: torch.device
) -> Tensor:
    """``n`` different numbers below ``total`` in random order, drawn like :func:`normal`'s."""
    source = generator.device if generator is not None else device
    return torch.randperm(total, generator=generator, device=source)[:n].to(device)


@contextmanager
def global_seed(generator: torch.Generator | None) -> Iterator[None]:
    """Seed PyTorch's global generators from ``generator`` inside the block, restore them after it.

    Module constructors and dropout know no other source. Without a generator nothing changes.
    """
    if generator is None:
        yield
        return
    seed = int(torch.randint(2**62, (), generator=generator, device=generator.device))
    in_use = torch.cuda.is_initialized()  # seeding a GPU that nobody uses would start it
    with torch.random.fork_rng(range(torch.cuda.device_count()) if in_use else []):
        (torch.manual_seed if in_use else torch.default_generator.manual_seed)(seed)
        yield
