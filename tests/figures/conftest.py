"""Made-up records and arrays that figures are drawn from."""

import matplotlib as mpl
import numpy as np
import pytest
from examples import NORMS, example

from hypergan.experiments.collection import Collection
from hypergan.experiments.records import Cell

mpl.use("Agg")


@pytest.fixture
def record():
    accuracy = {"1": 98.0, "5": 98.5, "10": 99.0, "100": 99.25}
    history = [
        {"epoch": e, "accuracy": 90.0 + e, "norm_spread": {"conv1": 0.1, "linear": 0.2}}
        for e in (1, 2)
    ]
    metrics = {"norms": NORMS, "accuracy": accuracy, "accuracy_std": {"1": 0.1}}
    return example(Cell("hypergan", "mnist", 2), metrics=metrics, history=history)


@pytest.fixture
def arrays():
    x = np.linspace(-6, 6, 13)
    predictions = x**3 + np.random.default_rng(0).normal(size=(100, 13)) * (1 + abs(x))
    return {"x": x, "y": x**3, "train_x": x[3:10], "train_y": x[3:10] ** 3,
            "predictions": predictions}  # fmt: skip


@pytest.fixture
def collected():
    """Three seeds of HyperGAN on MNIST, one of a standard ensemble, and nothing else."""

    def one(method, seed, metrics, rates=(97.0, 98.5)):
        history = [
            {"epoch": e, "accuracy": rate, "norm_spread": dict.fromkeys(NORMS, 0.1 * e)}
            for e, rate in enumerate(rates, 1)
        ]
        return example(Cell(method, "mnist", seed), metrics=metrics, history=history)

    def metrics(shift, sizes, scale=1.0):
        return {
            "norms": {layer: {"mean": scale * (10 + shift), "std": 2.0} for layer in NORMS},
            "accuracy": {str(size): 98.0 + shift + size / 100 for size in sizes},
            "accuracy_std": {"1": 0.25},
            "accuracy_ensembles": {str(size): max(sizes) // size for size in sizes},
            "diversity": {"disagreement": 0.01 + shift, "pairwise_kl": 0.5},
        }

    hypergan = [one("hypergan", seed, metrics(seed / 10, (1, 5, 10, 100))) for seed in range(3)]
    ensemble = [one("ensemble", 0, metrics(0, (1, 5, 10), scale=2.0), rates=(90.0, 91.0))]
    return Collection(hypergan + ensemble, [])
