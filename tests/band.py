"""What widens HyperGAN's band on the cubic and brings it nearer to an exact posterior, as CSV.

    python tests/band.py > data/search/cubic.csv

One row per change of its settings and seed, scored like the records: about ten seconds each. The
distances are those of the page on the regression.
"""

import csv
import sys
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from tqdm import tqdm

from hypergan.data.datasets import load
from hypergan.evaluation.predictive import Array
from hypergan.evaluation.regression import evaluate_regression
from hypergan.experiments.collection import collect
from hypergan.experiments.methods import settings_for
from hypergan.experiments.profiles import PUBLISHED
from hypergan.experiments.training import train
from hypergan.experiments.trials import changed
from hypergan.figures import cubic
from hypergan.threads import computing_with

SEEDS = (0, 1, 2)
CHANGES: dict[str, dict[str, Any]] = {
    "none": {},
    "no adversarial term": {"beta": 0.0},
    "ten times the adversarial term": {"beta": 30.0},
    "a quarter of the steps": {"epochs": 5},
    "three times the steps": {"epochs": 60},
    "no weight decay": {"weight_decay": 0.0},
    "ten times the weight decay": {"weight_decay": 3e-3},
    "8 noise dimensions": {"noise_dim": 8},
    "512 hidden units": {"hidden": 512},
    "batch normalisation": {"batch_norm": True},
    "batch normalisation, no adversarial term": {"batch_norm": True, "beta": 0.0},
    "batch normalisation, a quarter of the steps": {"batch_norm": True, "epochs": 5},
    "start around one network": {"centred": True, "spread": 1.0},
    "start around one network, slow last weights": {
        "centred": True, "spread": 1.0, "weight_rate": 1e-5,
    },
    "three times the rate": {"learning_rate": 3e-3},
    "a third of the rate": {"learning_rate": 3e-4},
}  # fmt: skip


def row(words: str, seed: int, exact: dict[str, Array]) -> dict[str, Any]:
    """The scores of one run; ``exact`` are the references' function values."""
    settings = changed(settings_for("hypergan", "cubic", PUBLISHED), CHANGES[words])
    generator = torch.Generator().manual_seed(seed)
    data = load("cubic")
    with TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "run.checkpoint"
        posterior, _ = train(
            "hypergan", data, settings, generator, checkpoint, device="cpu", progress=False
        )
    metrics, columns = evaluate_regression(posterior, data, settings.evaluation, generator)
    scores = {
        ("error of the mean", "inside"): metrics["rmse"],
        ("standard deviation", "inside"): metrics["std_inside"],
        ("standard deviation", "outside"): metrics["std_outside"],
    }
    scores |= cubic.distances(columns, exact)
    return {"change": words, "seed": seed} | {", ".join(k): f"{x:.4g}" for k, x in scores.items()}


if __name__ == "__main__":
    exact = cubic.exact(collect(cubic.EXACT, ["cubic"], PUBLISHED))
    with computing_with(1):
        runs = tqdm(list(product(CHANGES, SEEDS)))
        for i, (words, seed) in enumerate(runs):
            found = row(words, seed, exact)
            table = csv.DictWriter(sys.stdout, found, lineterminator="\n")
            if i == 0:
                table.writeheader()
            table.writerow(found)
            sys.stdout.flush()
