import pytest
import torch

from hypergan import HyperGAN
from hypergan.baselines.gold_standard import GoldStandard
from hypergan.baselines.network_ensemble import NetworkEnsemble
from hypergan.errors import SettingsError
from hypergan.experiments.methods import METHODS


@pytest.mark.parametrize("kind", dict.fromkeys(method.posterior for method in METHODS.values()))
def test_no_posterior_samples_fewer_than_one_network(kind, target, generator):
    posterior = kind(target, **({"noise": 1.0} if kind is GoldStandard else {}))
    for n in (0, -1):
        with pytest.raises(SettingsError, match=f"asked for {n} networks; sample 1 or more"):
            posterior.sample(n, generator)


@pytest.mark.parametrize("at_once", [1, 4, 10, 100])
def test_parts_of_all_members_are_all_members(at_once, target, blobs, generator):
    posterior = NetworkEnsemble(target, 10, generator=generator)
    together = posterior.ensemble(10).predict_proba(blobs[0])
    in_parts = posterior.predict_proba(blobs[0], 10, generator, at_once=at_once)
    torch.testing.assert_close(in_parts, together)


def test_parts_of_some_members_are_different_ones(target, blobs):
    posterior = NetworkEnsemble(target, 10)
    for seed in range(5):
        together, in_parts = (
            posterior.predict_proba(blobs[0], 6, torch.Generator().manual_seed(seed), at_once=n)
            for n in (6, 2)
        )
        torch.testing.assert_close(in_parts, together)


def test_more_networks_than_there_are_cannot_predict_in_parts_either(target, blobs):
    with pytest.raises(SettingsError, match="asked for 200 networks, more than the 10"):
        NetworkEnsemble(target, 10).predict_proba(blobs[0], 200, at_once=10)


def test_an_unlimited_posterior_draws_each_part_anew(target, blobs, generator):
    posterior = HyperGAN(target, 8, 6, 16, generator=generator)
    found = posterior.predict_proba(blobs[0], 5, torch.Generator().manual_seed(1), at_once=2)
    source = torch.Generator().manual_seed(1)
    parts = [posterior.ensemble(n, source).predict_proba(blobs[0]) * n / 5 for n in (2, 2, 1)]
    torch.testing.assert_close(found, sum(parts))


@pytest.mark.parametrize("wrong", [{"networks": 0}, {"networks": 1, "at_once": 0}])
def test_no_network_cannot_predict(wrong, target, blobs):
    name = list(wrong)[-1]
    with pytest.raises(SettingsError, match=f"{name} is 0; it must be 1 or more"):
        HyperGAN(target, 8, 6, 16).predict_proba(blobs[0], **wrong)
