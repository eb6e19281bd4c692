"""Fixtures of many tests; none of them writes among the user's own records."""

import os
import runpy
import tempfile
import urllib.request
from urllib.error import URLError

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small tensors gain nothing by more; before torch
# Tests compare tensors on the CPU, and only test_gpu.py sees GPUs; workers inherit which.
os.environ.setdefault("GPUS_OF_TESTS", os.environ.get("CUDA_VISIBLE_DEVICES", "all"))
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import pytest
import torch
from torch import nn

from hypergan.paths import PROJECT, exclusive

ALONE = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
"""What keeps Chromium from talking to anybody."""


LONGEST = (
    "test_slurm", "test_book", "test_parameters", "test_sweep", "test_reader", "test_cells",
    "test_recipe", "test_browser", "test_bench", "test_growth", "test_buttons",
)  # fmt: skip
"""Files that take long, the longest first."""


def pytest_configure(config):
    """What JAX compiles in one process, all others of the session take from a folder."""
    if not hasattr(config, "workerinput"):  # workers inherit it
        folder = tempfile.TemporaryDirectory()
        config.add_cleanup(folder.cleanup)
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", folder.name)
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")


def pytest_collection_modifyitems(items):
    """Long files are begun first, so that no worker is left alone with one at the end."""
    place = {name: i for i, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(LONGEST)))


@pytest.fixture(autouse=True)
def own_runs(tmp_path, monkeypatch):
    """Records go to an empty folder."""
    monkeypatch.setenv("HYPERGAN_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


@pytest.fixture
def published(tmp_path, monkeypatch):
    """An empty folder stands for that of the published records."""
    for module in ("experiments.records", "experiments.verification", "cli"):
        monkeypatch.setattr(f"hypergan.{module}.published", lambda: tmp_path / "published")
    return tmp_path / "published"


@pytest.fixture
def no_internet(monkeypatch):
    def refuse(*_, **__):
        raise URLError("no route to host")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


@pytest.fixture
def target():
    """A small classifier, (B, 2) to logits (B, 2)."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))


@pytest.fixture
def blobs():
    """Two round clouds of points (300, 2) and their numbers (300,)."""
    labels = torch.arange(300) % 2
    noise = torch.randn(300, 2, generator=torch.Generator().manual_seed(1))
    return noise + 4 * labels.unsqueeze(1) - 2, labels


@pytest.fixture(autouse=True)
def same_start():
    """What a test draws from PyTorch's global generator does not hang on the tests before it."""
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def html(tmp_path_factory):
    """The folder of the book, which one worker builds for all; a warning is an error."""
    from pages import BOOK, SCRIPTS, run  # imported here: most tests do without

    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    built = folder / "built"
    with exclusive(folder / "book.lock"):
        if not built.exists():
            build = (SCRIPTS / "jupyter-book", "build", BOOK, "--path-output", folder / "book")
            run(*build, "-n", "-W", "--keep-going", records=folder / "runs")
            built.touch()
    return folder / "book" / "_build" / "html"


@pytest.fixture(scope="session")
def browser():
    """A Chromium; where there is none, its tests are skipped."""
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = runpy.run_path(str(PROJECT / "book" / "pdf.py"))["chromium"]()
    if chromium is None:
        pytest.skip("there is no Chromium: install your system's package chromium")
    with playwright.sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=chromium, args=ALONE)
        yield browser
        browser.close()
