"""Measuring a trained posterior: what a record's metrics and arrays hold.

Shapes: N networks, B images, C classes.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from hypergan.data import Data
from hypergan.ensemble import Ensemble
from hypergan.layers import layers_of
from hypergan.metrics import accuracy, entropy, layer_norms
from hypergan.posterior import Posterior
from hypergan.progress import progress_bar
from hypergan.settings import Evaluation

Arrays = dict[str, np.ndarray[Any, Any]]


def evaluate_classifier(
    posterior: Posterior,
    data: Data,
    evaluation: Evaluation,
    generator: torch.Generator,
    *,
    progress: bool = True,
) -> tuple[dict[str, Any], Arrays]:
    """Accuracy by ensemble size, norms, and entropies in and out of distribution.

    Every image is scored by the same networks. A second full ensemble, where one is asked for,
    only adds to the accuracies; norms and entropies are the first one's.

    Returns:
        The metrics, which are ``accuracy`` by ensemble size in percent, the mean over disjoint
        ensembles, with ``accuracy_std`` over ``accuracy_ensembles`` of them, ``norms`` by layer,
        and ``entropy``, the mean over images in nats, ``in`` and ``out`` of distribution; and the
        arrays ``entropy_in`` and ``entropy_out`` (B,) and ``norms_LAYER`` (N,).
    """
    inputs, labels = data.test.tensors
    scores: dict[int, list[float]] = {size: [] for size in evaluation.sizes}
    metrics: dict[str, Any] = {}
    arrays: Arrays = {}
    images = evaluation.draws * len(inputs) + (len(data.outliers) if data.outliers else 0)
    with progress_bar(progress, total=images, desc="evaluate", unit="image") as bar:
        for draw in range(evaluation.draws):
            ensemble = posterior.ensemble(evaluation.networks, generator)
            probabilities = predict_each(ensemble, inputs, bar)
            for size, accuracies in scores.items():
                for group in probabilities.split(size):
                    if len(group) == size:
                        accuracies.append(float(accuracy(group.mean(0), labels)))
            if draw == 0:
                norms = layer_norms(ensemble.weights, layers_of(ensemble.target))
                metrics["norms"] = {name: summary(values) for name, values in norms.items()}
                arrays |= {f"norms_{name}": values.cpu().numpy() for name, values in norms.items()}
                uncertainty = {"in": entropy(probabilities.mean(0))}
                if data.outliers is not None:
                    outside = predict_each(ensemble, data.outliers.tensors[0], bar)
                    uncertainty["out"] = entropy(outside.mean(0))
                metrics["entropy"] = {name: float(x.mean()) for name, x in uncertainty.items()}
                arrays |= {f"entropy_{name}": x.numpy() for name, x in uncertainty.items()}
    metrics["accuracy"] = {str(size): float(np.mean(x)) for size, x in scores.items()}
    metrics["accuracy_std"] = {
        str(size): float(np.std(x, ddof=1)) for size, x in scores.items() if len(x) > 1
    }
    metrics["accuracy_ensembles"] = {str(size): len(x) for size, x in scores.items()}
    return metrics, arrays


@torch.no_grad()
def predict_each(ensemble: Ensemble, inputs: Tensor, bar: Any, batch_size: int = 500) -> Tensor:
    """Softmax of every network, (N, B, C), a batch of images at a time."""
    parts = []
    for batch in inputs.split(batch_size):  # of the bar; the ensemble makes its own
        parts.append(ensemble.predict(batch).softmax(-1))
        bar.update(len(batch))
    return torch.cat(parts, dim=1)


def evaluate_regression(
    posterior: Posterior, data: Data, evaluation: Evaluation, generator: torch.Generator
) -> tuple[dict[str, Any], Arrays]:
    """Predictions of many networks on the test grid, in the data's own units.

    The networks map standardised inputs to standardised outputs, see :func:`standardise`.

    Returns:
        The metrics, which are ``norms`` by layer, ``rmse`` of the mean function inside the
        training interval, ``std_inside`` and ``std_outside``, the mean predictive standard
        deviation inside and outside it; and the arrays ``x`` and noise-free ``y`` (B,),
        ``predictions`` (N, B), ``train_x`` and ``train_y``.
    """
    ensemble = posterior.ensemble(evaluation.networks, generator)
    (x, y), (train_x, train_y) = data.test.tensors, data.train.tensors
    predictions = ensemble.predict(x / scale(train_x)).squeeze(-1) * scale(train_y)
    inside = (x.squeeze(-1) >= train_x.min()) & (x.squeeze(-1) <= train_x.max())
    std, error = predictions.std(0), predictions.mean(0) - y.squeeze(-1)
    norms = layer_norms(ensemble.weights, layers_of(ensemble.target))
    metrics = {
        "norms": {name: summary(values) for name, values in norms.items()},
        "rmse": float(error[inside].square().mean().sqrt()),
        "std_inside": float(std[inside].mean()),
        "std_outside": float(std[~inside].mean()),
    }
    columns = {"x": x, "y": y, "train_x": train_x, "train_y": train_y}
    arrays = {name: tensor.squeeze(-1).numpy() for name, tensor in columns.items()}
    return metrics, arrays | {"predictions": predictions.numpy().astype(np.float32)}


def scale(values: Tensor) -> Tensor:
    """The unit in which a regression's networks see values: their standard deviation."""
    return values.std()


def summary(values: Tensor) -> dict[str, float]:
    """Mean and standard deviation of (N,) values."""
    return {"mean": float(values.mean()), "std": float(values.std())}
