import pytest
import torch

from hypergan.errors import SettingsError
from hypergan.randomness import global_seed, normal


def test_the_block_is_seeded_and_the_global_state_comes_back():
    before = torch.get_rng_state()
    draws = []
    for _ in range(2):
        with global_seed(torch.Generator().manual_seed(3)):
            draws.append(torch.rand(4))
    assert torch.equal(*draws)
    assert torch.equal(torch.get_rng_state(), before)


def test_without_a_generator_the_global_one_goes_on():
    torch.manual_seed(1)
    with global_seed(None):
        first = torch.rand(4)
    torch.manual_seed(1)
    assert torch.equal(torch.rand(4), first)


def test_normal_numbers_come_from_the_generator():
    draws = [
        normal(5, 2, generator=torch.Generator().manual_seed(7), device=torch.device("cpu"))
        for _ in range(2)
    ]
    assert draws[0].shape == (5, 2)
    assert torch.equal(*draws)


def test_a_seed_is_no_generator():
    with pytest.raises(
        SettingsError, match=r"generator is 7; give torch.Generator\(\).manual_seed"
    ):
        normal(5, generator=7, device=torch.device("cpu"))
