"""Memory of the process: how much is used, how much is free, and faster reuse of it."""

import ctypes
import os
import sys
from contextlib import suppress
from pathlib import Path

import torch

from hypergan.errors import SettingsError

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # from glibc's malloc.h


def keep_freed_memory() -> None:
    """Make the C library keep freed memory for reuse instead of returning it to the system.

    By default it returns large blocks, and the system hands out freshly zeroed pages each time:
    for the gradient of a generator's last layer, that costs four times as much as the gradient.
    The setting affects the whole process, so only the experiments make it, not the library. C
    libraries other than glibc are left alone.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, 2**30)
        mallopt(_TRIM_THRESHOLD, 2**31 - 1)


def peak_memory(device: torch.device) -> int:
    """Peak memory so far, in bytes: allocated on the GPU, else resident in the process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resident()[1]


def forget_peak(device: torch.device) -> None:
    """Restart the count of :func:`peak_memory`, where the system allows it."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return
    with suppress(OSError):  # not Linux, or not allowed: the peak then covers the whole process
        Path("/proc/self/clear_refs").write_text("5")


def resident() -> tuple[int, int]:
    """Resident memory of this process, in bytes: now, and at its peak.

    Linux reports both; ``getrusage`` would include the process that started this one. Elsewhere
    both are the peak, or 0 on Windows.
    """
    if lines := _lines("/proc/self/status"):
        now, most = (_bytes(lines[name]) for name in ("VmRSS", "VmHWM"))
        return now, most
    try:
        import resource
    except ImportError:  # Windows has none
        return 0, 0
    kibibyte = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * kibibyte
    return most, most


def total_memory() -> float:
    """Memory that this process could ever use, in bytes; infinite if unknown."""
    found = [_limit()]
    with suppress(AttributeError, ValueError, OSError):  # Windows has no sysconf
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return min(found + [most for _, most in _group()])


def free_memory(device: torch.device) -> float:
    """Memory that could be allocated now, in bytes; infinite if unknown."""
    if device.type == "cuda":
        held = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return float(torch.cuda.mem_get_info(device)[0] + held)
    found = [total_memory()]
    if "MemAvailable" in (lines := _lines("/proc/meminfo")):
        found.append(_bytes(lines["MemAvailable"]))
    if "VmSize" in (lines := _lines("/proc/self/status")):
        found.append(_limit() - _bytes(lines["VmSize"]))
    return max(0.0, min(found + [most - now for now, most in _group()]))


def require_memory(needed: float, device: torch.device, purpose: str, advice: str) -> None:
    """Refuse what does not fit, before the system kills the process.

    Args:
        needed: Bytes needed.
        device: Where they are needed.
        purpose: What they are needed for; begins the message.
        advice: What to do instead; ends the message.

    Raises:
        SettingsError: If less is free.
    """
    if needed > 2**28 and needed > (free := free_memory(device)):
        raise SettingsError(
            f"{purpose} needs {needed / 1e9:,.1f} GB of memory, and {free / 1e9:,.1f} GB are free; "
            f"{advice}"
        )


def _limit() -> float:
    """The limit of the process's address space."""
    try:
        import resource
    except ImportError:  # Windows has none
        return float("inf")
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return float("inf") if soft == resource.RLIM_INFINITY else float(soft)


def _group() -> list[tuple[float, float]]:
    """Memory that the process's control group uses and may use, if it has a limit."""
    folder = Path("/sys/fs/cgroup")
    for now, most in (
        ("memory.current", "memory.max"),
        ("memory/memory.usage_in_bytes", "memory/memory.limit_in_bytes"),
    ):
        with suppress(OSError, ValueError):  # no such files, or "max"
            return [(float((folder / now).read_text()), float((folder / most).read_text()))]
    return []


def _lines(path: str) -> dict[str, str]:
    """The ``name: value`` lines of a system file; none if there is no such file."""
    with suppress(OSError):
        return dict(line.split(":", 1) for line in Path(path).read_text().splitlines())
    return {}


def _bytes(value: str) -> int:
    """Bytes in a number of kibibytes, as Linux writes it."""
    return 1024 * int(value.split()[0])
