"""What PyTorch's memory costs on a CPU."""

import ctypes
import sys

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
