"""Evaluation of a trained posterior over regression networks.

Shapes: N networks, B inputs.
"""

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import TensorDataset

from hypergan.data.datasets import Data
from hypergan.evaluation.protocol import Evaluation, at_most
from hypergan.evaluation.stages import Found
from hypergan.metrics import layer_norms, mean_and_std
from hypergan.posterior import Posterior


def evaluate_regression(
    posterior: Posterior, data: Data, evaluation: Evaluation, generator: torch.Generator
) -> Found:
    """Predictions of many networks on the test grid, in the data's own units.

    The networks map standardised inputs to standardised outputs, see :func:`standardised`.

    Returns:
        The metrics: ``norms`` by layer, ``rmse`` of the mean function inside the training interval,
        and ``std_inside`` and ``std_outside``, the mean predictive standard deviation inside and
        outside it; and the arrays ``x`` and noise-free ``y`` (B,), ``predictions`` (N, B),
        ``train_x`` and ``train_y``.
    """
    ensemble = posterior.ensemble(at_most(posterior.size, evaluation.networks), generator)
    (x, y), (train_x, train_y) = data.test.tensors, data.train.tensors
    predictions = ensemble.predict(x / scale(train_x)).squeeze(-1) * scale(train_y)
    inside = (x.squeeze(-1) >= train_x.min()) & (x.squeeze(-1) <= train_x.max())
    std, error = predictions.std(0), predictions.mean(0) - y.squeeze(-1)
    norms = layer_norms(ensemble.weights, posterior.weight_layers)
    metrics = {
        "norms": {name: mean_and_std(values) for name, values in norms.items()},
        "rmse": float(error[inside].square().mean().sqrt()),
        "std_inside": float(std[inside].mean()),
        "std_outside": float(std[~inside].mean()),
    }
    columns = {"x": x, "y": y, "train_x": train_x, "train_y": train_y}
    arrays = {name: tensor.squeeze(-1).numpy() for name, tensor in columns.items()}
    return metrics, arrays | {"predictions": predictions.numpy().astype(np.float32)}


def scale(values: Tensor) -> Tensor:
    """The unit of values as regression networks see them: their standard deviation."""
    return values.std()


def standardised(train: TensorDataset) -> TensorDataset:
    """Regression data in units of their standard deviations."""
    return TensorDataset(*(values / scale(values) for values in train.tensors))
