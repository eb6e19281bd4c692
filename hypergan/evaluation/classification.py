"""Evaluation of a trained posterior over classifiers.

Shapes: N networks, B images, C classes.
"""

import math
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hypergan.batches import evenly
from hypergan.data.datasets import Data
from hypergan.ensemble import Ensemble
from hypergan.evaluation.detection import detection
from hypergan.evaluation.protocol import Evaluation, at_most
from hypergan.evaluation.robustness import evaluate_attacks
from hypergan.evaluation.stages import Arrays, Found, Stages
from hypergan.metrics import (
    accuracy,
    brier_score,
    calibration_error,
    disagreement,
    entropy,
    layer_norms,
    log_mixture,
    mean_and_std,
    negative_log_likelihood,
    pairwise_kl,
    uncertainty,
)
from hypergan.posterior import Posterior
from hypergan.precision import Precision
from hypergan.progress import progress_bar


def evaluate_classifier(
    posterior: Posterior,
    data: Data,
    evaluation: Evaluation,
    stages: Stages,
    *,
    progress: bool = True,
) -> Found:
    """Compute what the tables and figures on classifiers show.

    All images are scored by the same networks. Further full ensembles, if requested, only add to
    the scores by size; everything else comes from the first. If the posterior holds fewer networks,
    all of them are used, and larger sizes are left out.

    Returns:
        The metrics and arrays.

        By ensemble size, means over disjoint ensembles: ``accuracy`` in percent,
        ``negative_log_likelihood`` in nats, ``brier_score`` and ``calibration_error``; each with
        its standard deviation over ensembles as ``..._std``; and ``accuracy_ensembles``, the number
        of ensembles.

        For the full ensemble: ``norms`` by layer, with the arrays ``norms_LAYER`` (N,);
        ``diversity``, the ``disagreement`` and ``pairwise_kl`` of its networks on the test images;
        ``entropy``, the mean over images in nats, ``in`` and ``out`` of distribution; and
        ``detection`` by score, see :func:`hypergan.evaluation.detection.detection`.

        ``uncertainty`` by size and score (see :func:`hypergan.metrics.uncertainty`): means ``in``
        and ``out`` of distribution, and how well the score detects outliers; with the arrays
        ``entropy_in_SIZE`` and ``entropy_out_SIZE`` (B,) in float16, and for the full ensemble
        those of the other scores, too. The ensembles are the first networks of the full one, and a
        large one that sees every ``stride``-th image.

        The arrays ``right_SIZE`` (B,) count the disjoint ensembles that classify a test image
        correctly, ``answer_in`` and ``answer_out`` (B,) are the full ensemble's predicted classes,
        and ``shown_in`` and ``shown_out`` (32, C) its softmax for evenly spaced images.

        ``attacks`` and ``transfer``, if requested: see
        :func:`hypergan.evaluation.robustness.evaluate_attacks`.
    """
    sets = {"in": data.test.tensors[0]}
    if data.outliers is not None:
        sets["out"] = data.outliers.tensors[0]
    metrics, arrays = stages.do(
        "ensemble",
        lambda: evaluate_ensemble(
            posterior, sets, data.test.tensors[1], evaluation, stages.generator, progress
        ),
    )
    if "out" in sets and posterior.size is None and evaluation.many:
        large, more_arrays = stages.do(
            "many", lambda: evaluate_many(posterior, sets, evaluation, stages.generator, progress)
        )
        metrics["uncertainty"] |= large
        arrays |= more_arrays
    if evaluation.attack is not None:
        attacked, more_arrays = evaluate_attacks(
            posterior,
            data,
            evaluation.attack,
            stages,
            precision=evaluation.precision,
            progress=progress,
        )
        metrics |= attacked
        arrays |= more_arrays
    return metrics, arrays


def evaluate_ensemble(
    posterior: Posterior,
    sets: dict[str, Tensor],
    labels: Tensor,
    evaluation: Evaluation,
    generator: torch.Generator,
    progress: bool,
) -> Found:
    """Evaluate one full ensemble, and further ones for the scores by size alone.

    Args:
        posterior: The posterior to draw from.
        sets: Images ``in`` distribution, (B, ...), and ``out`` of it, if there are any.
        labels: Labels of the images ``in`` distribution, (B,).
        evaluation: The settings.
        generator: Source of the draws.
        progress: Show a progress bar.
    """
    inputs = sets["in"]
    networks = at_most(posterior.size, evaluation.networks)
    sizes = [size for size in evaluation.sizes if size <= networks]
    images = (evaluation.draws - 1) * len(inputs) + sum(map(len, sets.values()))
    with progress_bar(progress, total=images, desc="evaluate", unit="image") as bar:
        ensemble = posterior.ensemble(networks, generator)
        log_probabilities = predict_each(ensemble, inputs, bar, evaluation.precision)
        scores = quality(log_probabilities, labels, sizes)
        arrays = right(log_probabilities, labels, sizes) | answers(log_probabilities, "in")
        metrics: dict[str, Any] = {
            "diversity": {
                "disagreement": float(disagreement(log_probabilities)),
                "pairwise_kl": float(pairwise_kl(log_probabilities)),
            }
        }
        uncertainties = {
            size: {"in": uncertainty_of(log_probabilities[:size])} for size in {*sizes, networks}
        }
        if "out" in sets:
            log_probabilities = predict_each(ensemble, sets["out"], bar, evaluation.precision)
            arrays |= answers(log_probabilities, "out")
            for size, found in uncertainties.items():
                found["out"] = uncertainty_of(log_probabilities[:size])
        for _ in range(evaluation.draws - 1):
            another = posterior.ensemble(networks, generator)
            log_probabilities = predict_each(another, inputs, bar, evaluation.precision)
            more = quality(log_probabilities, labels, sizes)
            for score, size in product(scores, sizes):
                scores[score][size] += more[score][size]
    metrics |= spread(scores)
    norms = layer_norms(ensemble.weights, posterior.weight_layers)
    metrics["norms"] = {name: mean_and_std(values) for name, values in norms.items()}
    arrays |= {f"norms_{name}": values.cpu().numpy() for name, values in norms.items()}
    full = summaries(uncertainties[networks])
    metrics["entropy"] = {where: full["entropy"][where] for where in sets}
    if "out" in sets:
        metrics["detection"] = {
            score: {name: found[name] for name in ("auroc", "aupr", "fpr95")}
            for score, found in full.items()
        }
    metrics["uncertainty"] = {
        str(size): summaries(uncertainties[size]) for size in sorted(uncertainties)
    }
    for size, found in uncertainties.items():
        scores_kept = None if size == networks else ("entropy",)
        arrays |= by_image(found, size, scores_kept)
    return metrics, arrays


def evaluate_many(
    posterior: Posterior,
    sets: dict[str, Tensor],
    evaluation: Evaluation,
    generator: torch.Generator,
    progress: bool,
) -> Found:
    """The uncertainty of one large ensemble."""
    uncertainties = uncertainty_of_many(posterior, sets, evaluation, generator, progress)
    return {str(evaluation.many): summaries(uncertainties)}, by_image(
        uncertainties, evaluation.many
    )


def right(log_probabilities: Tensor, labels: Tensor, sizes: Sequence[int]) -> Arrays:
    """Number of disjoint ensembles of each size that classify each image correctly, (B,)."""
    return {
        f"right_{size}": sum(
            (log_mixture(group).argmax(-1) == labels).int()
            for group in log_probabilities.split(size)
            if len(group) == size
        )
        .numpy()  # type: ignore[union-attr]  # no size is larger than the full ensemble
        .astype(np.min_scalar_type(len(log_probabilities)))
        for size in sizes
    }


def answers(log_probabilities: Tensor, where: str) -> Arrays:
    """Each image's class by the mean softmax, (B,), and that softmax for a few, (32, C)."""
    mixture = log_mixture(log_probabilities)
    shown = evenly(len(mixture), SHOWN)
    return {
        f"answer_{where}": mixture.argmax(-1).numpy().astype(np.uint8),
        f"shown_{where}": mixture[shown].exp().numpy().astype(np.float16),
    }


SHOWN = 32
"""Number of evenly spaced images whose softmax a record keeps."""


def by_image(
    uncertainties: dict[str, dict[str, Tensor]], size: int, scores: Sequence[str] | None = None
) -> Arrays:
    """Each image's uncertainty scores from an ensemble of one size, as records keep them."""
    return {
        f"{score}_{where}_{size}": values.numpy().astype(np.float16)
        for where, by_score in uncertainties.items()
        for score, values in by_score.items()
        if scores is None or score in scores
    }


@torch.no_grad()
def predict_each(ensemble: Ensemble, inputs: Tensor, bar: Any, precision: Precision) -> Tensor:
    """Log-probabilities of every network, (N, B, C), computed batch by batch."""
    parts = []
    for batch in inputs.split(500):  # for the bar; the ensemble splits these further
        logits = ensemble.predict(batch, precision=precision)
        parts.append(logits.log_softmax(-1))
        bar.update(len(batch))
    return torch.cat(parts, dim=1)


def quality(
    log_probabilities: Tensor, labels: Tensor, sizes: Sequence[int]
) -> dict[str, dict[int, list[float]]]:
    """Scores of all disjoint ensembles of each size, from (N, B, C) and (B,)."""
    scores: dict[str, dict[int, list[float]]] = {name: {} for name in _QUALITY}
    for size in sizes:
        groups = [group for group in log_probabilities.split(size) if len(group) == size]
        mixtures = [log_mixture(group) for group in groups]
        for name, score in _QUALITY.items():
            scores[name][size] = [float(score(mixture, labels)) for mixture in mixtures]
    return scores


_QUALITY: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "accuracy": accuracy,
    "negative_log_likelihood": negative_log_likelihood,
    "brier_score": lambda mixture, labels: brier_score(mixture.exp(), labels),
    "calibration_error": lambda mixture, labels: calibration_error(mixture.exp(), labels),
}


def spread(scores: dict[str, dict[int, list[float]]]) -> dict[str, dict[str, Any]]:
    """Mean and standard deviation over ensembles of each score by size, and their number."""
    metrics: dict[str, dict[str, Any]] = {}
    for score, by_size in scores.items():
        metrics[score] = {str(size): float(np.mean(x)) for size, x in by_size.items()}
        metrics[f"{score}_std"] = {
            str(size): float(np.std(x, ddof=1)) for size, x in by_size.items() if len(x) > 1
        }
    counts = {str(size): len(x) for size, x in scores["accuracy"].items()}
    return metrics | {"accuracy_ensembles": counts}


def uncertainty_of(log_probabilities: Tensor) -> dict[str, Tensor]:
    """The uncertainty scores, (B,) each, from an ensemble's log-probabilities (N, B, C)."""
    own = torch.stack([entropy(each.exp()) for each in log_probabilities]).mean(0)
    return uncertainty(log_mixture(log_probabilities), own)


def uncertainty_of_many(
    posterior: Posterior,
    sets: dict[str, Tensor],
    evaluation: Evaluation,
    generator: torch.Generator,
    progress: bool,
) -> dict[str, dict[str, Tensor]]:
    """The same for a large ensemble, of which only ``networks`` are held at a time."""
    few = {where: inputs[:: evaluation.stride] for where, inputs in sets.items()}
    log_sum = {where: torch.tensor(-torch.inf) for where in few}
    own = {where: torch.tensor(0.0) for where in few}
    counts = [
        min(evaluation.networks, evaluation.many - done)
        for done in range(0, evaluation.many, evaluation.networks)
    ]
    images = len(counts) * sum(map(len, few.values()))
    with progress_bar(
        progress, total=images, desc=f"{evaluation.many} networks", unit="image"
    ) as bar:
        for count in counts:
            ensemble = posterior.ensemble(count, generator)
            for where, inputs in few.items():
                log_probabilities = predict_each(ensemble, inputs, bar, evaluation.precision)
                part = log_probabilities.logsumexp(0)
                log_sum[where] = torch.logaddexp(log_sum[where], part)
                own[where] = own[where] + entropy(log_probabilities.exp()).sum(0)
    n = evaluation.many
    return {where: uncertainty(log_sum[where] - math.log(n), own[where] / n) for where in few}


def summaries(uncertainties: dict[str, dict[str, Tensor]]) -> dict[str, dict[str, float]]:
    """Mean and detection quality of each score, by its name."""
    found = {
        score: {where: float(scores[score].mean()) for where, scores in uncertainties.items()}
        for score in uncertainties["in"]
    }
    if "out" in uncertainties:
        for score, values in found.items():
            values |= detection(uncertainties["in"][score], uncertainties["out"][score])
    return found
