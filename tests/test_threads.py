import pytest
import torch

from hypergan.errors import SettingsError
from hypergan.threads import computing_with


def test_so_many_compute_inside_the_block_alone(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    before = torch.get_num_threads()
    with computing_with(2):
        assert torch.get_num_threads() == 2
        torch.set_num_threads(1)  # as a checkpoint does
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("threads", [0, -1, 4])
def test_more_than_there_are_cores_or_none_are_refused(threads, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    with pytest.raises(SettingsError, match="from 1 to 3"), computing_with(threads):
        pass
