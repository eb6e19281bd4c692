from dataclasses import replace

import pytest
import torch
from torch import nn

from hypergan import Training, fit
from hypergan.baselines.apd import APD
from hypergan.data.datasets import DATASETS
from hypergan.errors import SettingsError
from hypergan.experiments.methods import settings_for
from hypergan.experiments.profiles import PROFILES
from hypergan.objective import mean_squared_error
from hypergan.step import Step

QUICK = Training(
    precision="float32",
    epochs=4, batch_size=60, networks=1, learning_rate=0.05, weight_decay=1e-3,
    schedule="constant", checkpoint_seconds=0, diversity_networks=4,
)  # fmt: skip
SMALL = {"samples": 8, "burn_in": 2, "thinning": 3, "noise_dim": 4, "hidden": 16, "points": 8}


def distiller(target, seed=0, **arguments):
    """A posterior whose chain takes two epochs of five steps."""
    generator = torch.Generator().manual_seed(seed)
    return APD(target, 10, **SMALL | arguments, generator=generator), generator


def vectors(posterior, n, generator):
    weights = posterior.sample(n, generator)
    return torch.cat([tensor.flatten(1) for tensor in weights.values()], dim=1)


def test_a_gaussian_is_recovered(generator):
    """2,000 points of a Gaussian stand in for a chain; the generator gets their mean and spread.

    The generator would start at the mean; it is put 0.8 standard deviations off, and has to find
    it. Generator and critic circle around the solution, so that the moments are averaged over
    steps.
    """
    posterior, _ = distiller(
        nn.Linear(2, 1, bias=False),
        samples=2000, noise_dim=2, hidden=32, points=64, rate=3e-3, penalty=1.0,
    )  # fmt: skip
    root = torch.tensor([[0.3, 0.0], [0.2, 0.1]])
    real = torch.randn(2000, 2, generator=generator) @ root.T + torch.tensor([1.0, -2.0])
    posterior.sgld.kept.copy_(real)
    posterior.sgld.burn_in, posterior.sgld.thinning = 0, 1
    posterior.sgld_steps = 2000
    posterior.sgld.steps.fill_(2000)
    posterior._standardise()
    spread = real.std(0)
    posterior.centre += 0.8 * spread
    optimisers, unused = posterior.optimisers(QUICK), torch.zeros(1, 2)
    step = Step(unused, unused, mean_squared_error, QUICK, optimisers, 1, generator)
    means, covariances = [], []
    for done in range(300):
        posterior._distil(step)
        if done >= 150 and done % 10 == 0:
            made = vectors(posterior, 1000, generator)
            means.append(made.mean(0))
            covariances.append(made.T.cov())
    assert ((torch.stack(means).mean(0) - real.mean(0)).abs() < 0.2 * spread).all()
    off = torch.stack(covariances).mean(0) - real.T.cov()
    assert (off.abs() < 0.4 * spread.outer(spread)).all()


def test_networks_come_from_the_chain_and_then_from_the_generator(target, blobs):
    posterior, generator = distiller(target)
    rows = fit(posterior, blobs, QUICK, generator=generator, progress=False)
    assert ["wasserstein_distance" in row for row in rows] == [False, False, True, True]
    assert posterior.size is None
    assert len(posterior.sgld.points) == 2  # steps 5 and 8
    assert vectors(posterior, 50, generator).unique(dim=0).shape[0] == 50
    with pytest.raises(SettingsError, match="asked for 0 networks; sample 1 or more"):
        posterior.sample(0, generator)


def test_before_it_distils_the_chain_is_sampled(target):
    posterior, generator = distiller(target)
    assert posterior.size == 1
    with pytest.raises(SettingsError, match="asked for 2 networks, more than the 1 there"):
        posterior.sample(2, generator)


@pytest.mark.parametrize("standardise", [True, False])
def test_the_critic_sees_points_at_a_mean_square_distance_of_one(standardise, target, blobs):
    posterior, generator = distiller(target, thinning=1, standardise=standardise, points=4000)
    fit(posterior, blobs, replace(QUICK, epochs=2), generator=generator, progress=False)
    seen, points = posterior._real(generator), posterior.sgld.points
    if standardise:
        assert seen.square().sum(1).mean().item() == pytest.approx(1, rel=0.1)
        assert seen.mean(0).norm() < 0.1
    else:
        assert all((points == vector).all(1).any() for vector in seen[:20])


@pytest.mark.parametrize("standardise", [True, False])
def test_the_critic_sees_what_is_sampled(standardise, target, blobs):
    """A generated point comes back from the critic's units as the network that is drawn."""
    posterior, generator = distiller(target, thinning=1, standardise=standardise)
    fit(posterior, blobs, replace(QUICK, epochs=2), generator=generator, progress=False)
    drawn = vectors(posterior, 8, torch.Generator().manual_seed(4))
    fake = posterior._fake(torch.Generator().manual_seed(4)).detach()
    distance = (drawn[1:] - drawn[0]).norm(dim=1)
    spread = (posterior.sgld.points - posterior.sgld.points.mean(0)).square().sum(1).mean().sqrt()
    unit = spread if standardise else 1
    torch.testing.assert_close((fake[1:] - fake[0]).norm(dim=1), distance / unit)


def test_a_standardised_generator_starts_at_the_mean_network(target, blobs):
    posterior, generator = distiller(target, thinning=1, rate=0.0)
    fit(posterior, blobs, QUICK, generator=generator, progress=False)
    off = vectors(posterior, 20, generator) - posterior.sgld.points.mean(0)
    assert off.square().mean().sqrt() < posterior.scale


@pytest.mark.parametrize(
    "wrong", [{"noise_dim": 0}, {"critic_steps": 0}, {"points": 0}, {"penalty": -1.0},
              {"rate": -1.0}, {"hidden": 0}, {"samples": 0}]
)  # fmt: skip
def test_settings_out_of_range_are_refused(wrong, target):
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        distiller(target, **wrong)


@pytest.mark.parametrize("wrong", [{"burn_in": 5}, {"thinning": 5}, {"samples": 1}])
def test_a_chain_without_two_points_is_refused(wrong, target):
    distiller(target, burn_in=4, thinning=3, samples=2)
    with pytest.raises(SettingsError, match="after 10 steps the chain has not kept the two"):
        distiller(target, **{"burn_in": 4, "samples": 2} | wrong)


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("profile", PROFILES)
def test_every_cell_distils_whole_epochs_after_the_very_chain_of_sgld(dataset, profile):
    alone, distilled = (settings_for(method, dataset, profile) for method in ("sgld", "apd"))
    steps = alone.training.epochs * alone.training.steps_per_epoch
    assert distilled.model["sgld_steps"] == steps
    assert alone.model.items() <= distilled.model.items()
    assert steps < distilled.training.epochs * distilled.training.steps_per_epoch
    assert steps % distilled.training.steps_per_epoch == 0
