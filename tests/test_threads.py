import pytest
import torch

from hypergan import HyperGAN, Training, fit
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


def test_a_users_own_number_is_theirs_again_after_a_resumed_run(tmp_path, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    data, used = (torch.randn(20, 2), torch.arange(20) % 3), []

    def go_on(epochs):
        def note(*_):
            used.append(torch.get_num_threads())
            return epochs == 1

        model = HyperGAN(torch.nn.Linear(2, 3), noise_dim=4, code_dim=4, hidden=4)
        fit(
            model, data, Training(epochs=2, batch_size=10), checkpoint=tmp_path / "run",
            callbacks=[note], device="cpu", progress=False,
        )  # fmt: skip
        return torch.get_num_threads()

    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        assert go_on(1) == 2
        torch.set_num_threads(3)
        assert go_on(2) == 3
        with computing_with(4):
            assert go_on(2) == 2  # as a cell does, to its end
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    assert set(used) == {2}
