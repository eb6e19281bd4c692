import mmap
import subprocess
import sys

import pytest
import torch

from hypergan.memory import forget_peak, peak_memory, resident

FAULTS = """
import resource, torch
from hypergan.memory import keep_freed_memory
if {keep}:
    keep_freed_memory()
def faults(times):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(times):
        torch.ones(2**23)  # 32 MiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults(2)
print(faults(10))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep their own counsel")
def test_freed_memory_serves_the_next_tensor():
    """Without it every tensor faults its pages in again."""
    counts = {
        keep: int(
            subprocess.run(
                [sys.executable, "-c", FAULTS.format(keep=keep)],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        )
        for keep in (False, True)
    }
    assert counts[True] < counts[False] / 2


def test_the_peak_stays_when_memory_is_given_back():
    before, _ = resident()
    held = torch.ones(2**24)  # 64 MiB
    del held
    now, most = resident()
    assert most >= max(now, before)
    assert most > 2**26


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not forget")
def test_a_peak_of_before_is_forgotten():
    cpu = torch.device("cpu")
    with mmap.mmap(-1, 2**28) as held:  # not malloc's, which keeps it
        held[:: mmap.PAGESIZE] = bytes(len(held) // mmap.PAGESIZE)
        high = peak_memory(cpu)
    forget_peak(cpu)
    assert peak_memory(cpu) < high - 2**27
