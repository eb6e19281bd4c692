from threading import Lock

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune, spectral_norm
from zoo import ZOO

from hypergan import HyperGAN
from hypergan.baselines import MNF, SGLD, MCDropout, NetworkEnsemble
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


def test_parameters_without_weights_make_no_layer():
    network = nn.Sequential(nn.Linear(2, 3), nn.Linear(0, 3))
    network.nothing = nn.Parameter(torch.zeros(0))
    assert [(layer.name, layer.fan_in) for layer in layers_of(network)] == [("0", 2), ("1", 3)]
    assert HyperGAN(network, 8, 6, 16).ensemble(2)[0].nothing.shape == (0,)


class Sparse(nn.Module):
    def __init__(self):
        super().__init__()
        self.matrix = nn.Parameter(torch.eye(3).to_sparse())


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
    "scripted": (
        lambda: nn.Sequential(torch.jit.script(nn.Sequential(nn.Linear(2, 3))), nn.Linear(3, 2)),
        "the module that it was made from",
    ),
    "traced": (
        lambda: torch.jit.trace(nn.Linear(2, 3), torch.zeros(1, 2)),
        "the module that it was made from",
    ),
    "parallel": (lambda: nn.DataParallel(nn.Linear(2, 3)), "target.module"),
    "sparse gradients": (lambda: nn.Embedding(3, 2, sparse=True), "sparse to False"),
    "sparse gradients of a bag": (lambda: nn.EmbeddingBag(3, 2, sparse=True), "sparse to False"),
    "max_norm": (lambda: nn.Embedding(3, 2, max_norm=1.0), "max_norm to None"),
    "max_norm of a bag": (lambda: nn.EmbeddingBag(3, 2, max_norm=1.0), "max_norm to None"),
    "sparse": (Sparse, r"to_dense\(\)"),
    "complex": (lambda: nn.Linear(2, 3, dtype=torch.complex64), "complex64"),
    "mixed": (
        lambda: nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2).double()),
        r"torch.float32 and torch.float64; .* target.float\(\)",
    ),
    "frozen": (lambda: nn.Linear(2, 3).requires_grad_(False), "requires_grad=True"),
    "no weights": (lambda: nn.Linear(0, 0), "requires_grad=True"),
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


FROZEN = {
    "scripted": lambda: torch.jit.script(nn.Linear(2, 2).requires_grad_(False)),
    "max_norm": lambda: nn.Embedding(3, 2, max_norm=1.0).requires_grad_(False),
    "sparse gradients": lambda: nn.Embedding(3, 2, sparse=True).requires_grad_(False),
    "halves": lambda: nn.Linear(2, 2).half().requires_grad_(False),
}


@pytest.mark.parametrize("kind", FROZEN)
def test_what_cannot_be_generated_may_be_frozen(kind):
    network = nn.Sequential(FROZEN[kind](), nn.Linear(2, 3))
    assert [layer.name for layer in HyperGAN(network, 8, 6, 16).layers] == ["1"]


UNTRAINABLE = {
    "float16": (lambda target: target.half(), r"float16.* target.float\(\)"),
    "bfloat16": (lambda target: target.bfloat16(), r"ensemble.to\(torch.bfloat16\)"),
    "no values": (lambda target: target.to("meta"), "to_empty"),
    "a lock": (lambda target: setattr(target, "lock", Lock()), "keep that outside"),
    "a generator": (lambda target: setattr(target, "left", (x for x in "ab")), "keep that outside"),
    "pruned": (lambda target: prune.random_unstructured(target[0], "weight", 1), "prune.remove"),
}  # fmt: skip


@pytest.mark.parametrize("kind", UNTRAINABLE)
@pytest.mark.parametrize("build", [HyperGAN, NetworkEnsemble, MCDropout, SGLD, MNF])
def test_what_cannot_be_trained_is_refused_with_the_way_out(build, kind, target):
    change, advice = UNTRAINABLE[kind]
    change(target)
    with pytest.raises(TargetError, match=advice):
        build(target)


@pytest.mark.parametrize("method", METHODS)
def test_no_method_takes_a_target_that_cannot_be_copied(method, target, generator):
    arguments = METHODS[method].switches | ({"noise": 1.0} if method.startswith("nuts") else {})
    build(method, target, arguments, generator)
    target.last = target(torch.zeros(1, 2))  # a tensor in the middle of a graph
    with pytest.raises(TargetError, match="Sequential cannot be copied .* detach the tensors"):
        build(method, target, arguments, generator)
