"""Fixtures of many tests; none of them writes among the user's own records."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small tensors gain nothing by more; before torch

import pytest
import torch
from torch import nn


@pytest.fixture(autouse=True)
def own_runs(tmp_path, monkeypatch):
    """Records go to an empty folder."""
    monkeypatch.setenv("HYPERGAN_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


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
