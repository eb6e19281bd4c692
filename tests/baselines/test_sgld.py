import pytest
import torch
from torch import nn
from zoo import ZOO

from hypergan import Training, fit
from hypergan.baselines.sgld import SGLD
from hypergan.data.datasets import DATASETS
from hypergan.errors import SettingsError
from hypergan.experiments.methods import settings_for
from hypergan.experiments.profiles import PROFILES
from hypergan.objective import cross_entropy, mean_squared_error
from hypergan.step import Step

QUICK = Training(
    precision="float32",
    epochs=3, batch_size=60, networks=1, learning_rate=0.05, weight_decay=1e-3,
    schedule="constant", checkpoint_seconds=0, diversity_networks=4,
)  # fmt: skip


def chain(target, **arguments):
    return SGLD(target, **{"samples": 8, "burn_in": 2, "thinning": 3} | arguments)


def steps(posterior, count, data, loss, training, generator):
    """Full-batch updates; the chain's position after each, (count, P)."""
    optimisers = posterior.optimisers(training)
    places = []
    for _ in range(count):
        posterior.update(Step(*data, loss, training, optimisers, len(data[0]), generator))
        places.append(posterior.position.detach().clone())
    return torch.stack(places)


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_a_linear_model_reaches_its_gaussian_posterior(temperature, generator):
    """y = x w + noise of variance T / 2, w ~ N(0, T / (n wd)): the posterior is Gaussian.

    The 50 outputs are as many chains. Their mean loss is a 50th of each one's, which the rate, the
    weight decay and the temperature make up for.
    """
    n, decay, rate, chains = 10, 0.3, 0.4, 50
    x = torch.randn(n, 2, generator=generator) @ torch.tensor([[1.0, 0.6], [0.0, 0.8]])
    y = torch.randn(n, 1, generator=generator) + x.sum(1, keepdim=True)
    noise, prior = temperature / 2, temperature / (n * decay)
    covariance = (x.T @ x / noise + torch.eye(2) / prior).inverse()
    mean = (covariance @ x.T @ y / noise).squeeze(1)
    # A step of Euler's method widens it by (1 - rate / 4 curvature)^-1, per direction.
    curvature = temperature / n * covariance.inverse()
    widened = covariance @ (torch.eye(2) - rate / 4 * curvature).inverse()

    target = nn.Linear(2, chains, bias=False)
    posterior = chain(target, temperature=temperature / chains)
    training = Training(
        networks=1, precision="float32", learning_rate=rate * chains, weight_decay=decay / chains
    )
    data = x, y.expand(n, chains)
    places = steps(posterior, 600, data, mean_squared_error, training, generator)[100:]
    places = places.reshape(-1, 2)
    spread = covariance.diagonal().sqrt()
    assert ((places.mean(0) - mean).abs() < 0.1 * spread).all()
    slack = 0.1 * spread.outer(spread)
    assert ((places.T.cov() - widened).abs() < slack).all()


def test_without_data_the_weights_follow_the_prior(generator):
    """A loss of 0 leaves N(0, T / (n wd))."""
    target = nn.Linear(40, 50, bias=False)
    posterior = chain(target)
    training = Training(networks=1, precision="float32", learning_rate=0.2, weight_decay=0.5)
    data = torch.zeros(20, 40), torch.zeros(20, 50)
    places = steps(posterior, 200, data, mean_squared_error, training, generator)
    assert places[-1].var() == pytest.approx(1 / (20 * 0.5) / (1 - 0.2 * 0.5 / 4), rel=0.1)


def test_a_step_is_the_equation(target, blobs):
    """Its noise has variance rate T / n; what is left is half a gradient step with decay."""
    posterior = chain(target, temperature=3.0)
    start = posterior.position.detach().clone()
    objective = cross_entropy(target(blobs[0]).unsqueeze(0), blobs[1].unsqueeze(0)).sum()
    slopes = torch.autograd.grad(objective, list(target.parameters()))
    slope = torch.cat([part.flatten() for part in slopes]) + 0.01 * start
    training = Training(networks=1, precision="float32", learning_rate=0.4, weight_decay=0.01)
    noise = torch.randn(len(start), generator=torch.Generator().manual_seed(3))
    (place,) = steps(posterior, 1, blobs, cross_entropy, training, torch.Generator().manual_seed(3))
    expected = start - 0.2 * slope + (0.4 * 3 / 300) ** 0.5 * noise
    torch.testing.assert_close(place, expected)


def test_every_third_point_after_the_burn_in_is_kept(target, blobs, generator):
    posterior = chain(target, samples=8, burn_in=4, thinning=3)
    assert posterior.size == 1
    assert torch.equal(posterior.points[0], posterior.position)
    places = steps(posterior, 15, blobs, cross_entropy, QUICK, generator)
    assert torch.equal(posterior.points, places[[6, 9, 12]])  # steps 7, 10 and 13
    assert posterior.size == 3


def test_before_the_first_kept_point_the_present_one_counts(target, blobs, generator):
    posterior = chain(target, burn_in=4, thinning=3)
    places = steps(posterior, 6, blobs, cross_entropy, QUICK, generator)
    assert torch.equal(posterior.points, places[-1:])


def test_a_full_buffer_holds_the_last_points(target, blobs, generator):
    posterior = chain(target, samples=3, burn_in=0, thinning=2)
    places = steps(posterior, 15, blobs, cross_entropy, QUICK, generator)
    kept = {tuple(point.tolist()) for point in posterior.points}
    assert kept == {tuple(place.tolist()) for place in places[[9, 11, 13]]}


def test_sampled_networks_are_different_points_of_the_chain(target, blobs, generator):
    posterior = chain(target, samples=5, burn_in=0, thinning=1)
    steps(posterior, 5, blobs, cross_entropy, QUICK, generator)
    weights = posterior.sample(5, generator)
    vectors = torch.cat([tensor.flatten(1) for tensor in weights.values()], dim=1)
    assert {tuple(v.tolist()) for v in vectors} == {tuple(v.tolist()) for v in posterior.points}
    with pytest.raises(SettingsError, match="asked for 6 networks, more than the 5 there are"):
        posterior.sample(6, generator)


@pytest.mark.parametrize("kind", ZOO)
def test_every_kind_of_target_starts_as_itself_and_moves(kind, generator):
    network = ZOO[kind].network().eval()
    inputs = torch.cat([ZOO[kind].batch(seed) for seed in range(5)])[:12]
    posterior = chain(network, samples=3, burn_in=0, thinning=1)
    torch.testing.assert_close(posterior.ensemble(1).eval()(inputs)[0], network(inputs))
    labels = torch.arange(len(inputs)) % 3
    steps(posterior, 2, (inputs, labels), cross_entropy, QUICK, generator)
    outputs = posterior.ensemble(2, generator)(inputs)
    assert outputs.isfinite().all()
    assert not torch.allclose(outputs[0], outputs[1])


def test_a_separable_problem_is_learnt(target, blobs, generator):
    posterior = chain(target, samples=20, burn_in=20, thinning=1)
    history = fit(posterior, blobs, QUICK, validation=blobs, generator=generator, progress=False)
    assert history[-1]["accuracy"] > 90
    assert history[0]["diversity"] == 0  # one point has no spread


@pytest.mark.parametrize(
    "wrong", [{"samples": 0}, {"burn_in": -1}, {"thinning": 0}, {"temperature": float("nan")}]
)
def test_settings_out_of_range_are_refused(wrong, target):
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        chain(target, **wrong)


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("profile", PROFILES)
def test_the_chain_of_every_cell_keeps_enough_points(dataset, profile):
    settings = settings_for("sgld", dataset, profile)
    total = settings.training.epochs * settings.training.steps_per_epoch
    kept = (total - settings.model["burn_in"]) // settings.model["thinning"]
    assert min(kept, settings.model["samples"]) >= settings.evaluation.networks
