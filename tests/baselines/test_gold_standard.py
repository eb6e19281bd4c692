import numpy as np
import pytest
import torch
from numpyro.infer.util import log_density
from torch import nn
from torch.distributions import Normal
from torch.func import functional_call

from hypergan.baselines.gold_standard import GoldStandard, prior_stds
from hypergan.errors import SettingsError, TargetError
from hypergan.fitting import fit
from hypergan.objective import mean_squared_error
from hypergan.targets import regression_target
from hypergan.training import Training

ONE_STEP = Training(epochs=1, steps_per_epoch=1, batch_size=100, networks=1, schedule="constant")


def sampler(target, generator, **settings):
    return GoldStandard(target, generator=generator, **{"noise": 0.5, "draws": 50} | settings)


def run(posterior, data, generator):
    return fit(posterior, data, ONE_STEP, loss=mean_squared_error, generator=generator,
               progress=False)  # fmt: skip


@pytest.mark.parametrize("prior", ["scaled", "unit"])
@pytest.mark.parametrize("seed", range(3))
def test_the_log_density_is_torchs(seed, prior):
    """NumPyro's density of the 1-100-1 network against distributions and modules of PyTorch."""
    generator = torch.Generator().manual_seed(seed)
    target = regression_target().double()
    inputs, targets = torch.randn(2, 20, 1, generator=generator).double()
    weights = {
        name: torch.randn(parameter.shape, generator=generator).double()
        for name, parameter in target.named_parameters()
    }
    of_weights = sum(
        Normal(0.0, std).log_prob(weights[name]).sum()
        for name, std in prior_stds(target, prior).items()
    )
    outputs = functional_call(target, weights, inputs)
    expected = float(of_weights + Normal(outputs, 0.5).log_prob(targets).sum())
    posterior = sampler(regression_target(), generator, prior=prior)
    arrays = {name: values.numpy() for name, values in weights.items()}
    found, _ = log_density(posterior._model, (inputs.numpy(), targets.numpy()), {}, arrays)
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_the_prior_is_neals():
    assert prior_stds(regression_target()) == {
        "hidden.weight": 1.0,
        "hidden.bias": 1.0,
        "output.weight": 0.1,
        "output.bias": 1.0,
    }
    assert set(prior_stds(regression_target(), "unit").values()) == {1.0}
    with pytest.raises(SettingsError, match="prior is .flat.; it should be .scaled. or .unit."):
        sampler(regression_target(), torch.Generator(), prior="flat")


def test_before_the_run_the_draws_are_the_priors(generator):
    weights = sampler(regression_target(), generator, draws=500).sample(2000, generator)
    for name, std in prior_stds(regression_target()).items():
        assert weights[name].std().item() == pytest.approx(std, rel=0.05)


@pytest.mark.slow
def test_a_linear_network_has_its_known_posterior(generator):
    """Bayesian linear regression has a Gaussian posterior in closed form."""
    target = nn.Sequential(nn.Linear(2, 1))
    inputs = torch.randn(30, 2, generator=generator)
    targets = inputs @ torch.tensor([[1.0], [-2.0]]) + 0.3
    posterior = sampler(target, generator, warmup=300, draws=1000)
    (row,) = run(posterior, (inputs, targets), generator)
    features = torch.cat([inputs, torch.ones(30, 1)], dim=1)
    precision = features.T @ features / 0.5**2 + torch.diag(torch.tensor([2.0, 2.0, 1.0]))
    covariance = precision.inverse()
    mean = covariance @ features.T @ targets[:, 0] / 0.5**2
    weights = posterior.sample(posterior.size, generator)
    drawn = torch.cat([weights["0.weight"].flatten(1), weights["0.bias"]], dim=1)
    std = covariance.diagonal().sqrt()
    assert ((drawn.mean(0) - mean).abs() / std).max() < 0.15
    assert np.allclose(drawn.T.cov() / covariance, 1, atol=0.35)
    assert torch.allclose(drawn.std(0), std, rtol=0.1)
    assert row["r_hat"] < 1.02
    assert row["divergences"] == 0


@pytest.mark.slow
def test_a_seed_gives_the_same_draws_and_chains_that_differ(generator):
    data = tuple(torch.randn(2, 10, 1, generator=generator))

    def draws():
        own = torch.Generator().manual_seed(1)
        posterior = sampler(nn.Sequential(nn.Linear(1, 1)), own, warmup=20, draws=10)
        run(posterior, data, own)
        return posterior.sample(40, own)["0.weight"]

    first = draws()
    assert torch.equal(first, draws())
    assert len(first.unique()) > 20


def test_other_forms_and_frozen_layers_are_refused(generator):
    twice = nn.Linear(2, 2)
    frozen = nn.Sequential(nn.Linear(1, 2), nn.Linear(2, 1)).requires_grad_(False)
    for target, what in {
        nn.Linear(1, 1): "no stack of layers",
        nn.Sequential(nn.Linear(1, 2), twice, twice): "a dense layer used twice",
        frozen: "frozen parameters",
    }.items():
        with pytest.raises(TargetError, match=what):
            sampler(target, generator)


def test_an_activation_may_be_used_twice(generator):
    activation = nn.ReLU()
    layers = nn.Linear(1, 3), activation, nn.Linear(3, 3), activation, nn.Linear(3, 1)
    posterior = sampler(nn.Sequential(*layers), generator)
    weights = {name: values[0] for name, values in posterior.sample(1, generator).items()}
    inputs = torch.randn(5, 1, generator=generator)
    expected = functional_call(posterior.target, weights, inputs)
    arrays = {name: values.numpy() for name, values in weights.items()}
    found = torch.from_numpy(np.array(posterior._forward(arrays, inputs.numpy())))
    torch.testing.assert_close(found.float(), expected)


@pytest.mark.parametrize("odd", [{"noise": 0.0}, {"chains": 0}, {"draws": 0}, {"warmup": -1}])
def test_settings_that_make_no_sense_are_refused(odd):
    with pytest.raises(SettingsError, match=next(iter(odd))):
        GoldStandard(regression_target(), **({"noise": 0.1} | odd))


def test_other_targets_part_of_the_data_and_too_many_draws_are_refused(generator):
    with pytest.raises(TargetError, match="with Tanh; give it an"):
        sampler(nn.Sequential(nn.Linear(1, 2), nn.Tanh()), generator)
    posterior = sampler(regression_target(), generator, draws=1)
    with pytest.raises(SettingsError, match="the 4 there are; .* or raise chains or draws"):
        posterior.sample(5)
    data = torch.randn(2, 200, 1)
    with pytest.raises(SettingsError, match="takes all 200 inputs in one step"):
        run(posterior, tuple(data), generator)


def test_without_numpyro_the_error_says_what_to_install(generator, monkeypatch):
    monkeypatch.setattr("hypergan.extras.find_spec", lambda name: None)
    posterior = sampler(regression_target(), generator, draws=1)
    with pytest.raises(SettingsError, match=r"pip install --editable '\.\[gold\]'"):
        run(posterior, tuple(torch.randn(2, 20, 1)), generator)
