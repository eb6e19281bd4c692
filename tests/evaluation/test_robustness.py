"""Attacks on networks that read one pixel, so that every outcome can be worked out by hand."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn, tensor
from torch.utils.data import TensorDataset

from hypergan.data.datasets import normalise
from hypergan.ensemble import Ensemble
from hypergan.evaluation import robustness
from hypergan.evaluation.protocol import Attack
from hypergan.evaluation.robustness import evaluate_attacks, pixels
from hypergan.evaluation.stages import Stages

MEAN, STD = (0.25,), (0.5,)
BYTES = tensor([[51, 51], [204, 204], [51, 51], [204, 204]], dtype=torch.uint8).view(4, 1, 1, 2)
DATA = SimpleNamespace(
    test=TensorDataset(normalise(BYTES, MEAN, STD), tensor([0, 1, 0, 1])), mean=MEAN, std=STD
)  # dark images are class 0; both pixels say so, and are .3 away from the grey where it turns
QUICK = Attack(
    images=4, eps=(0.1, 0.4), steps=4, restarts=1,
    ensembles=((1, 2, 4), (2, 2, 4), (3, 3, 4), (5, 5, 4)), singles=1, transfer=(1, 2, 4), draws=4,
)  # fmt: skip


class OnePixel(nn.Module):
    """Sure that an image is of class 1 where the pixel it reads is brighter than grey."""

    def __init__(self):
        super().__init__()
        self.reads = nn.Parameter(torch.zeros(2))

    def forward(self, images):
        brightness = (images.flatten(1) * self.reads).sum(1) * STD[0] + MEAN[0]
        score = 20 * (brightness - 0.5)
        return torch.stack([-score, score], dim=1)


class Known:
    """The networks of an ensemble read the pixels 0, 1, 0, 1, ..."""

    def __init__(self, size=None):
        self.size = size

    def ensemble(self, n, generator):
        assert self.size is None or n <= self.size
        return Ensemble(OnePixel(), {"reads": torch.eye(2).repeat(n, 1)[:n]})


def seeded():
    return Stages(torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def unlimited():
    return evaluate_attacks(Known(), DATA, QUICK, seeded(), progress=False)


def test_pixels_are_the_images_bytes():
    images, labels = pixels(DATA, 4)
    assert torch.allclose(images, BYTES / 255)
    assert labels.tolist() == [0, 1, 0, 1]
    assert pixels(DATA, 2)[1].tolist() == [0, 1]  # the first and the last
    assert len(pixels(DATA, 100)[1]) == 4


def test_fewer_images_are_some_of_the_many():
    images, _ = pixels(DATA, 4)
    assert torch.equal(pixels(DATA, 4, 2)[0], images[::2])
    assert torch.equal(pixels(DATA, 4, 4)[0], images)
    assert torch.equal(pixels(DATA, 4, 3)[0], images[:3])
    assert torch.equal(pixels(DATA, 100, 100)[0], images)


def test_a_small_change_fools_nobody_and_a_large_one_those_under_attack(unlimited):
    for attack in ("fgsm", "pgd"):
        pair = unlimited[0]["attacks"][attack]["2"]
        for tested in ("same", "fresh"):
            for eps in ("0", "0.1"):
                found = pair[tested][eps]
                assert found["success"] == found["fooled"] == found["all_fooled"] == 0
                assert found["entropy_fooled"] is None
        same = pair["same"]["0.4"]
        assert same["success"] == same["fooled"] == same["all_fooled"] == 1
        fresh = unlimited[0]["attacks"][attack]["1"]["fresh"]["0.4"]
        assert fresh["networks"] == 2
        assert fresh["fooled"] == 0.5  # those that read the same pixel
        assert fresh["entropy"] == pytest.approx(fresh["entropy_fooled"])
        assert fresh["entropy"] == pytest.approx(np.log(2), abs=0.1)  # one against one
        assert fresh["auroc"] == fresh["auroc_mutual_information"] == 1


def outcomes(metrics):
    """Every outcome by attack, size, tested ensemble and eps."""
    return {
        (attack, size, tested, eps): found
        for attack, by_size in metrics["attacks"].items()
        for size, by_tested in by_size.items()
        for tested, by_eps in by_tested.items()
        for eps, found in by_eps.items()
    }


def test_clean_images_are_told_from_themselves_by_chance(unlimited):
    for (*_, eps), found in outcomes(unlimited[0]).items():
        if eps == "0":
            assert found["auroc"] == 0.5


def test_an_adaptive_attack_fools_networks_not_yet_drawn(unlimited):
    found = unlimited[0]["attacks"]["eot"]["4"]["fresh"]["0.4"]
    assert found["networks"] == 4
    assert found["success"] == found["fooled"] == 1


def test_an_attack_that_is_not_stopped_goes_on_with_the_same_networks(unlimited):
    """Four networks are more than one pixel: what fools them fools any others."""
    same, fresh = (
        unlimited[0]["attacks"]["unstopped"]["4"][tested] for tested in ("same", "fresh")
    )
    assert same["0.1"]["success"] == fresh["0.1"]["success"] == 0
    for found in (same["0.4"], fresh["0.4"]):
        assert found["networks"] == 4
        assert found["success"] == found["all_fooled"] == 1


def test_an_example_of_one_network_fools_those_like_it(unlimited):
    transfer = unlimited[0]["transfer"]["pgd"]
    for networks, fooled in (("1", 0), ("2", 0.5), ("4", 0.5)):
        found = transfer["0.4"][networks]
        assert (found["examples"], found["fooled"]) == (4, fooled)
    assert transfer["0.1"]["4"] == {"examples": 0, "fooled": None, "success": None}


def test_the_arrays_hold_each_image(unlimited):
    metrics, arrays = unlimited
    for (attack, size, tested, _), _ in outcomes(metrics).items():
        by_eps = metrics["attacks"][attack][size][tested].values()
        for score, summary in {
            "entropy": "entropy",
            "fooled": "fooled",
            "wrong": "success",
        }.items():
            means = arrays[f"{score}_{attack}_{size}_{tested}"].astype(float).mean(1)
            assert means == pytest.approx([found[summary] for found in by_eps], abs=1e-3)


def test_large_ensembles_get_fewer_images():
    attack = Attack(
        images=4, eps=(0.4,), steps=1, restarts=1, ensembles=((1, 1, 4), (3, 3, 2)), singles=0,
        transfer=(1,), draws=1,
    )  # fmt: skip
    metrics, arrays = evaluate_attacks(Known(), DATA, attack, seeded(), progress=False)
    for (_, size, *_), found in outcomes(metrics).items():
        assert found["images"] == (2 if size == "3" else 4)
    assert arrays["entropy_pgd_3_same"].shape == (2, 2)


def test_a_limited_posterior_lends_the_networks_that_were_not_attacked():
    metrics, _ = evaluate_attacks(Known(3), DATA, QUICK, seeded(), progress=False)
    found = {
        (size, tested): found["networks"]
        for (_, size, tested, _), found in outcomes(metrics).items()
    }
    assert found == {
        ("1", "same"): 1, ("1", "fresh"): 2, ("2", "same"): 2, ("2", "fresh"): 1, ("3", "same"): 3,
    }  # fmt: skip
    assert metrics["attacks"].keys() == {"fgsm", "pgd"}
    assert metrics["transfer"]["fgsm"]["0.4"].keys() == {"1", "2"}


def test_it_is_not_always_the_same_network_of_a_limited_posterior_that_is_attacked():
    one_dark_one_bright = tensor([[[[0.2, 0.8]]]])
    source, read = torch.Generator().manual_seed(0), set()
    attacker = robustness.Attacker(Known(2), DATA, QUICK, source, bar=None)
    for _ in range(20):
        victims = attacker._victims(1, 1)
        answers = {name: torch.cat([*victim(one_dark_one_bright)]).argmax().item()
                   for name, victim in victims.items()}  # fmt: skip
        assert answers["same"] != answers["fresh"]
        read.add(answers["same"])
    assert read == {0, 1}


def test_a_strong_attack_is_made_where_it_is_asked_for():
    asked = replace(QUICK, strong_steps=6)
    for size, tested in (
        (None, {"same": 4, "fresh": 4}),
        (3, {"same": 3}),
        (6, {"same": 4, "fresh": 2}),
    ):
        metrics, arrays = evaluate_attacks(Known(size), DATA, asked, seeded(), progress=False)
        ((count, found),) = metrics["attacks"]["strong"].items()
        assert int(count) == tested["same"]
        assert {name: by_eps["0.4"]["networks"] for name, by_eps in found.items()} == tested
        assert found["same"]["0.4"]["success"] == 1  # the pixels are 0.3 away from the grey
        assert found["same"]["0.1"]["success"] == 0
        assert arrays[f"wrong_strong_{count}_same"].all(1).tolist() == [False, False, True]


def test_attacked_images_are_kept_with_what_is_made_of_them(unlimited):
    _, arrays = unlimited  # four networks are not attacked, five are
    assert not any(name.startswith("images_") for name in arrays)
    asked = replace(QUICK, draws=3)
    _, arrays = evaluate_attacks(Known(), DATA, asked, seeded(), progress=False)
    images = arrays["images_pgd_3"]
    assert (images.shape, images.dtype) == ((3, 4, *BYTES.shape[1:]), np.uint8)
    assert (images[0] == BYTES.numpy()).all()
    for row, eps in enumerate((0, *QUICK.eps)):
        moved = abs(images[row].astype(int) - images[0].astype(int)).max()
        assert moved <= 255 * eps + 1
    for tested in ("same", "fresh"):
        softmax = arrays[f"softmax_pgd_3_{tested}"]
        assert softmax.shape == (3, 4, 2)
        wrong = softmax.argmax(-1) != DATA.test.tensors[1].numpy()
        assert (wrong == arrays[f"wrong_pgd_3_{tested}"]).all()
