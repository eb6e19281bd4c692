import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch import tensor

from hypergan import metrics
from hypergan.errors import DataError, SettingsError
from hypergan.layers import Layer


def test_accuracy_is_in_percent():
    scores = tensor([[2.0, 1.0], [0.0, 1.0], [3.0, 4.0], [1.0, 0.0]])
    assert metrics.accuracy(scores, tensor([0, 1, 0, 0])).item() == 75


def test_entropy_equals_scipys():
    probabilities = torch.rand(20, 10, generator=torch.Generator().manual_seed(0)).softmax(-1)
    expected = stats.entropy(probabilities.numpy(), axis=1)
    assert metrics.entropy(probabilities).numpy() == pytest.approx(expected, rel=1e-5)


def test_entropy_spans_certainty_to_indifference():
    certain, indifferent = tensor([1.0, 0.0, 0.0]), torch.full((3,), 1 / 3)
    assert metrics.entropy(certain).item() == 0
    assert metrics.entropy(indifferent).item() == pytest.approx(math.log(3))


def test_norms_are_those_of_a_layers_weights_and_biases_together():
    layer = Layer("dense", {"dense.weight": (1, 2), "dense.bias": (1,)})
    weights = {
        "dense.weight": tensor([[[1.0, 2.0]], [[0.0, 0.0]]]),
        "dense.bias": tensor([[2.0], [5.0]]),
    }
    assert metrics.layer_norms(weights, [layer])["dense"].tolist() == [3, 5]


def test_relative_std_is_the_samples():
    assert metrics.relative_std(tensor([1.0, 3.0])) == pytest.approx(math.sqrt(2) / 2)


def test_the_log_of_a_mixture_is_that_of_the_mean_probabilities():
    probabilities = torch.rand(3, 5, 4, generator=torch.Generator().manual_seed(0)).softmax(-1)
    assert torch.allclose(metrics.log_mixture(probabilities.log()).exp(), probabilities.mean(0))
    tiny = tensor([[[-500.0, 0.0]], [[-500.0, 0.0]]])  # its probability is 0 in float32
    assert metrics.log_mixture(tiny)[0].tolist() == [-500, 0]


SURE = tensor([[0.8, 0.2], [0.6, 0.4], [0.1, 0.9]])
LABELS = tensor([0, 1, 1])


def test_brier_score_and_likelihood_by_hand():
    squares = [2 * 0.2**2, 2 * 0.6**2, 2 * 0.1**2]
    assert metrics.brier_score(SURE, LABELS).item() == pytest.approx(sum(squares) / 3)
    expected = -(math.log(0.8) + math.log(0.4) + math.log(0.9)) / 3
    likelihood = metrics.negative_log_likelihood(SURE.log(), LABELS)
    assert likelihood.item() == pytest.approx(expected)


@pytest.mark.parametrize("name", ["accuracy", "brier_score", "entropy", "disagreement"])
def test_scores_in_an_array_are_to_be_converted(name):
    labels = [LABELS] * (name in {"accuracy", "brier_score"})
    with pytest.raises(DataError, match="convert them with torch.as_tensor"):
        getattr(metrics, name)(SURE.numpy(), *labels)


@pytest.mark.parametrize("bins", [0, -1, 2.5])
def test_there_is_a_whole_number_of_bins(bins):
    with pytest.raises(SettingsError, match="bins"):
        metrics.calibration_error(SURE, LABELS, bins=bins)


def test_calibration_error_by_hand():
    """Two bins: .6 alone is wrong, .8 and .9 are right, of mean confidence .85."""
    expected = (abs(0 - 0.6) + 2 * abs(1 - 0.85)) / 3
    edges = metrics.calibration_error(SURE, LABELS, bins=4)  # one from .5 to .75, one above
    assert edges.item() == pytest.approx(expected)


def test_a_probability_rounded_above_1_is_no_logit():
    above = tensor([[1 + 1e-6, 0.0], [0.0, 1.0]])
    assert metrics.calibration_error(above, tensor([0, 0])).item() == pytest.approx(0.5)


def test_mutual_information_is_what_networks_disagree_about():
    sure_of_either = tensor([[[1.0, 0.0], [0.5, 0.5]], [[0.0, 1.0], [0.5, 0.5]]])
    own = metrics.entropy(sure_of_either).mean(0)
    found = metrics.uncertainty(metrics.log_mixture(sure_of_either.log()), own)
    assert found["entropy"].tolist() == pytest.approx([math.log(2)] * 2)
    assert found["mutual_information"].tolist() == pytest.approx([math.log(2), 0], abs=1e-6)
    assert found["least_confidence"].tolist() == pytest.approx([0.5, 0.5])


def test_disagreement_and_divergence_are_means_over_pairs():
    logits = 2 * torch.randn(5, 7, 3, generator=torch.Generator().manual_seed(0))
    log_probabilities = logits.log_softmax(-1)
    pairs = [(i, j) for i in range(5) for j in range(5) if i != j]
    classes = logits.argmax(-1)
    differing = [(classes[i] != classes[j]).float().mean().item() for i, j in pairs]
    assert metrics.disagreement(logits).item() == pytest.approx(sum(differing) / len(pairs))
    p = log_probabilities.exp().numpy()
    divergences = [stats.entropy(p[i], p[j], axis=-1).mean() for i, j in pairs]
    found = metrics.pairwise_kl(log_probabilities).item()
    assert found == pytest.approx(sum(divergences) / len(pairs), rel=1e-5)


def test_networks_that_are_alike_do_not_differ():
    alike = torch.randn(1, 7, 3, generator=torch.Generator().manual_seed(0)).expand(4, 7, 3)
    assert metrics.disagreement(alike).item() == 0
    assert metrics.pairwise_kl(alike.log_softmax(-1)).item() == pytest.approx(0, abs=1e-6)


ON_LABELS = {
    "accuracy": metrics.accuracy,
    "brier_score": metrics.brier_score,
    "calibration_error": metrics.calibration_error,
    "likelihood": lambda scores, labels: metrics.negative_log_likelihood(scores.log(), labels),
}
WRONG_LABELS = {
    "a column": LABELS[:, None],
    "one-hot": torch.eye(2)[LABELS].long(),
    "soft": SURE,
    "floats": LABELS.float(),
    "ignored": tensor([0, -100, 1]),
    "from one": LABELS + 1,
    "too few": LABELS[:2],
    "one number": tensor(0),
}


@pytest.mark.parametrize("metric", ON_LABELS)
@pytest.mark.parametrize("kind", WRONG_LABELS)
def test_labels_of_another_form_are_refused(kind, metric):
    if (metric, kind) == ("accuracy", "one number"):
        pytest.skip("a label for all scores")
    with pytest.raises(DataError, match="labels"):
        ON_LABELS[metric](SURE, WRONG_LABELS[kind])


@pytest.mark.parametrize("metric", ON_LABELS.values(), ids=ON_LABELS)
@pytest.mark.parametrize("kind", ["int32", "uint8", "array", "int16 array", "list"])
def test_labels_are_integers_of_any_type(metric, kind):
    labels = {
        "int32": LABELS.int(),
        "uint8": LABELS.byte(),
        "array": LABELS.numpy(),
        "int16 array": LABELS.numpy().astype(np.int16),
        "list": LABELS.tolist(),
    }[kind]
    assert torch.equal(metric(SURE, labels), metric(SURE, LABELS))


def test_what_is_not_a_number_has_no_class():
    odd = SURE.clone()
    odd[1, 0] = torch.nan
    assert metrics.accuracy(odd, LABELS).isnan()
    assert metrics.disagreement(torch.stack([SURE, odd])).isnan()


def test_a_class_that_all_networks_rule_out_does_not_part_them():
    logits = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0))
    ruled_out = logits.clone()
    ruled_out[..., 2] = -torch.inf
    found = metrics.pairwise_kl(ruled_out.log_softmax(-1))
    expected = metrics.pairwise_kl(logits[..., [0, 1, 3]].log_softmax(-1))
    torch.testing.assert_close(found, expected)
    ruled_out[1:] = logits[1:]
    assert metrics.pairwise_kl(ruled_out.log_softmax(-1)) == torch.inf


ON_PROBABILITIES = {
    "brier_score": lambda scores: metrics.brier_score(scores, LABELS),
    "calibration_error": lambda scores: metrics.calibration_error(scores, LABELS),
    "likelihood": lambda scores: metrics.negative_log_likelihood(scores, LABELS),
    "entropy": metrics.entropy,
    "pairwise_kl": lambda scores: metrics.pairwise_kl(scores.expand(2, 3, 2)),
}


@pytest.mark.parametrize("metric", ON_PROBABILITIES)
@pytest.mark.parametrize(
    "scores",
    [tensor([[3.0, -2.0], [5.0, 1.0], [0.0, 0.0]]), SURE * 2, -SURE, SURE * float("nan")],
)
def test_what_is_no_probability_is_refused(scores, metric):
    with pytest.raises(DataError, match="not probabilities .*softmax"):
        ON_PROBABILITIES[metric](scores)


@pytest.mark.parametrize("scores", [SURE, SURE[None], SURE[None, None]])
def test_disagreement_takes_two_networks(scores):
    for measure in (metrics.disagreement, metrics.pairwise_kl):
        with pytest.raises(DataError, match="two or more networks"):
            measure(scores.log())


@pytest.mark.parametrize("bins", [5, 15, 20])
def test_calibration_error_is_torchmetrics(bins):
    from torchmetrics.functional.classification import multiclass_calibration_error

    generator = torch.Generator().manual_seed(0)
    scores = (3 * torch.randn(500, 4, generator=generator)).softmax(-1)
    scores[:10] = torch.eye(4)[torch.arange(10) % 4]
    labels = torch.randint(4, (500,), generator=generator)
    expected = multiclass_calibration_error(scores, labels, num_classes=4, n_bins=bins)
    assert torch.equal(metrics.calibration_error(scores, labels, bins), expected)
