import pytest
import torch
from torch import nn

from hypergan.baselines.wasserstein import gradient_penalty, wasserstein_distance


@pytest.mark.parametrize("slope", [0.0, 1.0, 3.0])
def test_the_penalty_of_a_linear_critic_is_known(slope, generator):
    """Its gradient is the same everywhere: (g - 1)^2 for a slope of norm g."""
    critic = nn.Linear(5, 1)
    with torch.no_grad():
        critic.weight.copy_(slope * torch.tensor([[0.6, 0.0, 0.0, 0.8, 0.0]]))
    real, fake = torch.randn(2, 7, 5, generator=generator)
    penalty = gradient_penalty(critic, real, fake, torch.rand(7, 1, generator=generator))
    assert penalty.item() == pytest.approx((slope - 1) ** 2, abs=1e-6)


def test_the_penalty_is_taken_between_the_points():
    """D(x) = x^2 / 2 has slope |x|."""
    real, fake, mix = torch.tensor([[4.0]]), torch.tensor([[2.0]]), torch.tensor([[0.25]])
    penalty = gradient_penalty(lambda x: x.square() / 2, real, fake, mix)
    assert penalty.item() == pytest.approx((2.5 - 1) ** 2)


def test_the_penalty_draws_a_slope_to_one():
    critic = nn.Linear(1, 1)
    nn.init.constant_(critic.weight, 3.0)
    real, fake, mix = torch.ones(4, 1), torch.zeros(4, 1), torch.full((4, 1), 0.5)
    optimiser = torch.optim.SGD(critic.parameters(), lr=0.1)
    for _ in range(50):
        optimiser.zero_grad()
        gradient_penalty(critic, real, fake, mix).backward()
        optimiser.step()
    assert critic.weight.item() == pytest.approx(1, abs=1e-3)


def test_the_distance_is_what_the_critic_tells_apart():
    real, fake = torch.tensor([[3.0], [5.0]]), torch.tensor([[1.0], [1.0], [4.0]])
    assert wasserstein_distance(lambda x: 2 * x, real, fake).item() == pytest.approx(8 - 4)
