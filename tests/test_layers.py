import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, spectral_norm
from zoo import ZOO

from hypergan.errors import TargetError
from hypergan.experiments.methods import METHODS, build
from hypergan.layers import layers_of
from hypergan.targets import mnist_target


def test_a_layer_is_a_module_with_parameters():
    layers = layers_of(mnist_target())
    assert [layer.name for layer in layers] == ["conv1", "conv2", "linear"]
    assert layers[0].shapes == {"conv1.weight": (32, 1, 5, 5), "conv1.bias": (32,)}
    assert [layer.size for layer in layers] == [832, 25632, 5130]
    assert [layer.fan_in for layer in layers] == [25, 800, 512]


@pytest.mark.parametrize("kind", ZOO)
def test_layers_name_the_trainable_parameters_in_their_order(kind):
    network = ZOO[kind].network()
    named = [name for layer in layers_of(network) for name in layer.shapes]
    assert named == [name for name, p in network.named_parameters() if p.requires_grad]


def test_tied_parameters_belong_to_the_first_layer():
    layers = {layer.name: list(layer.shapes) for layer in layers_of(ZOO["language"].network())}
    assert layers["embedding"] == ["embedding.weight"]
    assert layers["output"] == ["output.bias"]


def test_a_parameter_at_the_root_gets_the_name_of_the_class():
    assert layers_of(ZOO["polynomial"].network())[0].name == "Polynomial"


def test_a_layer_without_matrix_has_its_size_as_fan_in():
    (layer,) = layers_of(nn.LayerNorm(9))
    assert layer.fan_in == 18


REFUSED = {
    "BatchNorm1d": (lambda: nn.BatchNorm1d(3), "GroupNorm or LayerNorm"),
    "BatchNorm2d": (lambda: nn.BatchNorm2d(3), "GroupNorm or LayerNorm"),
    "BatchNorm1d without statistics' parameters": (
        lambda: nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3, affine=False)),
        "GroupNorm or LayerNorm",
    ),
    "InstanceNorm": (
        lambda: nn.InstanceNorm2d(3, affine=True, track_running_stats=True),
        "track_running_stats=False",
    ),
    "lazy": (lambda: nn.LazyLinear(3), "pass one batch through the target"),
    "spectral_norm": (lambda: spectral_norm(nn.Linear(2, 3)), "remove the spectral"),
    "spectral_norm as a parametrisation": (
        lambda: parametrizations.spectral_norm(nn.Linear(2, 3)),
        "remove the spectral",
    ),
    "complex": (lambda: nn.Linear(2, 3, dtype=torch.complex64), "complex64"),
    "mixed": (
        lambda: nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2).double()),
        r"torch.float32 and torch.float64; .* target.float\(\)",
    ),
    "frozen": (lambda: nn.Linear(2, 3).requires_grad_(False), "requires_grad=True"),
    "nothing": (lambda: nn.Sequential(nn.Flatten(), nn.ReLU()), "requires_grad=True"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_generated_is_refused_with_the_way_out(kind):
    build, advice = REFUSED[kind]
    with pytest.raises(TargetError, match=advice):
        layers_of(build())


def test_the_refused_module_is_named():
    inner = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    with pytest.raises(TargetError, match=r"'0\.1' \(BatchNorm1d\)"):
        layers_of(nn.Sequential(inner))


def test_a_lazy_module_that_knows_its_shapes_is_accepted():
    network = nn.LazyLinear(3)
    network(torch.zeros(1, 2))
    assert layers_of(network)[0].size == 9


def test_instance_norm_without_statistics_is_accepted():
    assert layers_of(nn.InstanceNorm2d(3, affine=True))[0].size == 6


def test_a_frozen_complex_parameter_is_left_alone():
    network = nn.Linear(2, 3)
    network.phase = nn.Parameter(torch.zeros(2, dtype=torch.complex64), requires_grad=False)
    assert list(layers_of(network)[0].shapes) == ["weight", "bias"]


def test_a_frozen_parameter_may_be_of_another_type():
    network = nn.Sequential(nn.Linear(2, 3).double().requires_grad_(False), nn.Linear(3, 2))
    assert [layer.name for layer in layers_of(network)] == ["1"]


@pytest.mark.parametrize("method", METHODS)
def test_no_method_takes_a_target_that_cannot_be_copied(method, target, generator):
    arguments = METHODS[method].switches | ({"noise": 1.0} if method.startswith("nuts") else {})
    build(method, target, arguments, generator)
    target.last = target(torch.zeros(1, 2))  # a tensor in the middle of a graph
    with pytest.raises(TargetError, match="Sequential cannot be copied .* detach the tensors"):
        build(method, target, arguments, generator)
