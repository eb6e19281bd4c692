"""Memory of the process: what it costs on a CPU, and how much there was."""

import ctypes
import sys
from contextlib import suppress
from pathlib import Path

import torch

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # from glibc's malloc.h


def keep_freed_memory() -> None:
    """Have the C library keep freed memory for the next tensor, up to the most it ever held.

    By default it gives large blocks back to the system, which hands out zeroed pages each time:
    for the gradient of a generator's last layer that costs four times as much as the gradient.
    Other C libraries than glibc are left alone.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, 2**30)
        mallopt(_TRIM_THRESHOLD, 2**31 - 1)


def peak_memory(device: torch.device) -> int:
    """Most memory held so far: the GPU's, else the process's resident memory, in bytes."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resident()[1]


def forget_peak(device: torch.device) -> None:
    """Count :func:`peak_memory` from here on, where the system allows it."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return
    with suppress(OSError):  # not Linux, or not allowed: the peak is then one of all that was run
        Path("/proc/self/clear_refs").write_text("5")


def resident() -> tuple[int, int]:
    """Resident memory of this process, in bytes: now, and the most so far.

    Linux tells both itself; ``getrusage`` would count the process that started this one, too.
    Windows is not asked, and both are 0 there.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        now, most = (1024 * int(lines[name].split()[0]) for name in ("VmRSS", "VmHWM"))
        return now, most
    if sys.platform == "win32":
        return 0, 0
    import resource  # which Windows lacks

    kibibyte = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * kibibyte
    return most, most
