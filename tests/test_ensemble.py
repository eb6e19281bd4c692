import copy

import numpy as np
import pytest
import torch
from torch import nn
from zoo import ZOO

from hypergan import Ensemble, HyperGAN
from hypergan.errors import RecordError, TargetError
from hypergan.forward import forward_networks
from hypergan.targets import mnist_target

each_kind = pytest.mark.parametrize("kind", ZOO)


def drawn(network: nn.Module, n: int = 3) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return HyperGAN(network, 8, 8, 16, generator=generator).sample(n, generator)


def plain(network: nn.Module, weights: dict[str, torch.Tensor], index: int) -> nn.Module:
    """Network ``index`` by PyTorch's own means."""
    module = copy.deepcopy(network).eval()
    odd = module.load_state_dict({k: v[index] for k, v in weights.items()}, strict=False)
    assert not odd.unexpected_keys
    return module


@each_kind
def test_networks_equal_plain_modules(kind):
    network, inputs = ZOO[kind].network(), ZOO[kind].batch()
    weights = drawn(network)
    outputs = Ensemble(network, weights)(inputs)
    expected = torch.stack([plain(network, weights, i)(inputs) for i in range(3)])
    torch.testing.assert_close(outputs, expected)
    assert not torch.allclose(outputs[0], outputs[1])


@each_kind
def test_a_network_of_the_ensemble_is_a_plain_module(kind):
    network, inputs = ZOO[kind].network(), ZOO[kind].batch()
    ensemble = Ensemble(network, drawn(network))
    outputs = ensemble(inputs)
    assert type(ensemble[1]) is type(network)
    torch.testing.assert_close(ensemble[1](inputs), outputs[1])


@each_kind
def test_networks_may_see_inputs_of_their_own(kind):
    network = ZOO[kind].network().eval()
    weights = drawn(network)
    batches = torch.stack([ZOO[kind].batch(seed) for seed in range(3)])
    outputs = forward_networks(network, weights, batches, shared=False)
    expected = torch.stack([plain(network, weights, i)(batches[i]) for i in range(3)])
    torch.testing.assert_close(outputs, expected)


@pytest.mark.parametrize("kind", [kind for kind in ZOO if kind != "language"])
def test_gradients_of_the_inputs_are_the_mean_over_networks(kind):
    network, inputs = ZOO[kind].network(), ZOO[kind].batch().requires_grad_()
    weights = drawn(network)

    ensemble = Ensemble(network, weights)
    (together,) = torch.autograd.grad(ensemble(inputs).square().sum((1, 2)).mean(), inputs)
    apart = [
        torch.autograd.grad(plain(network, weights, i)(inputs).square().sum(), inputs)[0]
        for i in range(3)
    ]
    torch.testing.assert_close(together, torch.stack(apart).mean(0))


@pytest.mark.parametrize("batch_size", [1, 7, 23, 100])
def test_batches_change_no_prediction(batch_size, target):
    ensemble = Ensemble(target, drawn(target))
    inputs = torch.randn(23, 2, generator=torch.Generator().manual_seed(2))
    outputs = ensemble(inputs)
    torch.testing.assert_close(ensemble.predict(inputs, batch_size=batch_size), outputs)
    probabilities = ensemble.predict_proba(inputs, batch_size=batch_size, precision="float32")
    torch.testing.assert_close(probabilities, outputs.softmax(-1).mean(0))
    torch.testing.assert_close(probabilities.sum(1), torch.ones(23))


def test_a_bare_number_is_no_batch_size(target):
    """Beside a posterior's inputs it is that of networks."""
    ensemble = Ensemble(target, drawn(target))
    for ask in (ensemble.predict, ensemble.predict_proba):
        with pytest.raises(TypeError, match="positional argument"):
            ask(torch.zeros(1, 2), 100)


def test_predictions_carry_no_gradient(target):
    ensemble = Ensemble(target, drawn(target))
    inputs = torch.randn(4, 2, requires_grad=True)
    assert not ensemble.predict(inputs).requires_grad
    assert not ensemble.predict_proba(inputs).requires_grad


def test_the_draw_is_fixed_and_dropout_is_off():
    network, inputs = ZOO["dense"].network().train(), ZOO["dense"].batch()
    ensemble = Ensemble(network, drawn(network))
    assert torch.equal(ensemble(inputs), ensemble(inputs))
    assert network.training


def test_the_ensemble_is_independent_of_the_target():
    network, inputs = ZOO["frozen"].network(), ZOO["frozen"].batch()
    ensemble = Ensemble(network, drawn(network))
    before = ensemble(inputs)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    assert torch.equal(ensemble(inputs), before)


def test_a_network_taken_out_is_independent_of_the_ensemble(target):
    ensemble = Ensemble(target, drawn(target))
    inputs = torch.randn(4, 2)
    before = ensemble(inputs)
    with torch.no_grad():
        ensemble[0][0].weight.zero_()
    assert torch.equal(ensemble(inputs), before)


def test_frozen_parameters_keep_the_targets_values():
    network = ZOO["frozen"].network()
    ensemble = Ensemble(network, drawn(network))
    for index in range(3):
        assert torch.equal(ensemble[index][0].weight, network[0].weight)
        assert not torch.equal(ensemble[index][3].weight, network[3].weight)


def test_length_and_indices_are_those_of_a_list(target):
    ensemble = Ensemble(target, drawn(target))
    assert len(ensemble) == 3
    assert len(list(ensemble)) == 3
    assert torch.equal(ensemble[-1][0].weight, ensemble[2][0].weight)
    with pytest.raises(IndexError):
        ensemble[3]


def test_an_ensemble_is_saved_and_loaded_like_any_module(target):
    ensemble, other = Ensemble(target, drawn(target)), Ensemble(target, drawn(target, 3))
    for tensor in other.weights.values():
        tensor.zero_()
    other.load_state_dict(ensemble.state_dict())
    inputs = torch.randn(4, 2)
    assert torch.equal(other(inputs), ensemble(inputs))


def test_images_give_the_same_in_any_memory_layout():
    network, inputs = ZOO["mnist"].network(), ZOO["mnist"].batch()
    ensemble = Ensemble(network, drawn(network))
    other = inputs.contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(ensemble(inputs), ensemble(other))


WRONG = {
    "a parameter is missing": lambda w: w.pop("0.bias"),
    "a parameter is unknown": lambda w: w.update(extra=torch.zeros(3)),
    "a shape is wrong": lambda w: w.update({"0.bias": torch.zeros(3, 5)}),
    "numbers of networks differ": lambda w: w.update({"0.bias": w["0.bias"][:2]}),
    "no network": lambda w: w.update({k: v[:0] for k, v in w.items()}),
    "one network without its dimension": lambda w: w.update({k: v[0] for k, v in w.items()}),
}


@pytest.mark.parametrize("how", WRONG)
def test_weights_that_do_not_belong_to_the_target_are_refused(how, target):
    weights = drawn(target)
    WRONG[how](weights)
    with pytest.raises(TargetError, match="weights"):
        Ensemble(target, weights)


def test_the_odd_parameter_is_named(target):
    weights = drawn(target)
    weights["2.bias"] = torch.zeros(3, 7)
    with pytest.raises(TargetError, match=r"2\.bias \(3, 7\) instead of \(N, 2\)"):
        Ensemble(target, weights)


@each_kind
def test_a_forward_pass_leaves_the_target_as_it_was(kind):
    network, inputs = ZOO[kind].network().eval(), ZOO[kind].batch()
    weights = {name: tensor.requires_grad_() for name, tensor in drawn(network).items()}
    before = dict(network.named_parameters())
    forward_networks(network, weights, inputs)
    after = dict(network.named_parameters())
    assert after.keys() == before.keys()
    assert all(after[name] is parameter for name, parameter in before.items())
    copy.deepcopy(network)


@pytest.mark.parametrize("bias", [True, False])
def test_outputs_of_dense_networks_are_not_rounded_either(generator, bias):
    target = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3, bias=bias))
    ensemble = Ensemble(target, drawn(target))
    inputs = torch.rand(5, 4, generator=generator)
    assert ensemble.predict(inputs, precision="bfloat16").dtype == torch.float32


@pytest.mark.parametrize("network", [nn.Linear(4, 3), nn.Conv2d(1, 2, 3)])
def test_networks_with_inputs_of_their_own_need_a_batch_each(network):
    inputs = torch.rand(2, 5, *((4,) if isinstance(network, nn.Linear) else (1, 6, 6)))
    with pytest.raises(ValueError, match="argument 2|sizes"):
        forward_networks(network, drawn(network, 3), inputs, shared=False)


def test_reduced_precision_moves_probabilities_by_little(generator):
    """Three digits of each product; the sums over networks are exact."""
    target = mnist_target()
    weights = HyperGAN(target, hidden=32, generator=generator).sample(10, generator)
    ensemble = Ensemble(target, weights)
    images = torch.rand(50, 1, 28, 28, generator=generator)
    exact = ensemble.predict_proba(images, precision="float32")
    reduced = ensemble.predict_proba(images, precision="bfloat16")
    assert reduced.dtype == torch.float32
    assert 0 < (exact - reduced).abs().max() < 0.01


@pytest.mark.parametrize("kind", ["dense", "mnist", "twice", "language", "frozen"])
@pytest.mark.parametrize("part", [slice(2), slice(-1, None), slice(None, None, 2)])
def test_a_slice_is_an_ensemble_of_those_networks(kind, part):
    network, inputs = ZOO[kind].network(), ZOO[kind].batch()
    ensemble = Ensemble(network, drawn(network))
    found = ensemble[part]
    assert isinstance(found, Ensemble)
    assert len(found) == len(range(3)[part])
    torch.testing.assert_close(found(inputs), ensemble(inputs)[part])


@pytest.mark.parametrize(
    "chosen",
    [[0, 2], (0, -1), range(0, 3, 2), torch.tensor([0, 2]), np.array([True, False, True])],
    ids=str,
)
def test_a_list_chooses_networks_too(chosen, target):
    ensemble, inputs = Ensemble(target, drawn(target)), torch.randn(4, 2)
    found = ensemble[chosen]
    assert isinstance(found, Ensemble)
    torch.testing.assert_close(found(inputs), ensemble(inputs)[[0, 2]])
    with pytest.raises(IndexError):
        ensemble[[0, 3]]


@pytest.mark.parametrize("nothing", [slice(3, None), [], torch.zeros(3, dtype=torch.bool)], ids=str)
def test_an_empty_part_is_refused(nothing, target):
    with pytest.raises(TargetError, match="no network of the 3"):
        Ensemble(target, drawn(target))[nothing]


@pytest.mark.parametrize("kind", ["dense", "frozen"])
def test_a_part_and_the_whole_are_converted_apart(kind):
    network, inputs = ZOO[kind].network(), ZOO[kind].batch()
    whole = Ensemble(network, drawn(network))
    expected = whole.predict(inputs)
    part = whole[:2]
    assert part.double().predict(inputs.double()).dtype == torch.float64
    assert torch.equal(whole.predict(inputs), expected)
    torch.testing.assert_close(whole[0](inputs), expected[0])
    part = whole[1:]
    whole.double()
    assert torch.equal(part.predict(inputs), expected[1:])
    assert whole[0](inputs.double()).dtype == torch.float64


def test_a_part_takes_no_memory_of_its_own(target):
    whole = Ensemble(target, drawn(target))
    part = whole[1:]
    assert all(
        tensor[1].data_ptr() == part.weights[name][0].data_ptr()
        for name, tensor in whole.weights.items()
    )
    assert part.target is whole.target


@pytest.mark.parametrize("kind", ["dense", "transformer", "frozen"])
def test_the_draw_is_fixed_in_training_mode_too(kind):
    network, inputs = ZOO[kind].network(), ZOO[kind].batch()
    ensemble = Ensemble(network, drawn(network))
    before = ensemble.predict(inputs)
    holder = nn.ModuleDict({"ensemble": ensemble})
    for switched in (ensemble.train(), holder.train()):
        assert switched.training
        assert torch.equal(ensemble.predict(inputs), before)
        assert torch.equal(ensemble[:2].train().predict(inputs), before[:2])


OUTPUTS = {
    "images": (nn.Conv2d(3, 5, 1), (2, 3, 8, 8), 1),
    "sequences": (nn.Linear(4, 5), (2, 7, 4), -1),
    "sequences by number": (nn.Linear(4, 5), (2, 7, 4), 2),
    "volumes": (nn.Conv3d(1, 4, 1), (2, 1, 3, 3, 3), 1),
    "as wide as classes": (nn.Conv2d(3, 5, 1), (2, 3, 5, 5), 1),
}


@pytest.mark.parametrize("kind", OUTPUTS)
def test_probabilities_are_over_the_classes_that_are_named(kind):
    network, shape, dim = OUTPUTS[kind]
    ensemble, inputs = Ensemble(network, drawn(network)), torch.randn(shape)
    with pytest.raises(TargetError, match=r"not \(B, C\).*class_dim=1"):
        ensemble.predict_proba(inputs)
    found = ensemble.predict_proba(inputs, class_dim=dim, precision="float32")
    expected = torch.stack([one(inputs).softmax(dim) for one in ensemble]).mean(0)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(found.sum(dim), torch.ones_like(found.sum(dim)))


@pytest.mark.parametrize("dim", [0, 4, -4, -5])
def test_an_axis_that_counts_no_classes_is_refused(dim):
    network = nn.Conv2d(3, 5, 1)
    with pytest.raises(TargetError, match=f"class_dim={dim} is not a class axis"):
        Ensemble(network, drawn(network)).predict_proba(torch.randn(2, 3, 4, 4), class_dim=dim)


@pytest.mark.parametrize(
    "network", [nn.Linear(4, 1), nn.Sequential(nn.Linear(4, 1), nn.Flatten(0))]
)
def test_a_single_logit_is_no_class(network):
    with pytest.raises(TargetError, match="two outputs|not \\(B, C\\)"):
        Ensemble(network, drawn(network)).predict_proba(torch.randn(5, 4))


@pytest.mark.parametrize("kind", ZOO)
@pytest.mark.parametrize("as_text", [True, False])
def test_save_and_load_give_the_same_ensemble(kind, as_text, tmp_path):
    path = tmp_path / "folder" / "ensemble.safetensors"
    network, inputs = ZOO[kind].network(), ZOO[kind].batch()
    ensemble = Ensemble(network, drawn(network))
    ensemble.save(str(path) if as_text else path)
    other = copy.deepcopy(network)
    with torch.no_grad():
        for tensor in other.state_dict().values():
            tensor.zero_()
    loaded = Ensemble.load(str(path) if as_text else path, other)
    assert torch.equal(loaded(inputs), ensemble(inputs))


def test_an_ensemble_of_another_target_is_refused(target, tmp_path):
    Ensemble(target, drawn(target)).save(tmp_path / "file")
    with pytest.raises(RecordError, match="does not hold this Linear"):
        Ensemble.load(tmp_path / "file", nn.Linear(2, 2))
    with pytest.raises(RecordError, match="cannot be read"):
        Ensemble.load(tmp_path / "missing", target)
    HyperGAN(target, 8, 8, 16).save(tmp_path / "model")
    with pytest.raises(RecordError, match="read it with HyperGAN.from_file"):
        Ensemble.load(tmp_path / "model", target)
