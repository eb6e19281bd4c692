"""Is the PGD of Figure 5 strong enough? Its success beside that of AutoAttack's APGD, as CSV.

    pip install --no-deps torchattacks
    python tests/apgd.py full/mnist/{hypergan,ensemble,mnf,mc-dropout,sgld,apd}/seed0 \\
        > data/bench/apgd.csv

The trained networks come from ``runs/``. All attacks are on the same images and the same ensemble
of ten, and succeed where its mean softmax is wrong in the end. APGD chooses its step sizes itself
(Croce and Hein, 2020): once with the cross entropy, once for each of nine wrong classes; the pair
succeeds where either does.
"""

import argparse
import csv
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torchattacks
from torch import Tensor
from torchattacks import APGD, APGDT

from hypergan.data.datasets import load
from hypergan.evaluation.attacks import in_pixels, pgd
from hypergan.evaluation.protocol import Attack
from hypergan.evaluation.robustness import pixels
from hypergan.experiments.methods import settings_for
from hypergan.experiments.records import Cell
from hypergan.experiments.training import untrained
from hypergan.metrics import log_mixture
from hypergan.paths import runs
from hypergan.threads import computing_with

EPS = (0.08, 0.1, 0.3)
ATTACK = Attack(strong_steps=50)


def rows(cell: Cell) -> Iterator[dict[str, Any]]:
    """One row per eps: the share of images, in percent, on which each attack succeeds."""
    settings = settings_for(cell.method, cell.dataset, cell.profile)
    data = load(cell.dataset)
    generator = torch.Generator().manual_seed(cell.seed)
    posterior = untrained(cell.method, data, settings, generator)
    posterior.load((runs() / cell.path).with_suffix(".safetensors"))
    ensemble = posterior.ensemble(ATTACK.draws, generator)
    victim = in_pixels(lambda: ensemble, data.mean, data.std, precision="float32")
    images, labels = pixels(data, ATTACK.images)

    def logits(changed: Tensor) -> Tensor:
        return log_mixture(torch.cat([part.log_softmax(-1) for part in victim(changed)]))

    def wrong(changed: Tensor) -> Tensor:
        with torch.no_grad():
            return logits(changed).argmax(-1) != labels

    steps, restarts, strong_steps = ATTACK.steps, ATTACK.restarts, ATTACK.strong_steps
    stopped = partial(pgd, steps=steps, restarts=restarts, generator=generator)
    strong = partial(pgd, steps=strong_steps, until_fooled=False, generator=generator)
    model = torch.nn.Module()
    model.anchor = torch.nn.Parameter(torch.zeros(()))  # where torchattacks looks for the device
    model.forward = logits
    for eps in EPS:
        apgd, targeted = APGD(model, eps=eps, steps=100), APGDT(model, eps=eps, steps=100)
        found = {
            "clean": wrong(images),
            f"PGD, {restarts} x {steps} steps": wrong(stopped(victim, images, labels, eps)),
            f"PGD, {strong_steps} steps": wrong(strong(victim, images, labels, eps)),
            "APGD": wrong(apgd(images, labels)),
            "APGD, targeted": wrong(targeted(images, labels)),
        }
        found["APGD pair"] = found["APGD"] | found["APGD, targeted"]
        shares = {name: f"{100 * share.float().mean():.4g}" for name, share in found.items()}
        yield {"method": cell.method, "seed": cell.seed, "eps": eps, "images": len(images)} | shares


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cells", nargs="+")
    writer = None
    with computing_with(1):
        for name in parser.parse_args().cells:
            torch.manual_seed(0)
            for row in rows(Cell.at(Path(f"{name}.json"))):
                if writer is None:
                    writer = csv.DictWriter(sys.stdout, [*row, "torchattacks"], lineterminator="\n")
                    writer.writeheader()
                writer.writerow(row | {"torchattacks": torchattacks.__version__})
                sys.stdout.flush()
