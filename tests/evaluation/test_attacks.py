"""Attacks on networks that are known or small, beside the adversarial-robustness-toolbox."""

import numpy as np
import pytest
import torch
from art.attacks.evasion import FastGradientMethod, ProjectedGradientDescent
from art.estimators.classification import PyTorchClassifier
from torch import nn, tensor

from hypergan.ensemble import Ensemble
from hypergan.errors import DataError, SettingsError
from hypergan.evaluation.attacks import fgsm, in_pixels, pgd
from hypergan.model import HyperGAN

MEAN, STD = (0.4,), (0.3,)
IMAGES = torch.rand(24, 1, 6, 6, generator=torch.Generator().manual_seed(1))
LABELS = torch.arange(24) % 3


def network(seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        built = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(64, 3))
        built[-1].weight.data.mul_(10)  # as sure of its answers as a trained network
        return built


def ensemble(*seeds):
    networks = [dict(network(seed).named_parameters()) for seed in seeds]
    stacked = {name: torch.stack([n[name].detach() for n in networks]) for name in networks[0]}
    return Ensemble(network(seeds[0]), stacked)


def victim_of(*seeds):
    drawn = ensemble(*seeds)
    return in_pixels(lambda: drawn, MEAN, STD, precision="float32")


def right_labels(victim):
    """What the networks say together of the images: then any other answer is the attack's doing."""
    return torch.cat(list(victim(IMAGES))).detach().softmax(-1).mean(0).argmax(-1)


def success(victim, images, labels):
    logits = torch.cat(list(victim(images))).detach()
    return (logits.softmax(-1).mean(0).argmax(-1) != labels).float().mean().item()


def toolbox(attack, eps, **options):
    classifier = PyTorchClassifier(
        network(0),
        nn.CrossEntropyLoss(),
        input_shape=(1, 6, 6),
        nb_classes=3,
        clip_values=(0.0, 1.0),
        preprocessing=(np.array(MEAN[0], np.float32), np.array(STD[0], np.float32)),
        device_type="cpu",
    )
    found = attack(classifier, eps=eps, batch_size=24, **options).generate(
        IMAGES.numpy(), LABELS.numpy()
    )
    return torch.from_numpy(found)


@pytest.mark.parametrize("eps", [0.01, 0.1, 1.0])
def test_fgsm_is_the_toolboxs(eps):
    assert torch.allclose(
        fgsm(victim_of(0), IMAGES, LABELS, eps), toolbox(FastGradientMethod, eps), atol=1e-6
    )


@pytest.mark.parametrize("eps", [0.03, 0.3])
def test_pgd_without_a_random_start_is_the_toolboxs(eps):
    ours = pgd(
        victim_of(0), IMAGES, LABELS, eps, steps=10, step=eps / 4, until_fooled=False,
        generator=None,
    )  # fmt: skip
    theirs = toolbox(
        ProjectedGradientDescent, eps, eps_step=eps / 4, max_iter=10, num_random_init=0,
        verbose=False,
    )  # fmt: skip
    assert torch.allclose(ours, theirs, atol=1e-5)


ATTACKS = {
    "fgsm": lambda victim, labels, eps, generator: fgsm(victim, IMAGES, labels, eps),
    "pgd": lambda victim, labels, eps, generator: pgd(
        victim, IMAGES, labels, eps, steps=10, restarts=2, generator=generator
    ),
}
each_attack = pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)


@each_attack
@pytest.mark.parametrize("eps", [0.0, 0.05, 0.4, 1.0])
def test_images_stay_in_the_ball_and_between_black_and_white(attack, eps, generator):
    found = attack(victim_of(0, 1, 2), LABELS, eps, generator)
    assert found.shape == IMAGES.shape
    assert found.min() >= 0
    assert found.max() <= 1
    assert (found - IMAGES).abs().max() <= eps + 1e-6
    assert torch.equal(found, IMAGES) == (eps == 0)


@each_attack
def test_success_rises_with_eps_up_to_all(attack, generator):
    victim = victim_of(0, 1, 2)
    labels = right_labels(victim)
    rates = [
        success(victim, attack(victim, labels, eps, generator), labels) for eps in (0, 0.05, 0.2, 1)
    ]
    assert rates[0] == 0
    assert rates == sorted(rates)
    assert rates[1] < rates[-1] == 1


def test_success_rises_with_steps(generator):
    victim = victim_of(0, 1, 2)
    labels = right_labels(victim)
    options = {"step": 0.01, "until_fooled": False, "generator": None}
    rates = [
        success(victim, pgd(victim, IMAGES, labels, 0.2, steps=n, **options), labels)
        for n in (1, 3, 10, 20)
    ]
    assert rates == sorted(rates)
    assert rates[0] < rates[-1]


@pytest.mark.parametrize("eps", [0.03, 0.08, 0.15])
def test_pgd_is_at_least_as_strong_as_fgsm(eps, generator):
    victim = victim_of(0, 1, 2)
    labels = right_labels(victim)
    one, many = (
        success(victim, a(victim, labels, eps, generator), labels) for a in ATTACKS.values()
    )
    assert many >= one


def test_an_image_is_left_alone_once_it_fools_every_network(generator):
    victim = victim_of(0, 1)
    labels = right_labels(victim)
    wrong = (labels + 1) % 3
    logits = torch.cat(list(victim(IMAGES))).detach()
    already = (logits.argmax(-1) != wrong).all(0) & (logits.softmax(-1).mean(0).argmax(-1) != wrong)
    assert 0 < already.sum() < len(IMAGES)
    found = pgd(victim, IMAGES, wrong, 0.1, steps=3, generator=None)
    moved = (found != IMAGES).flatten(1).any(1)
    assert torch.equal(moved, ~already)
    found = pgd(victim, IMAGES, wrong, 0.1, steps=3, until_fooled=False, generator=None)
    assert (found != IMAGES).flatten(1).any(1).all()


def test_restarts_never_weaken():
    victim = victim_of(0, 1, 2)
    labels = right_labels(victim)

    def probability(restarts):
        found = pgd(
            victim, IMAGES, labels, 0.1, steps=2, restarts=restarts, until_fooled=False,
            generator=torch.Generator().manual_seed(3),
        )  # fmt: skip
        mean = torch.cat(list(victim(found))).detach().softmax(-1).mean(0)
        return mean[torch.arange(24), labels]

    once, often = probability(1), probability(8)
    assert (often <= once + 1e-6).all()
    assert often.sum() < once.sum() - 0.01


def test_parts_add_up_to_the_gradient_of_the_mean_softmax(monkeypatch):
    drawn = ensemble(0, 1, 2, 3, 4)
    images = IMAGES.clone().requires_grad_()
    mean = drawn((images - MEAN[0]) / STD[0]).softmax(-1).mean(0)
    (expected,) = torch.autograd.grad(-mean[torch.arange(24), LABELS].log().sum(), images)
    from hypergan.evaluation import attacks

    monkeypatch.setattr(attacks, "_PASSES_AT_ONCE", 48)  # two networks, two, and one
    gradient, fooled = attacks._ascent(
        in_pixels(lambda: drawn, MEAN, STD, precision="float32"), IMAGES, LABELS
    )
    assert torch.allclose(gradient, expected, atol=1e-5)
    everyone = (drawn((IMAGES - MEAN[0]) / STD[0]).argmax(-1) != LABELS).all(0)
    assert torch.equal(fooled, everyone & (mean.argmax(-1) != LABELS))


def test_an_adaptive_attack_asks_for_new_networks_at_each_step(generator):
    asked = []

    def draw():
        asked.append(len(asked))
        return ensemble(len(asked))

    pgd(
        in_pixels(draw, MEAN, STD), IMAGES, LABELS, 0.1, steps=4, until_fooled=False,
        generator=generator,
    )  # fmt: skip
    assert len(asked) == 5  # four steps and a last look


def test_an_attack_over_draws_finds_what_all_of_them_share(generator):
    """The draws share a slope and differ in a random one: only the shared one is worth a step."""

    class Line(nn.Module):
        def __init__(self):
            super().__init__()
            self.slope = nn.Parameter(torch.zeros(2))

        def forward(self, images):
            score = (images.flatten(1) * self.slope).sum(1)
            return torch.stack([score, -score], dim=1)

    def draw():
        return Ensemble(
            Line(), {"slope": tensor([[1.0, 2 * torch.randn((), generator=generator)]])}
        )

    image, label = torch.full((1, 1, 1, 2), 0.5), tensor([0])
    found = pgd(
        in_pixels(draw, (0.0,), (1.0,)), image, label, 0.5, steps=200, step=0.005,
        until_fooled=False, generator=None,
    ).flatten()  # fmt: skip
    assert found[0] < 0.1
    assert abs(found[1] - 0.5) < 0.4


UNFIT = {
    "normalised": (IMAGES - 0.4) / 0.3,
    "bytes": 255 * IMAGES,
    "just below": IMAGES - 0.01 - IMAGES.min(),
    "not a number": IMAGES * float("nan"),
    "vectors": IMAGES.flatten(1),
    "without channels": IMAGES[:, 0],
    "one image": IMAGES[0],
}


@pytest.mark.parametrize("kind", UNFIT)
@pytest.mark.parametrize("seed", [None, 0])
def test_images_that_are_no_pixels_are_refused(kind, seed):
    images = UNFIT[kind]
    labels = LABELS[: len(images)]
    start = None if seed is None else torch.Generator().manual_seed(seed)
    with pytest.raises(DataError, match=r"in_pixels|height, width"):
        fgsm(victim_of(0), images, labels, 0.1)
    with pytest.raises(DataError, match=r"in_pixels|height, width"):
        pgd(victim_of(0), images, labels, 0.1, steps=2, generator=start)
    with pytest.raises(DataError, match=r"in_pixels|height, width"):
        next(victim_of(0)(images))


def test_a_normalisation_of_other_channels_is_refused():
    victim = in_pixels(lambda: ensemble(0), (0.1, 0.2, 0.3), (1.0, 1.0, 1.0))
    with pytest.raises(DataError, match="not have the 3 channels"):
        fgsm(victim, IMAGES, LABELS, 0.1)


def attack_with(victim=None, images=IMAGES, labels=LABELS, eps=0.1, attack=fgsm, **options):
    """PGD if it has options of its own, of two steps if they do not say more."""
    if attack is pgd or options:
        return pgd(
            victim or victim_of(0), images, labels, eps, **{"steps": 2, "generator": None} | options
        )
    return attack(victim or victim_of(0), images, labels, eps)


both = pytest.mark.parametrize("attack", [fgsm, pgd])
NUMBERS = [
    *({"eps": eps, "attack": attack} for eps in (torch.nan, -0.1, "0.1") for attack in (fgsm, pgd)),
    *({"steps": steps} for steps in (0, -1, 2.5)),
    *({"step": step} for step in (torch.nan, -0.1)),
    {"restarts": 0},
]


@pytest.mark.parametrize("numbers", NUMBERS)
def test_numbers_that_make_no_attack_are_refused(numbers):
    name = next(iter(numbers))
    with pytest.raises(SettingsError, match=rf"^{name} is .*; it (must|should) be"):
        attack_with(**numbers)


@both
@pytest.mark.parametrize("eps", [np.float32(0.1), torch.tensor(0.1)], ids=["numpy", "tensor"])
def test_an_eps_may_be_taken_from_an_array(attack, eps):
    torch.testing.assert_close(attack_with(eps=eps, attack=attack), attack_with(attack=attack))


WRONG_LABELS = {
    "from one": LABELS + 1,
    "negative": LABELS - 1,
    "too few": LABELS[:-1],
    "a column": LABELS[:, None],
    "floats": LABELS.float(),
}


@both
@pytest.mark.parametrize("kind", WRONG_LABELS)
def test_labels_that_are_no_classes_of_the_images_are_refused(attack, kind):
    with pytest.raises(DataError, match="^labels"):
        attack_with(labels=WRONG_LABELS[kind], attack=attack)


@both
@pytest.mark.parametrize("labels", [LABELS.int(), LABELS.numpy(), LABELS.tolist()], ids=type)
def test_labels_are_integers_of_any_type(attack, labels):
    assert torch.equal(attack_with(labels=labels, attack=attack), attack_with(attack=attack))


WRONG_IMAGES = {
    "none": (IMAGES[:0], "one or more images"),
    "bytes of 0 and 1": ((IMAGES > 0.5).byte(), "of torch.uint8; .* floats from 0 to 1"),
    "an array": (IMAGES.numpy(), r"torch.as_tensor\(images\)"),
    "doubles": (IMAGES.double(), r"\.to\(torch.float32\)"),
}


@both
@pytest.mark.parametrize("kind", WRONG_IMAGES)
def test_images_that_the_networks_cannot_take_are_refused(attack, kind):
    images, said = WRONG_IMAGES[kind]
    with pytest.raises(DataError, match=said):
        attack_with(images=images, labels=LABELS[: len(images)], attack=attack)


def test_networks_of_doubles_are_attacked_with_doubles(generator):
    drawn = ensemble(0, 1).double()
    victim = in_pixels(lambda: drawn, MEAN, STD, precision="float32")
    found = attack_with(victim, IMAGES.double(), restarts=2, generator=generator)
    assert found.dtype == torch.float64
    assert not torch.equal(found, IMAGES.double())


@pytest.mark.parametrize("drawn", [ensemble(0)[0], HyperGAN(network(0), 8, 6, 16)], ids=type)
def test_what_is_drawn_must_be_an_ensemble(drawn):
    with pytest.raises(SettingsError, match="draw returned .*; return model.ensemble"):
        attack_with(in_pixels(lambda: drawn, MEAN, STD))
    with pytest.raises(SettingsError, match="draw is a module .*; give a function"):
        in_pixels(drawn, MEAN, STD)


@pytest.mark.parametrize(
    ("mean", "std", "message"),
    [
        ([0.5], [0.0], "std above 0"),
        ([0.5], [float("nan")], "finite"),
        ([0.5] * 3, [0.5] * 2, "as many numbers"),
        ("a", [0.5], "finite"),
    ],
)
def test_a_normalisation_that_is_none_is_refused(mean, std, message):
    with pytest.raises(SettingsError, match=message):
        in_pixels(lambda: ensemble(0), mean, std)


@pytest.mark.parametrize(
    "like", [lambda x: x[0], lambda x: np.array(x), lambda x: [np.float64(*x)]]
)
def test_a_normalisation_may_be_a_number_or_numpys(like):
    drawn = ensemble(0)
    victim = in_pixels(lambda: drawn, like(MEAN), like(STD), precision="float32")
    found = fgsm(victim, IMAGES, LABELS, 0.1)
    assert torch.equal(found, fgsm(victim_of(0), IMAGES, LABELS, 0.1))


def test_what_no_attack_can_use_is_refused():
    with pytest.raises(SettingsError, match="generator is 0"):
        pgd(victim_of(0), IMAGES, LABELS, 0.1, steps=1, generator=0)
    with pytest.raises(DataError, match="does not accept inputs of shape"):
        fgsm(victim_of(0), IMAGES[..., :4], LABELS, 0.1)
    single = HyperGAN(nn.Sequential(nn.Flatten(), nn.Linear(36, 1)), 8, 8, 16).ensemble(2)
    with pytest.raises(DataError, match="two classes or more"):
        fgsm(in_pixels(lambda: single, MEAN, STD), IMAGES, 0 * LABELS, 0.1)
