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
    return torch.randn(shape, generator=generator, device=source).to(device)


@contextmanager
def global_seed(generator: torch.Generator | None) -> Iterator[None]:
    """Seed PyTorch's global generators from ``generator`` inside the block, restore them after it.

    Module constructors and dropout know no other source. Without a generator nothing changes.
    """
    if generator is None:
        yield
        return
    seed = int(torch.randint(2**62, (), generator=generator, device=generator.device))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
