"""Peak memory of a task, measured in its own process: ``python -m hypergan.bench.memory``."""

import argparse
import os
import subprocess
import sys
from dataclasses import replace

import torch

from hypergan.bench import plain
from hypergan.experiments.methods import settings_for
from hypergan.fitting import fit
from hypergan.memory import resident
from hypergan.model import HyperGAN
from hypergan.targets import cifar_target, mnist_target


def peak_of(work: str, amount: int, way: str = "ours") -> int:
    """Peak bytes of resident memory that a task needs beyond the imported package.

    Args:
        work: "train-mnist" or "train-cifar10" for ``amount`` steps, or "evaluate" for ``amount``
            networks of the MNIST target on 2,000 images.
        amount: Number of steps or networks.
        way: "ours" or "plain".
    """
    command = [sys.executable, "-m", "hypergan.bench.memory", work, str(amount), way]
    environment = os.environ | {"TQDM_DISABLE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return int(done.stdout)


def train(dataset: str, steps: int, way: str) -> None:
    """Train with the lite settings for some steps on random images."""
    settings = settings_for("hypergan", dataset, "lite")
    grey = dataset == "mnist"
    model = HyperGAN(mnist_target() if grey else cifar_target(), **settings.model)
    batch = settings.training.batch_size
    images = torch.rand(batch, 1, 28, 28) if grey else torch.rand(batch, 3, 32, 32)
    if way == "plain":
        generator, networks = torch.Generator().manual_seed(0), settings.training.networks
        update = plain.step(model.train(), networks, generator, share_images=False)
        for _ in range(steps):
            update(images, torch.arange(batch) % 10)
        return
    training = replace(settings.training, epochs=1, steps_per_epoch=steps)
    fit(model, (images, torch.arange(batch) % 10), training, device="cpu", progress=False)


def evaluate(networks: int, way: str) -> None:
    """Mean softmax of some networks on 2,000 random images."""
    model = HyperGAN(mnist_target(), **settings_for("hypergan", "mnist", "lite").model)
    images = torch.rand(2_000, 1, 28, 28)
    if way == "plain":
        plain.predict_proba(model, images, networks)
    else:
        model.predict_proba(images, networks)


def main() -> None:
    """Do the task that the command line names and print the bytes it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", choices=["train-mnist", "train-cifar10", "evaluate"])
    parser.add_argument("amount", type=int)
    parser.add_argument("way", choices=["ours", "plain"])
    asked = parser.parse_args()
    before, _ = resident()
    if asked.work == "evaluate":
        evaluate(asked.amount, asked.way)
    else:
        train(asked.work.removeprefix("train-"), asked.amount, asked.way)
    print(resident()[1] - before)


if __name__ == "__main__":
    main()
