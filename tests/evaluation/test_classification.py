"""Measurements of networks that are known, so that every number can be worked out by hand."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset

from hypergan.ensemble import Ensemble
from hypergan.evaluation.classification import evaluate_classifier, uncertainty_of
from hypergan.evaluation.protocol import Evaluation
from hypergan.evaluation.stages import Stages
from hypergan.layers import layers_of


@pytest.fixture(autouse=True)
def exact(monkeypatch):
    """Evaluation in float32 also where the CPU has units for bfloat16."""
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)


class Known:
    """A posterior whose ensemble is given; with several, a draw takes the next one."""

    size = 4
    weight_layers = layers_of(nn.Linear(1, 1, bias=False))  # as any number of outputs has

    def __init__(self, *weights):
        self.ensembles = iter(
            Ensemble(nn.Linear(1, rows.shape[1], bias=False), {"weight": rows}) for rows in weights
        )

    def ensemble(self, n, generator):
        ensemble = next(self.ensembles)
        assert len(ensemble) == n
        return ensemble


def classes(*signs):
    """Networks (N, 2, 1) sure that positive inputs are class 1; a sign of -1 is sure of 0."""
    return 50 * torch.tensor(signs).view(-1, 1, 1) * torch.tensor([[-1.0], [1.0]])


DATA = SimpleNamespace(
    test=TensorDataset(torch.tensor([[1.0], [1.0], [-1.0], [1.0]]), torch.tensor([1, 1, 0, 0])),
    outliers=TensorDataset(torch.zeros(3, 1), torch.zeros(3)),
)  # a network that is right about the sign has 75 %, one that is wrong 25 %


def test_accuracy_by_size_is_that_of_mean_probabilities_over_disjoint_ensembles():
    posterior = Known(classes(-0.9, 1.0, 1.0, 1.0), classes(-1.0, -1.0, -1.0, -1.0))
    settings = Evaluation(networks=4, sizes=(1, 3, 4), draws=2)
    metrics, _ = evaluate_classifier(
        posterior, DATA, settings, Stages(torch.Generator()), progress=False
    )
    singles = [25, 75, 75, 75, 25, 25, 25, 25]
    assert metrics["accuracy"] == {"1": np.mean(singles), "3": 50, "4": 50}
    assert metrics["accuracy_std"]["1"] == pytest.approx(np.std(singles, ddof=1))
    assert metrics["accuracy_ensembles"] == {"1": 8, "3": 2, "4": 2}


def test_every_score_is_averaged_over_ensembles():
    posterior = Known(classes(0.01, -0.01, 0.01, 0.01))
    settings = Evaluation(networks=4, sizes=(1, 4))
    metrics, _ = evaluate_classifier(
        posterior, DATA, settings, Stages(torch.Generator()), progress=False
    )
    right = 1 / (1 + np.exp(-1))  # of a network on three of the four images
    singles = [[right] * 3 + [1 - right], [1 - right] * 3 + [right]]
    for size, ensembles in (("1", [singles[i] for i in (0, 1, 0, 0)]),
                            ("4", [np.array([.75, .25]) @ singles])):  # fmt: skip
        p = np.array(ensembles)
        likelihood = -np.log(p).mean(1)
        assert metrics["negative_log_likelihood"][size] == pytest.approx(likelihood.mean())
        assert metrics["brier_score"][size] == pytest.approx(2 * ((1 - p) ** 2).mean())
    off = [abs(right - 0.75), abs(right - 0.25)]  # all images are in one bin
    assert metrics["calibration_error"]["1"] == pytest.approx(
        np.mean([off[i] for i in (0, 1, 0, 0)])
    )
    assert metrics["diversity"]["disagreement"] == pytest.approx(0.5)  # three of six pairs
    divergence = (2 * right - 1) * np.log(right / (1 - right))
    assert metrics["diversity"]["pairwise_kl"] == pytest.approx(divergence / 2)


def test_a_posterior_of_few_networks_gives_all_it_has():
    posterior = Known(classes(1.0, -1.0, 1.0, 1.0))
    settings = Evaluation(networks=100, sizes=(1, 4, 100))
    metrics, arrays = evaluate_classifier(
        posterior, DATA, settings, Stages(torch.Generator()), progress=False
    )
    assert metrics["accuracy"].keys() == metrics["uncertainty"].keys() == {"1", "4"}
    assert len(arrays["norms_Linear"]) == 4


class Unlimited(Known):
    size = None


def test_many_networks_are_measured_a_few_at_a_time():
    rows = classes(0.01, -0.02, 0.03, 0.04)
    posterior = Unlimited(rows, rows, rows[:2])
    settings = Evaluation(networks=4, sizes=(4,), many=6, stride=2)
    _, arrays = evaluate_classifier(
        posterior, DATA, settings, Stages(torch.Generator()), progress=False
    )
    six = torch.cat([rows, rows[:2]])
    inputs = DATA.test.tensors[0][::2]
    expected = uncertainty_of(
        Ensemble(nn.Linear(1, 2, bias=False), {"weight": six})(inputs).log_softmax(-1)
    )
    for score, values in expected.items():
        assert arrays[f"{score}_in_6"] == pytest.approx(values.numpy(), rel=1e-3)
        assert len(arrays[f"{score}_out_6"]) == 2
    none = replace(settings, many=0)
    _, arrays = evaluate_classifier(  # which would be a second draw
        Unlimited(rows), DATA, none, Stages(torch.Generator()), progress=False
    )
    assert "entropy_in_4" in arrays


def test_what_each_image_was_taken_for_is_kept():
    posterior = Known(classes(1.0, -1.0, 1.0, 2.0))
    settings = Evaluation(networks=4, sizes=(1, 2, 4))
    metrics, arrays = evaluate_classifier(
        posterior, DATA, settings, Stages(torch.Generator()), progress=False
    )
    for size in settings.sizes:
        counts = arrays[f"right_{size}"]
        assert counts.dtype == np.uint8
        share = counts.mean() / metrics["accuracy_ensembles"][str(size)]
        assert 100 * share == pytest.approx(metrics["accuracy"][str(size)])
    assert ((arrays["answer_in"] == DATA.test.tensors[1].numpy()) == arrays["right_4"]).all()
    assert arrays["shown_in"].sum(1) == pytest.approx(np.ones(4), abs=1e-3)
    assert arrays["shown_in"].argmax(1).tolist() == arrays["answer_in"].tolist()
    assert len(arrays["answer_out"]) == len(arrays["shown_out"]) == 3


def test_outliers_are_detected_by_uncertainty():
    posterior = Known(classes(1.0, 1.0, 1.0, 1.0))
    settings = Evaluation(networks=4, sizes=(4,))
    metrics, _ = evaluate_classifier(
        posterior, DATA, settings, Stages(torch.Generator()), progress=False
    )
    found = metrics["uncertainty"]["4"]
    assert found["entropy"]["auroc"] == found["least_confidence"]["auroc"] == 1
    assert found["least_confidence"]["out"] == pytest.approx(0.5)
    assert found["mutual_information"]["auroc"] == 0.5  # the networks are one


def test_entropies_are_those_of_mean_probabilities_in_nats():
    posterior = Known(classes(1.0, -1.0, 1.0, 1.0))
    settings = Evaluation(networks=4, sizes=(4,))
    metrics, arrays = evaluate_classifier(
        posterior, DATA, settings, Stages(torch.Generator()), progress=False
    )
    quarter = -(0.25 * np.log(0.25) + 0.75 * np.log(0.75))  # one of four networks disagrees
    assert arrays["entropy_in_4"] == pytest.approx([quarter] * 4, rel=1e-3)
    assert arrays["entropy_out_4"] == pytest.approx(
        [np.log(2)] * 3, rel=1e-3
    )  # no network has an opinion
    assert metrics["entropy"] == {
        "in": pytest.approx(quarter),
        "out": pytest.approx(np.log(2)),
    }
    assert metrics["accuracy_std"] == {}
