import pytest
import torch

from hypergan.layers import layers_of
from hypergan.targets import cifar_target, cifar_target_2018, mnist_target, regression_target


@pytest.mark.parametrize(
    ("target", "inputs", "outputs", "layers", "weights"),
    [
        (regression_target(), (4, 1), (4, 1), 2, 301),
        (mnist_target(), (4, 1, 28, 28), (4, 10), 3, 31_594),
        (mnist_target(bias=False), (4, 1, 28, 28), (4, 10), 3, 31_520),
        (cifar_target_2018(), (4, 3, 32, 32), (4, 10), 5, 23_088),
        (cifar_target(), (4, 3, 32, 32), (4, 10), 5, 90_506),
        (cifar_target(5), (4, 3, 32, 32), (4, 5), 5, 89_861),
    ],
)
def test_sizes_are_the_papers(target, inputs, outputs, layers, weights):
    assert target(torch.zeros(inputs)).shape == outputs
    assert len(layers_of(target)) == layers
    assert sum(p.numel() for p in target.parameters()) == weights
