import mmap
import subprocess
import sys

import pytest
import torch
from torch import nn

from hypergan import HyperGAN, Training, fit
from hypergan.baselines.mc_dropout import MCDropout
from hypergan.baselines.network_ensemble import NetworkEnsemble
from hypergan.baselines.sgld import SGLD
from hypergan.errors import SettingsError
from hypergan.memory import forget_peak, free_memory, peak_memory, resident, total_memory

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
    """Without it every tensor faults its pages in again.

    Where the heap lies is drawn anew for each process, and now and then it has no room to grow in
    one piece, so that some blocks come from elsewhere: one process of twenty has to do it.
    """

    def faults(keep):
        code = FAULTS.format(keep=keep)
        return int(subprocess.check_output([sys.executable, "-c", code]))

    usual = faults(False)
    assert any(faults(True) < usual / 2 for _ in range(20))


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


def little(monkeypatch, free=10**9):
    monkeypatch.setattr("hypergan.memory.free_memory", lambda device: free)


TOO_LARGE = {
    "hypergan": lambda: HyperGAN(nn.Linear(1000, 1000), generators="dense"),
    "chunked": lambda: HyperGAN(nn.Linear(20_000, 20_000, device="meta"), generators="chunked"),
    "ensemble": lambda: NetworkEnsemble(nn.Linear(1000, 1000), 500),
    "chain": lambda: SGLD(nn.Linear(1000, 1000), samples=500),
    "draw": lambda: MCDropout(nn.Sequential(nn.Linear(9, 1000), nn.Linear(1000, 999))).sample(300),
}


@pytest.mark.parametrize("kind", TOO_LARGE)
def test_what_does_not_fit_is_refused_before_it_is_allocated(kind, monkeypatch):
    little(monkeypatch)
    before = resident()[0]
    with pytest.raises(
        SettingsError, match=r"needs [\d.,]+ GB of memory, and 1.0 GB are free; \w+"
    ):
        TOO_LARGE[kind]()
    assert resident()[0] < before + 2**28


def test_a_training_that_does_not_fit_is_refused(monkeypatch):
    model = HyperGAN(nn.Linear(300, 300), 8, 8, 512)  # 185 MB of weights
    little(monkeypatch, 5 * 10**8)
    with pytest.raises(SettingsError, match="training needs 0.6 GB .*chunked"):
        fit(model, (torch.randn(10, 300), torch.arange(10)), progress=False)


def test_memory_is_told_or_without_limit():
    assert 2**28 < free_memory(torch.device("cpu")) <= total_memory()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems limit otherwise")
def test_a_limit_of_the_process_counts():
    code = (
        "import resource, torch; from hypergan.memory import *;"
        "resource.setrlimit(resource.RLIMIT_AS, (2**36, -1));"
        "assert total_memory() <= 2**36; assert free_memory(torch.device('cpu')) < 2**36"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_users_process_keeps_its_settings(monkeypatch, target, blobs):
    """How malloc treats freed memory is the whole program's affair."""
    monkeypatch.setattr("ctypes.CDLL", lambda *_: pytest.fail("malloc was changed"))
    model = HyperGAN(target, 8, 8, 16)
    fit(model, blobs, Training(epochs=1, networks=2), progress=False)
    model.ensemble(2).predict_proba(blobs[0])


BLOCKED = """
import sys
for name in {blocked!r}:
    sys.modules[name] = None
import torch
from torch import nn
from hypergan import HyperGAN, Training, fit
model = HyperGAN(nn.Linear(4, 3), 8, 8, 16)
fit(model, (torch.randn(20, 4), torch.arange(20) % 3), Training(epochs=1), checkpoint={path!r})
model.ensemble(3).save({path!r} + ".ensemble")
"""
HEAVY = [
    "torchvision", "sklearn", "PIL", "matplotlib", "seaborn", "pandas", "scipy", "torchmetrics",
    "numpyro", "jax",
]  # fmt: skip


@pytest.mark.parametrize("blocked", [["fcntl", "resource"], HEAVY])
def test_the_library_works_without(blocked, tmp_path):
    code = BLOCKED.format(blocked=blocked, path=str(tmp_path / "state"))
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
