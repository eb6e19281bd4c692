import math

import pytest
import torch
from torch import tensor

from hypergan import objective
from hypergan.errors import DataError


def test_expected_task_loss_is_the_mean_over_networks():
    outputs = tensor([[[1.0]], [[3.0]]])  # two networks, one input
    targets = tensor([[[0.0]], [[0.0]]])
    loss = objective.expected_task_loss(objective.mean_squared_error, outputs, targets)
    assert loss.item() == pytest.approx((1 + 9) / 2)


def test_hypergan_loss_adds_beta_times_the_distance():
    assert objective.hypergan_loss(tensor(2.0), tensor(3.0), 0.5).item() == 3.5


def test_discriminator_loss_by_hand():
    prior, codes = tensor([[0.0], [math.log(3)]]), tensor([[math.log(1 / 3)], [0.0]])
    # D(p) = 1/2, 3/4; D(z) = 1/4, 1/2
    expected = -(math.log(1 / 2) + math.log(3 / 4)) / 2 - (math.log(3 / 4) + math.log(1 / 2)) / 2
    assert objective.discriminator_loss(prior, codes).item() == pytest.approx(expected)


def test_adversarial_term_by_hand():
    codes = tensor([[math.log(1 / 3)], [0.0]])  # D(z) = 1/4, 1/2
    expected = -(math.log(1 / 4) + math.log(1 / 2)) / 2
    assert objective.adversarial_term(codes).item() == pytest.approx(expected)


def test_cross_entropy_of_each_network_by_hand():
    logits = tensor([[[0.0, math.log(3)], [0.0, 0.0]], [[0.0, 0.0], [math.log(7), 0.0]]])
    losses = objective.cross_entropy(logits, tensor([[1, 0], [0, 0]]))
    expected = [
        -(math.log(3 / 4) + math.log(1 / 2)) / 2,
        -(math.log(1 / 2) + math.log(7 / 8)) / 2,
    ]
    assert losses.tolist() == pytest.approx(expected)


def test_mean_squared_error_of_each_network_by_hand():
    outputs = tensor([[[1.0], [2.0]], [[0.0], [5.0]]])
    losses = objective.mean_squared_error(outputs, tensor([[[0.0], [4.0]], [[0.0], [4.0]]]))
    assert losses.tolist() == [(1 + 4) / 2, (0 + 1) / 2]


def test_a_discriminator_that_is_sure_still_teaches():
    """The gradient of log(1 - D(z)) would vanish, that of the non-saturating form does not."""
    codes = tensor([-1e4], requires_grad=True)
    loss = objective.adversarial_term(codes)
    loss.backward()
    assert torch.isfinite(loss)
    assert codes.grad.item() == pytest.approx(-1)


def test_extreme_logits_give_finite_losses():
    extreme = tensor([1e4, -1e4])
    assert torch.isfinite(objective.discriminator_loss(extreme, extreme))
    assert torch.isfinite(objective.cross_entropy(extreme.view(1, 1, 2), tensor([[1]]))).all()


@pytest.mark.parametrize(
    "labels", [torch.zeros(2, 5, 1).long(), torch.zeros(2, 5), torch.eye(3).expand(2, 3, 3)]
)
def test_cross_entropy_takes_a_class_index_for_each_input(labels):
    with pytest.raises(DataError, match=r"not class indices for outputs \(2, 5, 3\)"):
        objective.cross_entropy(torch.zeros(2, 5, 3), labels)


@pytest.mark.parametrize("dtype", [torch.int32, torch.uint8, torch.bool])
def test_class_indices_may_be_of_any_integer_type(dtype):
    logits, labels = torch.randn(2, 5, 3), torch.arange(10).view(2, 5) % 2
    losses = objective.cross_entropy(logits, labels)
    assert torch.equal(objective.cross_entropy(logits, labels.to(dtype)), losses)


def test_mean_squared_error_does_not_broadcast():
    """(N, B, 1) less (N, B) would compare every network with every other's targets."""
    with pytest.raises(DataError, match=r"\(5, 5, 1\) .*\(5, 5\)"):
        objective.mean_squared_error(torch.zeros(5, 5, 1), torch.zeros(5, 5))
