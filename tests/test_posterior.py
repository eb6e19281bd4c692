"""What holds for every method's posterior."""

import numpy as np
import pytest
import torch
from killed import KilledError, killing
from torch import nn

from hypergan import HyperGAN, Training, fit
from hypergan.baselines import APD, MNF, SGLD, GoldStandard, MCDropout, NetworkEnsemble
from hypergan.errors import RecordError, SettingsError
from hypergan.experiments.methods import METHODS
from hypergan.objective import cross_entropy

CHAIN = {"samples": 8, "burn_in": 2, "thinning": 3}
SMALL = {
    HyperGAN: {"noise_dim": 8, "code_dim": 6, "hidden": 16},
    APD: {"sgld_steps": 10, "noise_dim": 4, "hidden": 16, "points": 8} | CHAIN,
    SGLD: CHAIN,
    MNF: {"flow_hidden": (5, 7)},
    MCDropout: {},
    NetworkEnsemble: {"members": 3},
}
"""Every posterior that is trained step by step; APD's chain takes two of the four epochs."""

TRAINING = Training(
    precision="float32", epochs=4, batch_size=60, networks=3, codes=16, learning_rate=0.01,
    schedule="constant", checkpoint_seconds=0, diversity_networks=2,
)  # fmt: skip
KINDS = dict.fromkeys(method.posterior for method in METHODS.values())
each_trained = pytest.mark.parametrize("kind", SMALL)


def trained(kind, target, data, seed=0, **options):
    generator = torch.Generator().manual_seed(seed)
    posterior = kind(target, **SMALL[kind], generator=generator)
    fit(posterior, data, TRAINING, generator=generator, progress=False, **options)
    return posterior


def drawn(posterior):
    """Two networks as vectors, always the same two."""
    weights = posterior.sample(2, torch.Generator().manual_seed(5))
    return torch.cat([tensor.flatten(1) for tensor in weights.values()], dim=1)


def test_every_posterior_is_among_them():
    assert KINDS.keys() == {*SMALL, GoldStandard}


@each_trained
def test_the_seed_alone_decides(kind, target, blobs):
    """And the caller's global generator is left alone."""
    before = torch.get_rng_state()
    first = drawn(trained(kind, target, blobs))
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(7)
    assert torch.equal(first, drawn(trained(kind, target, blobs)))
    assert not torch.equal(first, drawn(trained(kind, target, blobs, seed=1)))


@each_trained
def test_a_trained_posterior_is_saved_and_loaded(kind, target, blobs, tmp_path):
    posterior, other = trained(kind, target, blobs), trained(kind, target, blobs, seed=1)
    posterior.save(tmp_path / "posterior")
    other.load(tmp_path / "posterior")
    assert torch.equal(drawn(posterior), drawn(other))
    assert other.fingerprint() == posterior.fingerprint()
    wider = nn.Sequential(nn.Linear(2, 20), nn.ReLU(), nn.Linear(20, 2))
    another = kind(wider, **SMALL[kind])
    before = another.fingerprint()
    with pytest.raises(RecordError, match=f"does not hold this {kind.__name__}"):
        another.load(tmp_path / "posterior")
    assert another.fingerprint() == before


@pytest.mark.parametrize("kind", [HyperGAN, SGLD])
def test_a_file_holds_the_padding_row(kind, tmp_path, generator):
    """The row of the new target, from which nothing else is taken either, does not matter."""
    target, other = (nn.Embedding.from_pretrained(
        torch.full((5, 2), value), freeze=False, padding_idx=1
    ) for value in (1.0, 2.0))  # fmt: skip
    kind(target).double().save(tmp_path / "posterior")
    found = kind.from_file(tmp_path / "posterior", other.double())
    assert (found.sample(1, generator)["weight"][:, 1] == 1).all()


def test_arguments_are_saved_as_pythons(target, tmp_path):
    arguments = {"flow_hidden": (np.int64(5), 7), "kl_weight": np.float32(0.5)}
    MNF(target, **arguments).save(tmp_path / "posterior")
    found = MNF.from_file(tmp_path / "posterior", target)
    assert found.arguments == {"flow_hidden": (5, 7), "kl_weight": 0.5}


def test_an_argument_that_no_file_holds_is_named(target, tmp_path):
    class Odd(NetworkEnsemble):
        def __init__(self, target: nn.Module, activation: nn.Module) -> None:
            super().__init__(target)

    with pytest.raises(SettingsError, match="a Tanh, which no file can hold"):
        Odd(target, nn.Tanh()).save(tmp_path / "posterior")


@each_trained
def test_drawn_networks_do_not_train_on(kind, target, blobs, generator):
    posterior = trained(kind, target, blobs)
    networks = posterior.sample(2, generator)
    before = {name: tensor.clone() for name, tensor in networks.items()}
    fit(posterior, blobs, TRAINING, generator=generator, progress=False)
    for name, tensor in networks.items():
        assert torch.equal(tensor, before[name])
        assert not tensor.requires_grad


@each_trained
@pytest.mark.parametrize("after", [7, 12, 17])
def test_a_stopped_run_ends_like_one_that_was_not(kind, after, target, blobs, tmp_path):
    """Stopped in the second, third and fourth epoch of five steps each."""
    checkpoint = tmp_path / "checkpoint"
    whole = trained(kind, target, blobs)
    with pytest.raises(KilledError):
        trained(kind, target, blobs, loss=killing(after), checkpoint=checkpoint)
    resumed = trained(kind, target, blobs, loss=cross_entropy, checkpoint=checkpoint)
    assert resumed.fingerprint() == whole.fingerprint()


@pytest.mark.parametrize("kind", KINDS)
def test_no_posterior_samples_fewer_than_one_network(kind, target, generator):
    posterior = kind(target, **({"noise": 1.0} if kind is GoldStandard else {}))
    for n in (0, -1):
        with pytest.raises(SettingsError, match=f"asked for {n} networks; sample 1 or more"):
            posterior.sample(n, generator)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [2.5, "3", None])
def test_a_number_of_networks_is_an_integer(kind, n, target, blobs):
    posterior = kind(target, **({"noise": 1.0} if kind is GoldStandard else {}))
    for ask in (posterior.sample, posterior.ensemble):
        with pytest.raises(SettingsError, match="n is .*; it should be a valid integer"):
            ask(n)
    with pytest.raises(SettingsError, match="networks is .*; it should be a valid integer"):
        posterior.predict_proba(blobs[0], n)


def test_a_seed_is_no_generator(target, blobs):
    posterior = HyperGAN(target, 8, 6, 16)
    for ask in (lambda: posterior.ensemble(3, 7), lambda: posterior.predict_proba(blobs[0], 3, 7)):
        with pytest.raises(SettingsError, match="generator is 7; .* instance of Generator"):
            ask()


@pytest.mark.parametrize("kind", KINDS)
def test_a_posterior_is_not_called_like_a_network(kind, target, blobs):
    posterior = kind(target, **({"noise": 1.0} if kind is GoldStandard else {}))
    with pytest.raises(SettingsError, match=rf"{kind.__name__} is .*; call model.ensemble\(n\)"):
        posterior(blobs[0])


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
