import math

import pytest
import torch
from scipy import stats
from torch import tensor

from hypergan import metrics
from hypergan.layers import Layer


def test_accuracy_is_in_percent():
    scores = tensor([[2.0, 1.0], [0.0, 1.0], [3.0, 4.0], [1.0, 0.0]])
    assert metrics.accuracy(scores, tensor([0, 1, 0, 0])).item() == 75


def test_entropy_equals_scipys():
    probabilities = torch.rand(20, 10, generator=torch.Generator().manual_seed(0)).softmax(-1)
    expected = stats.entropy(probabilities.numpy(), axis=1)
    assert metrics.entropy(probabilities).numpy() == pytest.approx(expected, rel=1e-5)


def test_entropy_spans_certainty_to_indifference():
    certain, indifferent = tensor([1.0, 0.0, 0.0]), torch.full((3,), 1 / 3)
    assert metrics.entropy(certain).item() == 0
    assert metrics.entropy(indifferent).item() == pytest.approx(math.log(3))


def test_norms_are_those_of_a_layers_weights_and_biases_together():
    layer = Layer("dense", {"dense.weight": (1, 2), "dense.bias": (1,)})
    weights = {
        "dense.weight": tensor([[[1.0, 2.0]], [[0.0, 0.0]]]),
        "dense.bias": tensor([[2.0], [5.0]]),
    }
    assert metrics.layer_norms(weights, [layer])["dense"].tolist() == [3, 5]


def test_relative_std_is_the_samples():
    assert metrics.relative_std(tensor([1.0, 3.0])) == pytest.approx(math.sqrt(2) / 2)
