import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations

from hypergan import Training, fit
from hypergan.baselines.network_ensemble import NetworkEnsemble, random_start
from hypergan.errors import SettingsError, TargetError
from hypergan.layers import layers_of
from hypergan.metrics import layer_norms
from hypergan.step import Step
from hypergan.targets import mnist_target


def adam(networks, **options):
    return Training(
        networks=networks, precision="float32", learning_rate=1e-2, schedule="constant", **options
    )


def parts(blobs, members):
    """What each member sees where they split the mini-batch of all points."""
    return [tuple(tensor.chunk(members)[i] for tensor in blobs) for i in range(members)]


@pytest.mark.parametrize("share_images", [True, False])
@pytest.mark.parametrize("members", [2, 3])
def test_a_member_is_what_it_would_be_alone(members, share_images, target, blobs, generator):
    """Trained by PyTorch's own means, with a plain module and a plain optimiser."""
    posterior = NetworkEnsemble(target, members, generator=generator)
    training = adam(members, batch_size=300, share_images=share_images, weight_decay=1e-3)
    starts = posterior.sample(members)
    optimisers = posterior.optimisers(training)
    step = Step(*blobs, lambda x, y: mean_losses(x, y), training, optimisers, 300, generator)
    for _ in range(5):
        losses = posterior.update(step)
    trained = posterior.sample(members)
    seen = [blobs] * members if share_images else parts(blobs, members)
    alone = []
    for index, (points, labels) in enumerate(seen):
        network = copy.deepcopy(target)
        network.load_state_dict({name: tensor[index] for name, tensor in starts.items()})
        optimiser = torch.optim.Adam(network.parameters(), 1e-2, weight_decay=1e-3)
        for _ in range(5):
            optimiser.zero_grad()
            loss = F.cross_entropy(network(points), labels)
            loss.backward()
            optimiser.step()
        alone.append(loss.item())
        for name, parameter in network.named_parameters():
            torch.testing.assert_close(trained[name][index], parameter.detach())
            assert not torch.equal(starts[name][index], parameter)
    assert losses["loss"].item() == pytest.approx(sum(alone) / members, rel=1e-5)


def mean_losses(outputs, labels):
    return torch.stack([F.cross_entropy(x, y) for x, y in zip(outputs, labels, strict=True)])


def test_an_ensemble_learns_and_reports_its_accuracy(target, blobs, generator):
    posterior = NetworkEnsemble(target, 4, generator=generator)
    history = fit(
        posterior, blobs, adam(4, epochs=20, batch_size=100), generator=generator, progress=False
    )
    points, labels = blobs
    right = posterior.ensemble(4).predict(points).argmax(-1) == labels
    assert (right.float().mean(1) > 0.97).all()
    assert history[-1]["accuracy"] > 95
    assert history[-1]["diversity"] > 0


def test_a_start_is_distributed_as_the_constructor_draws(generator):
    posterior = NetworkEnsemble(nn.Linear(100, 50), 40, generator=generator)
    weights = posterior.sample(40)["weight"]
    assert weights.abs().max() <= 0.1  # uniform within 1 / sqrt(100)
    assert weights.std().item() == pytest.approx(0.1 / 3**0.5, rel=0.01)
    correlations = weights.flatten(1).corrcoef() - torch.eye(40)
    assert correlations.abs().max() < 0.08  # 5,000 weights: standard error .014


def test_the_normal_start_has_the_norms_of_table_1(generator):
    """27.05 and 160.51 are near sqrt(800) and sqrt(25600); the dense layer's start is PyTorch's."""
    target = mnist_target()
    norms = {
        kind: layer_norms(
            NetworkEnsemble(target, 4, initialisation=kind, generator=generator).sample(4),
            layers_of(target),
        )
        for kind in ("default", "normal")
    }
    assert norms["normal"]["conv1"].mean().item() == pytest.approx(800**0.5, rel=0.03)
    assert norms["normal"]["conv2"].mean().item() == pytest.approx(25600**0.5, rel=0.01)
    assert norms["default"]["conv1"].mean().item() == pytest.approx((832 / 75) ** 0.5, rel=0.1)
    torch.testing.assert_close(
        norms["normal"]["linear"].mean(), norms["default"]["linear"].mean(), rtol=0.03, atol=0
    )


def test_some_members_are_different_ones_and_all_come_in_order(target, generator):
    posterior = NetworkEnsemble(target, 6, generator=generator)
    everyone = posterior.sample(6, generator)["0.weight"]
    draws = set()
    for _ in range(20):
        drawn = posterior.sample(3, generator)["0.weight"]
        which = [int((everyone == one).all((1, 2)).nonzero()) for one in drawn]
        assert len(set(which)) == 3
        draws |= set(which)
    assert draws == set(range(6))
    again = [posterior.sample(3, torch.Generator().manual_seed(4))["0.weight"] for _ in range(2)]
    assert torch.equal(*again)
    assert torch.equal(posterior.sample(6, generator)["0.weight"], everyone)


def test_more_networks_than_there_are_are_refused(target):
    with pytest.raises(SettingsError, match="the 3 there are; ask for fewer, or train with more m"):
        NetworkEnsemble(target, 3).sample(4)


def test_frozen_and_tied_parameters(generator):
    network = nn.Sequential(nn.Embedding(7, 4), nn.Linear(4, 4), nn.Linear(4, 7, bias=False))
    network[1].requires_grad_(False)
    network[2].weight = network[0].weight
    posterior = NetworkEnsemble(network, 2, generator=generator)
    weights = posterior.sample(2)
    assert list(weights) == ["0.weight"]
    assert weights["0.weight"].std().item() == pytest.approx(1, rel=0.4)  # an embedding's start
    tokens = torch.arange(5)
    outputs = posterior.ensemble(2)(tokens)
    for output, weight in zip(outputs, weights["0.weight"], strict=True):
        torch.testing.assert_close(output, network[1](weight[tokens]) @ weight.T)


def test_a_layer_that_cannot_be_started_afresh_is_refused():
    class Bare(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(2))

    with pytest.raises(TargetError, match=r"'1' \(Bare\) has parameters but no reset_parameters"):
        random_start(nn.Sequential(nn.Linear(2, 2), Bare()), "default")


def test_wrong_settings_are_refused(target):
    with pytest.raises(SettingsError, match="2 or more"):
        NetworkEnsemble(target, 1)
    with pytest.raises(SettingsError, match="it should be .default. or .normal."):
        NetworkEnsemble(target, 2, initialisation="uniform")
    with pytest.raises(SettingsError, match=r"set Training\(networks=3\)"):
        NetworkEnsemble(target, 3).optimisers(adam(5))


@pytest.mark.parametrize(
    "build",
    [
        lambda: nn.MultiheadAttention(8, 2),
        lambda: nn.TransformerEncoderLayer(8, 2, 16),
        lambda: nn.TransformerDecoderLayer(8, 2, 16),
        lambda: nn.MultiheadAttention(8, 2, bias=False, kdim=4, vdim=6),
    ],
)
def test_attention_starts_afresh_as_pytorch_starts_it(build):
    members = NetworkEnsemble(build(), 200)
    fresh = [dict(build().named_parameters()) for _ in range(200)]
    for name, found in members.sample(200).items():
        expected = torch.stack([each[name].detach() for each in fresh])
        torch.testing.assert_close(found.std(), expected.std(), rtol=0.1, atol=1e-6)


def test_parametrised_layers_start_anew():
    norm = parametrizations.weight_norm
    target = nn.Sequential(norm(nn.Linear(4, 4)), nn.Tanh(), norm(nn.Linear(4, 3, bias=False)))
    members = NetworkEnsemble(target, members=3, generator=torch.Generator().manual_seed(0))
    first, second, third = (network[0].weight.detach() for network in members.ensemble(3))
    assert not torch.allclose(first, second)
    assert not torch.allclose(second, third)
    assert first.abs().max() <= 0.5  # of four inputs PyTorch draws from -1/2 to 1/2
    assert members.ensemble(3)(torch.randn(5, 4)).shape == (3, 5, 3)


@pytest.mark.parametrize(
    ("trivial", "message"), [(True, "which all members would share"), (False, "right_inverse")]
)
def test_a_start_that_cannot_be_drawn_is_refused(trivial, message):
    target = parametrizations.orthogonal(nn.Linear(4, 4), use_trivialization=trivial)
    with pytest.raises(TargetError, match=message):
        NetworkEnsemble(target, members=3)
