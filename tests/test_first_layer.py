import copy

import pytest
import torch
from torch import nn

from hypergan.ensemble import Ensemble
from hypergan.first_layer import FirstLayer
from hypergan.forward import forward_networks
from hypergan.targets import cifar_target, mnist_target


def odd_target():
    """Every argument of the convolution counts, it has no bias, and nothing follows it directly."""
    return nn.Sequential(
        nn.Conv2d(2, 3, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2), bias=False),
        nn.Flatten(),
        nn.LazyLinear(4),
    )


TARGETS = {
    "mnist": (mnist_target, (1, 28, 28)),
    "cifar": (cifar_target, (3, 32, 32)),
    "odd": (odd_target, (2, 9, 8)),
}


def networks(target, n):
    return {
        name: parameter.detach() + 0.1 * torch.randn(n, *parameter.shape)
        for name, parameter in target.named_parameters()
    }


@pytest.mark.parametrize("name", TARGETS)
def test_outputs_and_gradients_are_those_of_plain_modules(name):
    torch.manual_seed(0)
    make, shape = TARGETS[name]
    target = make()
    images = torch.rand(5, *shape, requires_grad=True)
    target(images)  # gives lazy layers their size
    weights = networks(target, 3)
    assert FirstLayer.of(target, weights) is not None
    outputs = forward_networks(target, weights, images)
    (gradient,) = torch.autograd.grad(outputs.square().sum(), images)
    ensemble = Ensemble(target, weights)
    plain = torch.stack([ensemble[i](images) for i in range(3)])
    (expected,) = torch.autograd.grad(plain.square().sum(), images)
    assert torch.allclose(outputs, plain, atol=1e-5)
    assert torch.allclose(gradient, expected, atol=1e-4)


def test_weights_get_their_gradients():
    torch.manual_seed(0)
    target = mnist_target()
    weights = {name: tensor.requires_grad_() for name, tensor in networks(target, 2).items()}
    images = torch.rand(3, 1, 28, 28)
    found = []
    for inputs in (images, images.clone().requires_grad_()):
        loss = forward_networks(target, weights, inputs).square().sum()
        found.append(torch.autograd.grad(loss, [*weights.values()]))
    assert all(torch.allclose(a, b, atol=1e-3) for a, b in zip(*found, strict=True))


def shared_module():
    convolution = nn.Conv2d(1, 1, 1)
    return nn.Sequential(convolution, nn.ReLU(), convolution)


def hooked():
    target = copy.deepcopy(mnist_target())
    target[0].register_forward_hook(lambda *_: None)
    return target


@pytest.mark.parametrize(
    "target",
    [
        nn.Sequential(),
        nn.Sequential(nn.Conv2d(1, 2, 3)),
        nn.Sequential(nn.Linear(2, 2), nn.ReLU()),
        nn.Sequential(nn.Conv2d(2, 2, 3, groups=2), nn.Conv2d(2, 2, 1)),
        nn.Sequential(nn.Conv2d(1, 2, 3, padding_mode="circular", padding=1), nn.Conv2d(2, 2, 1)),
        nn.Sequential(nn.Conv2d(1, 2, 3, padding="same"), nn.Conv2d(2, 2, 1)),
        nn.Conv2d(1, 1, 1),
        shared_module(),
        hooked(),
    ],
)
def test_other_targets_are_left_alone(target):
    assert FirstLayer.of(target, dict(target.named_parameters())) is None


def test_a_convolution_that_is_not_generated_is_left_alone():
    target = mnist_target()
    weights = networks(target, 2)
    assert FirstLayer.of(target, weights) is not None
    del weights["conv1.bias"]
    assert FirstLayer.of(target, weights) is None


CHANGES = {
    "hook before": lambda t: t.register_forward_pre_hook(lambda m, x: (x[0] * 3,)),
    "hook after": lambda t: t.register_forward_hook(lambda m, x, y: y / 3),
    "hook inside": lambda t: t[0].register_forward_hook(lambda m, x, y: y / 3),
    "other forward": lambda t: setattr(t[1], "forward", lambda x: x.tanh()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed_modules_are_left_as_they_are(change):
    torch.manual_seed(0)
    target = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 2))
    CHANGES[change](target)
    ensemble, images = Ensemble(target, networks(target, 3)), torch.rand(2, 1, 6, 6)
    found = ensemble(images.clone().requires_grad_())
    torch.testing.assert_close(found.detach(), ensemble.predict(images))
