import copy

import pytest
import torch
from torch import nn
from zoo import ZOO

from hypergan import Ensemble, Training, fit
from hypergan.baselines.mc_dropout import MCDropout
from hypergan.errors import SettingsError, TargetError
from hypergan.objective import mean_squared_error
from hypergan.step import Step

TRAINING = Training(
    precision="float32", learning_rate=1e-2, schedule="constant", epochs=15, batch_size=100
)


def linear():
    """Dense layers without anything between them."""
    return nn.Sequential(nn.Linear(3, 40), nn.Linear(40, 40), nn.Linear(40, 2))


def convolutional(groups=1):
    return nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.Conv2d(4, 6, 3, groups=groups), nn.Flatten(), nn.Linear(6, 2)
    )


def seeded(build, *arguments):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build(*arguments)


def images(count, seed=0):
    return torch.randn(count, 2, 5, 5, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("dropout", [0.2, 0.5])
def test_the_mean_of_many_draws_of_a_linear_target_is_the_network_itself(dropout, generator):
    target = seeded(linear)
    points = torch.randn(5, 3, generator=generator)
    outputs = MCDropout(target, dropout).ensemble(20_000, generator).predict(points)
    error = outputs.std(0) / len(outputs) ** 0.5
    assert (error > 0).all()
    assert ((outputs.mean(0) - target(points)).abs() < 4 * error).all()


@pytest.mark.parametrize("groups", [1, 2])
def test_training_drops_as_the_draws_do(groups, generator):
    """Mean and variance of the outputs are those of dropout in the forward pass."""
    target = seeded(convolutional, groups)
    posterior = MCDropout(target)
    (image,) = images(1)
    drawn = posterior.ensemble(4000, generator).predict(image.unsqueeze(0)).squeeze(1)
    with torch.random.fork_rng(), torch.no_grad(), posterior._dropping():
        torch.manual_seed(1)
        trained = posterior.target(image.expand(4000, -1, -1, -1))
    error = (drawn.var(0) / 2000).sqrt()  # of the difference of two means of 4,000
    assert ((drawn.mean(0) - trained.mean(0)).abs() < 4 * error).all()
    torch.testing.assert_close(drawn.T.cov(), trained.T.cov(), rtol=0.15, atol=0.02)


def test_a_draw_drops_inputs_of_every_layer_but_the_first(generator):
    target = seeded(convolutional)
    weights = MCDropout(target, 0.25).sample(2000, generator)
    parameters = dict(target.named_parameters())
    for name in ("0.weight", "0.bias", "1.bias", "3.bias"):
        assert torch.equal(weights[name], parameters[name].detach().expand_as(weights[name]))
    for name in ("1.weight", "3.weight"):
        kept = weights[name] / parameters[name].detach()
        of_inputs = kept.transpose(1, 2).flatten(2)
        torch.testing.assert_close(of_inputs[..., 0:1].expand_as(of_inputs), of_inputs)
        torch.testing.assert_close(kept, (kept > 0) * 4 / 3)
        assert (of_inputs[..., 0] > 0).float().mean().item() == pytest.approx(0.75, abs=0.02)


def test_a_draw_is_a_fixed_network_of_the_targets_own_form(generator):
    target = seeded(convolutional)
    ensemble = MCDropout(target).ensemble(3, generator)
    outputs = ensemble(images(4))
    assert torch.equal(ensemble(images(4)), outputs)
    assert not torch.allclose(outputs[0], outputs[1])
    network = copy.deepcopy(target)
    network.load_state_dict({name: tensor[2] for name, tensor in ensemble.weights.items()})
    torch.testing.assert_close(network(images(4)), outputs[2])


def test_every_image_of_a_step_has_dropout_of_its_own(generator):
    posterior = MCDropout(seeded(convolutional))
    (image,) = images(1)
    seen = []

    def watch(outputs, targets):
        seen.append(outputs.detach())
        return mean_squared_error(outputs, targets)

    optimisers, fifty = posterior.optimisers(TRAINING), image.expand(50, -1, -1, -1)
    posterior.update(Step(fifty, torch.zeros(50, 2), watch, TRAINING, optimisers, 50, generator))
    (outputs,) = seen
    assert outputs.shape == (1, 50, 2)
    assert len(outputs[0].unique(dim=0)) > 40
    evaluated = posterior.target(images(4))
    assert torch.equal(posterior.target(images(4)), evaluated)  # nothing is left behind


@pytest.mark.parametrize("build", [linear, convolutional])
def test_it_learns(build, generator):
    posterior = MCDropout(seeded(build))
    points = torch.randn(300, 3, generator=generator) if build is linear else images(300)
    labels = (points.flatten(1)[:, :2].sum(1) > 0).long()
    history = fit(posterior, (points, labels), TRAINING, generator=generator, progress=False)
    assert history[-1]["loss"] < history[0]["loss"]
    probabilities = posterior.ensemble(100, generator).predict_proba(points)
    assert (probabilities.argmax(1) == labels).float().mean() > 0.85


@pytest.mark.parametrize(
    "kind", ["dense", "double", "cifar", "transformer", "normalising", "twice"]
)
def test_networks_of_many_kinds_can_be_thinned(kind, generator):
    network, inputs = ZOO[kind].network(), ZOO[kind].batch()
    weights = MCDropout(network).sample(8, generator)
    outputs = Ensemble(network, weights)(inputs)
    assert (outputs.std(0) > 1e-3).any()
    assert all(weights[name].dtype == p.dtype for name, p in network.named_parameters())


def test_frozen_layers_are_not_thinned(generator):
    network = seeded(linear)
    network[1].requires_grad_(False)
    weights = MCDropout(network).sample(50, generator)
    assert list(weights) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert not (weights["0.weight"] == 0).any()
    assert (weights["2.weight"] == 0).any()


def test_what_dropout_cannot_be_is_refused(target):
    with pytest.raises(TargetError, match="no dense or convolutional layer after its first"):
        MCDropout(nn.Linear(2, 2))
    for dropout in (0, 1, -0.5):
        with pytest.raises(SettingsError, match="between 0 and 1"):
            MCDropout(target, dropout)
    with pytest.raises(SettingsError, match="dropout is nan; it should be a finite number"):
        MCDropout(target, float("nan"))


def masked(build=convolutional, **settings):
    return MCDropout(seeded(build), input_shape=(2, 5, 5), **settings)


@pytest.mark.parametrize("dropout", [0.2, 0.5])
def test_masks_drop_single_outputs(dropout, generator):
    posterior = masked(dropout=dropout)
    weights = posterior.sample(4000, generator)
    shapes = {name: tuple(w.shape[1:]) for name, w in weights.items() if name.endswith("kept")}
    assert shapes == {"1.kept": (4, 3, 3), "3.kept": (6,)}
    for name in shapes:
        kept = weights[name]
        torch.testing.assert_close(kept, (kept > 0) / (1 - dropout))
        shares = (kept > 0).float().mean(0)
        assert ((shares - (1 - dropout)).abs() < 0.05).all()
        pairs = (kept > 0).float().flatten(1).T.corrcoef()
        assert (pairs - torch.eye(len(pairs))).abs().max() < 0.1  # each output by itself
    for name, parameter in posterior.trained.items():
        assert torch.equal(weights[name], parameter.detach().expand_as(weights[name]))


def test_masked_training_drops_as_the_draws_do(generator):
    posterior = masked()
    (image,) = images(1)
    drawn = posterior.ensemble(4000, generator).predict(image.unsqueeze(0)).squeeze(1)
    with torch.random.fork_rng(), torch.no_grad(), posterior._dropping():
        torch.manual_seed(1)
        trained = posterior.target(image.expand(4000, -1, -1, -1))
    error = (drawn.var(0) / 2000).sqrt()
    assert ((drawn.mean(0) - trained.mean(0)).abs() < 4 * error).all()
    torch.testing.assert_close(drawn.T.cov(), trained.T.cov(), rtol=0.15, atol=0.02)


def test_a_masked_draw_is_a_fixed_network_that_can_be_attacked(generator):
    ensemble = masked().ensemble(3, generator)
    batch = images(4).requires_grad_()
    outputs = ensemble(batch)
    torch.testing.assert_close(ensemble(images(4)), outputs)
    assert not torch.allclose(outputs[0], outputs[1])
    torch.testing.assert_close(ensemble[2](images(4)), outputs[2])
    gradient = torch.autograd.grad(outputs.sum(), batch)[0]
    alone = [torch.autograd.grad(ensemble[n](batch).sum(), batch)[0] for n in range(3)]
    torch.testing.assert_close(gradient, sum(alone))


def test_a_masked_network_learns_without_its_masks(generator):
    posterior, points = masked(), images(300)
    labels = (points.flatten(1)[:, :2].sum(1) > 0).long()
    fit(posterior, (points, labels), TRAINING, generator=generator, progress=False)
    assert torch.equal(posterior.target[1].kept, torch.ones(4, 3, 3))
    probabilities = posterior.ensemble(100, generator).predict_proba(points)
    assert (probabilities.argmax(1) == labels).float().mean() > 0.85


def test_norms_are_those_of_the_weights(generator):
    plain, thinned = MCDropout(seeded(convolutional)), masked()
    assert thinned.weight_layers == plain.weight_layers


def test_a_wrong_shape_of_inputs_is_refused():
    with pytest.raises(SettingsError, match=r"does not take inputs of shape \(3, 5, 5\)"):
        MCDropout(seeded(convolutional), input_shape=(3, 5, 5))
