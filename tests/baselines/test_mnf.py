import copy
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.distributions import MultivariateNormal, Normal
from zoo import ZOO, Lambda

from hypergan import Training, fit
from hypergan.baselines.mnf import MNF
from hypergan.ensemble import Ensemble
from hypergan.errors import SettingsError, TargetError
from hypergan.objective import cross_entropy, mean_squared_error
from hypergan.randomness import global_seed
from hypergan.step import Step
from hypergan.targets import cifar_target, mnist_target

SMALL = {"flow_hidden": (5, 7)}


def training(**options):
    return Training(
        **{"epochs": 3, "batch_size": 30, "networks": 5, "learning_rate": 1e-2} | options
    )


def images_of(channels, size, n=20):
    source = torch.Generator().manual_seed(0)
    return torch.randn(n, channels, size, size, generator=source), torch.arange(n) % 10


@pytest.mark.parametrize(("build", "shape"), [(mnist_target, (1, 28)), (cifar_target, (3, 32))])
def test_sampled_networks_are_ordinary_ones(build, shape, generator):
    network = build()
    posterior = MNF(network, **SMALL, generator=generator)
    ensemble = posterior.ensemble(2, generator)
    assert isinstance(ensemble, Ensemble)
    for name, parameter in network.named_parameters():
        assert ensemble.weights[name].shape == (2, *parameter.shape)
        assert not ensemble.weights[name].requires_grad
    inputs, _ = images_of(*shape, n=3)
    torch.testing.assert_close(ensemble[1](inputs), ensemble(inputs)[1])


def test_first_networks_are_the_target_with_multiplicative_noise(target, generator):
    posterior = MNF(target, flow_steps=(0, 0), log_std=-20.0, z_std=0.2, generator=generator)
    weights = posterior.sample(4000, generator)["0.weight"] / target[0].weight
    columns = weights[:, 0]  # all rows share their z
    torch.testing.assert_close(weights, columns[:, None].expand_as(weights))
    torch.testing.assert_close(columns.mean(0), torch.ones(2), atol=0.02, rtol=0)
    torch.testing.assert_close(columns.std(0), torch.full((2,), 0.2), atol=0.02, rtol=0)


def test_a_classifier_learns_its_points(target, blobs, generator):
    posterior = MNF(target, **SMALL, generator=generator)
    history = fit(
        posterior, blobs, training(epochs=5), validation=blobs, generator=generator, progress=False
    )
    assert history[-1]["validation_accuracy"] > 97
    assert {"loss", "accuracy", "kl"} <= history[-1].keys()
    assert (
        history[-1]["loss"] + history[-1]["kl"] / 300 < history[0]["loss"] + history[0]["kl"] / 300
    )


@pytest.mark.parametrize("share_images", [True, False])
def test_images_pass_the_network_whole_or_dealt_out(share_images, generator):
    posterior = MNF(mnist_target(), **SMALL, generator=generator)
    options = training(share_images=share_images)
    seen = []
    posterior.network.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    report = update(posterior, *images_of(1, 28), options, generator)
    assert seen == [100 if share_images else 20]
    assert report.keys() == {"loss", "accuracy", "kl"}


def update(posterior, inputs, targets, options, generator, **changes):
    optimisers = posterior.optimisers(options)
    step = Step(inputs, targets, cross_entropy, options, optimisers, 100, generator)
    return posterior.update(replace(step, **changes))


def test_every_parameter_is_trained_but_for_the_target(target, blobs, generator):
    posterior = MNF(target, **SMALL, generator=generator)
    before = copy.deepcopy(posterior.state_dict())
    for _ in range(3):  # a mask may leave a step of a flow without any effect
        update(posterior, *blobs, training(), generator)
    after = posterior.state_dict()
    still = {name for name in after if torch.equal(before[name], after[name])}
    assert still == {name for name in after if name.startswith("target.")}


def test_in_linear_regression_the_bound_falls_towards_the_exact_evidence(generator):
    """Gaussian prior, weights and noise: y ~ N(0, noise + x x^T + 1 1^T)."""
    variance, x = 0.01, torch.linspace(-1, 1, 5).unsqueeze(1)
    y = 2 * x
    with global_seed(generator):
        network = nn.Linear(1, 1)
    options = {"kl_weight": 2 * variance, "log_std": -3.0, "z_std": 0.1}
    posterior = MNF(network, **SMALL, **options, generator=generator)

    @torch.no_grad()
    def bound():
        outputs = posterior.ensemble(5000, generator)(x)
        likelihood = Normal(outputs, variance**0.5).log_prob(y).sum((1, 2)).mean()
        _, kl = posterior._draw(5000, generator)
        return (kl - likelihood).item()

    covariance = variance * torch.eye(5) + x @ x.T + 1
    evidence = MultivariateNormal(torch.zeros(5), covariance).log_prob(y.squeeze()).item()
    start = bound()
    few_points = training(epochs=1, steps_per_epoch=600, batch_size=5, learning_rate=3e-2)
    fit(posterior, (x, y), few_points, loss=mean_squared_error, generator=generator, progress=False)
    assert start - 50 > bound()
    assert 0 < bound() + evidence < 3


def test_the_kl_counts_once_for_all_data(target, blobs, generator):
    """Without a task loss, a step depends on kl_weight / data_size alone."""

    def gradient(kl_weight, data_size):
        source = torch.Generator().manual_seed(1)
        posterior = MNF(target, **SMALL, kl_weight=kl_weight, generator=source)
        no_loss = {"loss": lambda outputs, _: outputs.sum((1, 2)) * 0, "data_size": data_size}
        update(posterior, *blobs, training(), source, **no_loss)
        return posterior.layers["0"].mean.weight.grad

    torch.testing.assert_close(gradient(1.0, 10), gradient(2.0, 20))
    torch.testing.assert_close(gradient(1.0, 10), 10 * gradient(1.0, 100))


def test_standard_deviations_stay_within_their_bound(target, blobs, generator):
    posterior = MNF(target, **SMALL, log_std=-0.7, max_std=0.5, generator=generator)
    update(posterior, *blobs, training(learning_rate=0.1), generator, data_size=1)
    stds = [s.exp() for layer in posterior.layers.values() for s in layer.log_std.values()]
    assert max(s.max().item() for s in stds) == pytest.approx(0.5)


def test_a_trained_posterior_can_be_copied(target, blobs, generator):
    posterior = MNF(target, **SMALL, generator=generator)
    update(posterior, *blobs, training(), generator)
    twin = copy.deepcopy(posterior)
    draws = [p.sample(2, torch.Generator().manual_seed(5))["0.weight"] for p in (posterior, twin)]
    assert torch.equal(*draws)
    update(twin, *blobs, training(), generator)
    assert torch.equal(posterior.sample(2, torch.Generator().manual_seed(5))["0.weight"], draws[0])


def test_a_target_that_is_one_layer(generator):
    weights = MNF(nn.Linear(3, 2), **SMALL, generator=generator).sample(4, generator)
    assert weights.keys() == {"weight", "bias"}


def test_a_module_used_twice_has_one_z(generator):
    layer = nn.Linear(3, 3, dtype=torch.float64)
    posterior = MNF(
        nn.Sequential(layer, nn.ReLU(), layer), **SMALL, log_std=-40.0, generator=generator
    )
    assert posterior.network[0] is posterior.network[2]
    assert posterior.sample(2, generator).keys() == {"0.weight", "0.bias"}
    inputs = torch.randn(4, 3, dtype=torch.float64)
    z, _ = posterior._draw(1, torch.Generator().manual_seed(7))
    network = posterior.ensemble(1, torch.Generator().manual_seed(7))[0]
    outputs = torch.func.functional_call(posterior.network, z, inputs, tie_weights=False)
    torch.testing.assert_close(outputs, network(inputs))


def test_frozen_layers_keep_their_values(target, blobs, generator):
    target[0].requires_grad_(False)
    posterior = MNF(target, **SMALL, generator=generator)
    update(posterior, *blobs, training(), generator)
    assert posterior.sample(1, generator).keys() == {"2.weight", "2.bias"}
    assert torch.equal(posterior.ensemble(1, generator)[0][0].weight, target[0].weight)
    assert torch.equal(posterior.network[0].weight, target[0].weight)


@pytest.mark.parametrize("kind", [k for k in ZOO if k not in ("mnist", "cifar")])
def test_what_is_not_dense_or_convolutional_is_refused(kind, generator):
    network = ZOO[kind].network()
    kinds = {
        type(module)
        for module in network.modules()
        if any(p.requires_grad for p in module.parameters(recurse=False))
    }
    if kinds <= {nn.Linear, nn.Conv2d}:
        MNF(network, **SMALL, generator=generator).sample(1, generator)
    else:
        with pytest.raises(TargetError, match="Linear and Conv2d"):
            MNF(network, generator=generator)


def test_tied_and_frozen_weights_are_refused():
    tied = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    tied[1].weight = tied[0].weight
    with pytest.raises(TargetError, match="weight of 1 is tied to another layer's"):
        MNF(tied)
    half = nn.Linear(3, 3)
    half.weight.requires_grad_(False)
    with pytest.raises(TargetError, match="weight of the target is frozen"):
        MNF(half)


@pytest.mark.parametrize("wrong", [{"max_std": 0.0}, {"z_std": 0.0}, {"kl_weight": -1.0}])
def test_numbers_out_of_range_are_refused(wrong, target):
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        MNF(target, **wrong)


def layers():
    return {"a": nn.Linear(4, 8), "b": nn.Linear(8, 3)}


MIXED = {
    "time first": lambda m, x: m.b(m.a(x.transpose(0, 1))).mean(0),
    "time and batch flattened": lambda m, x: (
        m.b(m.a(x.transpose(0, 1).flatten(0, 1))).unflatten(0, (-1, len(x))).mean(0)
    ),
    "reversed": lambda m, x: m.b(m.a(x.flip(0))).flip(0).mean(1),
    "centred over the batch": lambda m, x: m.b(m.a(x - x.mean(0))).mean(1),
    "in the second layer": lambda m, x: m.b(m.a(x).transpose(0, 1)).mean(0),
}


@pytest.mark.parametrize("kind", MIXED)
@pytest.mark.parametrize("length", [3, 4, 6])
def test_a_batch_that_is_not_on_the_first_axis_is_refused(kind, length):
    """Another network's noise would be taken; six places look like the six inputs."""
    posterior = MNF(Lambda(MIXED[kind], **layers()), **SMALL)
    data = torch.randn(6, length, 4), torch.arange(6) % 3
    with pytest.raises(TargetError, match="first axis"):
        fit(posterior, data, training(networks=2, batch_size=6), progress=False)


@pytest.mark.parametrize(
    "function",
    [
        lambda m, x: m.b(m.a(x)).mean(1),
        lambda m, x: m.b(m.a(x.flatten(0, 1))).unflatten(0, (len(x), -1)).mean(1),
    ],
)
def test_a_batch_on_the_first_axis_trains(function):
    posterior = MNF(Lambda(function, **layers()), **SMALL)
    data = torch.randn(6, 6, 4), torch.arange(6) % 3
    fit(posterior, data, training(networks=2, batch_size=6), progress=False)


def test_looking_at_the_order_changes_no_training():
    draws = []
    for known in (True, False):
        torch.manual_seed(0)
        generator = torch.Generator().manual_seed(0)
        posterior = MNF(mnist_target(), **SMALL, generator=generator)
        posterior.network._batch_is_first = known
        fit(posterior, images_of(1, 28), training(epochs=1), generator=generator, progress=False)
        draws.append(posterior.sample(1, generator)["linear.weight"])
    assert torch.equal(*draws)
