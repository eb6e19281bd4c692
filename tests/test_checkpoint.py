import random

import numpy as np
import pytest
import torch
from torch import nn

from hypergan import HyperGAN, Training, fit
from hypergan.checkpoint import Checkpoint
from hypergan.errors import TrainingError

HISTORY = [{"epoch": 1, "loss": 0.5}]


@pytest.fixture
def saved(tmp_path, generator):
    """A checkpoint on disk and what is saved in it."""
    state = Checkpoint(
        tmp_path / "checkpoint", {"posterior": nn.Linear(3, 2)}, generator, run={}, interval=0
    )
    state.save(HISTORY, final=True)
    return state


def test_a_hundred_altered_bytes_are_refused(saved):
    assert saved.load() == HISTORY
    content = saved.path.read_bytes()
    moments = random.Random(0)
    for place in moments.sample(range(len(content)), 100):
        damaged = bytearray(content)
        damaged[place] ^= moments.randrange(1, 256)
        saved.path.write_bytes(damaged)
        with pytest.raises(TrainingError, match=r"a damaged one .*delete it to start afresh"):
            saved.load()


def test_settings_may_be_numpys_numbers(target, blobs, tmp_path):
    for networks in (np.int64(2), 2):
        training = Training(
            epochs=1, networks=networks, codes=4, betas=(np.float32(0.5), 0.9), diversity_networks=2
        )
        history = fit(
            HyperGAN(target, 8, 6, 16), blobs, training, checkpoint=tmp_path / "c", progress=False
        )
        assert len(history) == 1


def test_a_run_goes_on_with_as_many_threads_as_it_began_with(saved):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(before + 1)
        saved.load()
        assert torch.get_num_threads() == before
    finally:
        torch.set_num_threads(before)
