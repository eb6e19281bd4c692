"""Parts that train nothing keep their mode and are computed once."""

import copy
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations
from zoo import Lambda

from hypergan import HyperGAN, Training, fit
from hypergan.baselines.mc_dropout import MCDropout
from hypergan.baselines.mnf import MNF
from hypergan.baselines.network_ensemble import NetworkEnsemble
from hypergan.baselines.sgld import SGLD
from hypergan.errors import TargetError
from hypergan.layers import layers_of

QUICK = Training(
    epochs=1, batch_size=20, networks=2, codes=4, diversity_networks=4, validation_networks=3
)
DATA = torch.randn(40, 4, generator=torch.Generator().manual_seed(0)), torch.arange(40) % 3
METHODS = {
    "hypergan": lambda target: HyperGAN(target, 8, 8, 16),
    "ensemble": lambda target: NetworkEnsemble(target, 2),
    "mc-dropout": lambda target: MCDropout(target),
    "mnf": lambda target: MNF(target),
    "sgld": lambda target: SGLD(target, samples=2, burn_in=0, thinning=1),
}
BACKBONES = {
    "dropout": lambda: nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5)),
    "batch norm": lambda: nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8)),
    "batch norm alone": lambda: nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8, affine=False)),
    "instance norm": lambda: nn.Sequential(
        nn.Linear(4, 8), nn.Unflatten(1, (2, 4)),
        nn.InstanceNorm1d(2, affine=True, track_running_stats=True), nn.Flatten(),
    ),
    "spectral norm": lambda: parametrizations.spectral_norm(nn.Linear(4, 8)),
    "transformer": lambda: nn.Sequential(
        nn.Unflatten(1, (1, 4)), nn.TransformerEncoderLayer(4, 2, 8, dropout=0.5, batch_first=True),
        nn.Flatten(), nn.Linear(4, 8),
    ),
    "bfloat16": lambda: nn.Sequential(Lambda(lambda m, x: m.l(x.bfloat16()).float(),
                                             l=nn.Linear(4, 8, dtype=torch.bfloat16))),
    "double": lambda: Lambda(lambda m, x: m.l(x.double()).float(), l=nn.Linear(4, 8).double()),
}  # fmt: skip


def headed(name, training=False):
    backbone = BACKBONES[name]().train(training).requires_grad_(False)
    return nn.Sequential(backbone, nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 3))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", BACKBONES)
def test_a_frozen_backbone_stays_as_its_owner_left_it(name, method):
    target = headed(name)
    before = copy.deepcopy(target[0].state_dict())
    modes = set()
    for module in target[0].modules():
        module.register_forward_hook(lambda module, *_: modes.add(module.training))
    posterior = METHODS[method](target)
    fit(posterior, DATA, QUICK, validation=DATA, progress=False)
    posterior.ensemble(2).predict(DATA[0])
    assert modes == {False}
    after = posterior.target[0].state_dict()
    assert all(torch.equal(after[key], value) for key, value in before.items())


@pytest.mark.parametrize("name", ["batch norm", "instance norm", "spectral norm"])
def test_frozen_statistics_do_not_move_in_training_mode_either(name):
    target = headed(name, training=True)
    before = copy.deepcopy(target.state_dict())
    posterior = HyperGAN(target, 8, 8, 16)
    fit(posterior, DATA, QUICK, progress=False)
    after = posterior.target[0].state_dict()
    assert all(torch.equal(after[key], before[f"0.{key}"]) for key in after)


def test_frozen_dropout_in_training_mode_is_the_owners_choice():
    posterior = HyperGAN(headed("dropout", training=True), 8, 8, 16).train()
    assert posterior.target[0][1].training
    assert not posterior.eval().target[0][1].training


@pytest.mark.parametrize("whole", [True, False])
def test_dropout_between_layers_trains_unless_it_was_singled_out(whole):
    target = nn.Sequential(nn.Linear(4, 6), nn.Dropout(0.5), nn.Linear(6, 3))
    (target if whole else target[1]).eval()
    assert HyperGAN(target, 8, 8, 16).train().target[1].training is whole


HEADS = {
    "dense": lambda: nn.Linear(8, 3),
    "deep": lambda: nn.Sequential(nn.Linear(8, 6), nn.ReLU(inplace=True), nn.Linear(6, 3)),
    "normalised": lambda: nn.Sequential(nn.Linear(8, 6), nn.LayerNorm(6), nn.Linear(6, 3)),
    "convolution": lambda: nn.Sequential(
        nn.Unflatten(1, (1, 8)), nn.Conv1d(1, 2, 3), nn.Flatten(), nn.Linear(12, 3)
    ),
    "branching": lambda: Lambda(
        lambda m, x: m.l(x) if m.l(x).sum() > 0 else m.l(x).relu(), l=nn.Linear(8, 3)
    ),
    "recurrent": lambda: Lambda(
        lambda m, x: m.l(x.unflatten(1, (4, 2)))[0][:, -1], l=nn.GRU(2, 3, batch_first=True)
    ),
    "in place": lambda: Lambda(lambda m, x: m.l(x.add_(1)), l=nn.Linear(8, 3)),
}


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("custom", [True, False])
@pytest.mark.parametrize("gradient", [True, False])
def test_a_frozen_part_is_computed_once(head, custom, gradient):
    backbone = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 8)).requires_grad_(False)
    calls = []
    backbone.register_forward_hook(lambda *_: calls.append(1))
    target = nn.Sequential(backbone, HEADS[head]())
    if custom:
        target = Lambda(lambda m, x: m.h(m.b(2 * x) + m.b(x)), b=backbone, h=HEADS[head]())
    ensemble = HyperGAN(target, 8, 8, 16).ensemble(6)
    inputs = DATA[0].clone().requires_grad_(gradient)
    outputs = ensemble(inputs)
    assert len(calls) <= 2 * (1 + custom)
    expected = torch.stack([network(inputs) for network in ensemble])
    torch.testing.assert_close(outputs, expected)
    if gradient:
        found, right = (
            torch.autograd.grad(y.square().sum(), inputs)[0] for y in (outputs, expected)
        )
        torch.testing.assert_close(found, right)


def test_a_frozen_part_behind_a_generated_one_sees_each_network():
    behind = nn.Sequential(nn.Linear(8, 8), nn.Tanh()).requires_grad_(False)
    target = nn.Sequential(nn.Conv1d(1, 2, 1), nn.Flatten(), behind, nn.Linear(8, 3))
    ensemble, inputs = HyperGAN(target, 8, 8, 16).ensemble(4), torch.randn(5, 1, 4)
    expected = torch.stack([network(inputs) for network in ensemble])
    torch.testing.assert_close(ensemble(inputs), expected)


@pytest.mark.parametrize("build", [nn.BatchNorm1d, nn.SyncBatchNorm])
def test_batch_normalisation_without_statistics_is_each_networks_own(build):
    norm = build(6, track_running_stats=False)
    target = nn.Sequential(nn.Linear(4, 6), norm, nn.Linear(6, 3))
    posterior = HyperGAN(target, 8, 8, 16)
    fit(posterior, DATA, QUICK, progress=False)
    if build is nn.SyncBatchNorm:  # its plain form wants a process group
        return
    ensemble = posterior.ensemble(3)
    expected = torch.stack([network(DATA[0]) for network in ensemble])
    torch.testing.assert_close(ensemble(DATA[0]), expected)


def test_the_refusal_of_batch_normalisation_offers_what_works():
    def target():
        return nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Linear(6, 3))

    with pytest.raises(TargetError, match="replace_all_batch_norm_modules_") as refusal:
        HyperGAN(target())
    assert "requires_grad_(False).eval()" in str(refusal.value)
    replaced = target()
    torch.func.replace_all_batch_norm_modules_(replaced)
    frozen = target()
    frozen[1].requires_grad_(False).eval()
    grouped = target()
    grouped[1] = nn.GroupNorm(2, 6)
    for network in (replaced, frozen, grouped):
        fit(HyperGAN(network, 8, 8, 16), DATA, QUICK, validation=DATA, progress=False)


def test_frozen_integers_are_left_alone():
    target = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 3))
    target[0].scale = nn.Parameter(torch.ones(2, dtype=torch.int8), requires_grad=False)
    target[0].requires_grad_(False)
    assert [layer.name for layer in layers_of(target)] == ["1"]
    fit(HyperGAN(target, 8, 8, 16), DATA, QUICK, progress=False)


class Scaled(nn.Module):
    """Takes an array, and returns an object."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 3, 1)

    def forward(self, images, scale):
        return SimpleNamespace(found=self.layer(images) * float(scale.sum()))


FROZEN_PARTS = {
    "in place": (
        nn.Sequential(nn.ReLU(inplace=True), nn.Conv2d(3, 3, 1)),
        lambda m, x: m.o(m.frozen(x) + x).mean((2, 3)),
    ),
    "array and object": (
        Scaled(),
        lambda m, x: m.o(m.frozen(x, np.ones(2)).found.mul_(0.5)).mean((2, 3)),
    ),
}


@pytest.mark.parametrize("kind", FROZEN_PARTS)
def test_what_cannot_be_remembered_is_computed_each_time(kind):
    frozen, function = FROZEN_PARTS[kind]
    frozen = frozen.requires_grad_(False).eval()
    target = Lambda(function, frozen=frozen, o=nn.Conv2d(3, 3, 1))
    images = torch.randn(5, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    ensemble = HyperGAN(target, 8, 8, 16).ensemble(3)
    for network, outputs in zip(ensemble, ensemble.predict(images), strict=True):
        torch.testing.assert_close(network(images.clone()), outputs)


class Block(nn.Module):
    """A frozen layer whose outputs depend on more than its arguments."""

    def __init__(self, *extra):
        super().__init__()
        self.layer, self.gain, self.extra = nn.Linear(4, 4).requires_grad_(False), 1.0, [*extra]
        self.kept = None

    def forward(self, x):
        x = self.layer(x) * self.gain
        for module in self.extra:
            x = module(x)
        self.kept = x if self.kept is None else x + self.kept
        return self.kept


class Varied(nn.Module):
    """A target whose frozen block is given generated weights in other ways than by arguments."""

    def __init__(self, kind):
        super().__init__()
        self.kind, self.adapter = kind, nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4))
        self.block = Block(*[self.adapter] * (kind == "in a list")).eval()
        self.seen = None
        if kind == "by a hook":
            self.block.layer.register_forward_hook(self.adapt)
        if kind == "kept by a hook":
            self.block.layer.register_forward_hook(self.keep)

    def adapt(self, module, inputs, outputs):
        return outputs + self.adapter(inputs[0])

    def keep(self, module, inputs, outputs):
        self.seen = outputs

    def forward(self, x):
        self.block.kept = None
        if self.kind == "as an attribute":
            self.block.gain = self.adapter(x)
        outputs = self.block(x)
        if self.kind == "called again":
            outputs = self.adapter(self.block(x))
        return self.adapter(self.seen) if self.kind == "kept by a hook" else outputs


@pytest.mark.parametrize(
    "kind", ["by a hook", "kept by a hook", "as an attribute", "in a list", "called again"]
)
def test_what_reaches_a_frozen_part_otherwise_is_not_remembered(kind):
    torch.manual_seed(0)
    ensemble = HyperGAN(Varied(kind), 8, 8, 16).ensemble(3)
    for network, outputs in zip(ensemble, ensemble(DATA[0]), strict=True):
        torch.testing.assert_close(network(DATA[0]), outputs)
