"""Attacks on networks that read one pixel, so that every outcome can be worked out by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn, tensor
from torch.utils.data import TensorDataset

from hypergan.data import normalise
from hypergan.ensemble import Ensemble
from hypergan.protocol import Attack
from hypergan.robustness import evaluate_attacks, pixels

MEAN, STD = (0.25,), (0.5,)
BYTES = tensor([[51, 51], [204, 204], [51, 51], [204, 204]], dtype=torch.uint8).view(4, 1, 1, 2)
DATA = SimpleNamespace(
    test=TensorDataset(normalise(BYTES, MEAN, STD), tensor([0, 1, 0, 1])), mean=MEAN, std=STD
)  # dark images are class 0; both pixels say so, and are .3 away from the grey where it turns
QUICK = Attack(
    images=4, eps=(0.1, 0.4), steps=4, restarts=1, pairs=((1, 2), (2, 2), (3, 3), (5, 5)),
    singles=1, transfer=(1, 2, 4), draws=4,
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


@pytest.fixture(scope="module")
def unlimited():
    return evaluate_attacks(Known(), DATA, QUICK, torch.Generator().manual_seed(0), progress=False)


def row(rows, **wanted):
    (found,) = [r for r in rows if all(r[name] == value for name, value in wanted.items())]
    return found


def test_pixels_are_the_images_bytes():
    images, labels = pixels(DATA, 4)
    assert torch.allclose(images, BYTES / 255)
    assert labels.tolist() == [0, 1, 0, 1]
    assert pixels(DATA, 2)[1].tolist() == [0, 1]  # the first and the last
    assert len(pixels(DATA, 100)[1]) == 4


def test_a_small_change_fools_nobody_and_a_large_one_those_under_attack(unlimited):
    rows = unlimited[0]["attacks"]
    for attack in ("fgsm", "pgd"):
        for tested in ("same", "fresh"):
            for eps in (0, 0.1):
                found = row(rows, attack=attack, attacked=2, tested=tested, eps=eps)
                assert found["success"] == found["fooled"] == found["all_fooled"] == 0
                assert found["entropy_fooled"] is None
        same = row(rows, attack=attack, attacked=2, tested="same", eps=0.4)
        assert same["success"] == same["fooled"] == same["all_fooled"] == 1
        fresh = row(rows, attack=attack, attacked=1, tested="fresh", eps=0.4)
        assert fresh["networks"] == 2
        assert fresh["fooled"] == 0.5  # those that read the same pixel
        assert fresh["entropy"] == pytest.approx(fresh["entropy_fooled"])
        assert fresh["entropy"] == pytest.approx(np.log(2), abs=0.1)  # one against one
        assert fresh["auroc"] == fresh["auroc_mutual_information"] == 1


def test_clean_images_are_told_from_themselves_by_chance(unlimited):
    for found in unlimited[0]["attacks"]:
        if found["eps"] == 0:
            assert found["auroc"] == 0.5


def test_an_adaptive_attack_fools_networks_not_yet_drawn(unlimited):
    found = row(unlimited[0]["attacks"], attack="eot", eps=0.4)
    assert (found["attacked"], found["networks"], found["tested"]) == (4, 4, "fresh")
    assert found["success"] == found["fooled"] == 1


def test_an_example_of_one_network_fools_those_like_it(unlimited):
    rows = unlimited[0]["transfer"]
    for networks, fooled in ((1, 0), (2, 0.5), (4, 0.5)):
        found = row(rows, attack="pgd", eps=0.4, networks=networks)
        assert (found["examples"], found["fooled"]) == (4, fooled)
    nothing = row(rows, attack="pgd", eps=0.1, networks=4)
    assert (nothing["examples"], nothing["fooled"], nothing["success"]) == (0, None, None)


def test_the_arrays_hold_each_rows_images(unlimited):
    metrics, arrays = unlimited
    for name, column in {"entropy": "entropy", "fooled": "fooled", "wrong": "success"}.items():
        means = np.nanmean(arrays[f"attack_{name}"].astype(float), axis=1)
        assert means == pytest.approx([r[column] for r in metrics["attacks"]], abs=1e-3)


def test_large_ensembles_get_fewer_images():
    attack = Attack(
        images=4, passes=6, eps=(0.4,), steps=1, restarts=1, pairs=((1, 1), (3, 3)), singles=0,
        transfer=(1,), draws=1,
    )  # fmt: skip
    metrics, arrays = evaluate_attacks(Known(), DATA, attack, torch.Generator(), progress=False)
    assert {r["images"] for r in metrics["attacks"] if r["attacked"] == 3} == {2}
    few = [r["images"] == 2 for r in metrics["attacks"]]
    assert (np.isnan(arrays["attack_entropy"]).sum(1) == 2).tolist() == few


def test_a_limited_posterior_lends_the_networks_that_were_not_attacked():
    metrics, _ = evaluate_attacks(
        Known(3), DATA, QUICK, torch.Generator().manual_seed(0), progress=False
    )
    found = {(r["attacked"], r["tested"]): r["networks"] for r in metrics["attacks"]}
    assert found == {
        (1, "same"): 1, (1, "fresh"): 2, (2, "same"): 2, (2, "fresh"): 1, (3, "same"): 3,
    }  # fmt: skip
    assert {r["attack"] for r in metrics["attacks"]} == {"fgsm", "pgd"}
    assert {r["networks"] for r in metrics["transfer"]} == {1, 2}
