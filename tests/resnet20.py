"""A ResNet-20 on CIFAR-10, generated and plain, after as many passes over the training images.

    python tests/resnet20.py > data/bench/resnet20.json

Three epochs of 10,000 training images chose the start: with a ``spread`` of .1, .3 or 1 networks
learnt more slowly than a plain one, with .03 as fast (loss 1.76 after 1.96, 2.01 and 2.3). Both are
trained by Adam at the same peak rate, which falls along a cosine, with the same crops and flips. On
one core it takes about an hour; generated networks go on from a checkpoint if they are stopped.
"""

import argparse
import json
import sys
import time
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.resnet import BasicBlock, conv1x1
from tqdm import tqdm

from hypergan import Ensemble, HyperGAN, Training, fit
from hypergan.checkout import commit
from hypergan.data.augmentation import crop_and_flip
from hypergan.data.datasets import load
from hypergan.experiments.provenance import versions
from hypergan.fitting import Augmentation
from hypergan.memory import peak_memory
from hypergan.metrics import accuracy, disagreement, log_mixture

RATE = 2e-3
TRAINING = Training(
    epochs=10, batch_size=200, networks=4, weight_rate=1e-5, mean_rate=RATE, diversity_networks=2,
    precision="float32",
)  # fmt: skip
NETWORKS = 10

Pair = tuple[Tensor, Tensor]


def resnet20(classes: int = 10, groups: int = 8) -> nn.Module:
    """He et al. (2016), section 4.2, with GroupNorm: images (B, 3, 32, 32) to logits (B, C)."""
    norm = partial(nn.GroupNorm, groups)
    modules: list[nn.Module] = [nn.Conv2d(3, 16, 3, padding=1, bias=False), norm(16), nn.ReLU()]
    for inputs, width, stride in ((16, 16, 1), (16, 32, 2), (32, 64, 2)):
        wider = nn.Sequential(conv1x1(inputs, width, stride), norm(width)) if stride > 1 else None
        modules.append(BasicBlock(inputs, width, stride, wider, norm_layer=norm))
        modules += [BasicBlock(width, width, norm_layer=norm) for _ in range(2)]
    return nn.Sequential(*modules, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, classes))


def generated(data: Pair, augment: Augmentation, kept: Path) -> Ensemble:
    """Networks of a trained HyperGAN."""
    generator = torch.Generator().manual_seed(0)
    model = HyperGAN(
        resnet20(), noise_dim=3, code_dim=64, hidden=64, spread=0.05, generator=generator
    )
    checkpoint = kept / "generated.checkpoint"
    fit(model, data, TRAINING, augment=augment, generator=generator, checkpoint=checkpoint)
    return model.ensemble(NETWORKS, generator)


def plain(data: Pair, augment: Augmentation) -> Ensemble:
    """One network, trained by itself with the rates of the generated networks' mean."""
    generator = torch.Generator().manual_seed(0)
    network = resnet20().to(memory_format=torch.channels_last)
    optimiser = torch.optim.Adam(network.parameters(), lr=RATE, fused=True)
    images, labels = data
    epoch = partial(torch.randperm, len(images), generator=generator)
    batches = [
        batch for _ in range(TRAINING.epochs) for batch in epoch().split(TRAINING.batch_size)
    ]
    for step, chosen in enumerate(tqdm(batches, desc="plain"), 1):
        for group in optimiser.param_groups:
            group["lr"] = RATE * TRAINING.rate_factor(step / len(batches))
        batch = augment(images[chosen], generator).contiguous(memory_format=torch.channels_last)
        loss = F.cross_entropy(network(batch), labels[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return Ensemble(network, {name: p.detach()[None] for name, p in network.named_parameters()})


def measured(networks: Ensemble, images: Tensor, labels: Tensor) -> dict[str, float]:
    """Accuracy in percent, and the share of images on which two networks disagree."""
    logits = networks.predict(images, precision="float32")
    found = {
        "single": float(accuracy(logits, labels)),
        "ensemble": float(accuracy(log_mixture(logits.log_softmax(-1)), labels)),
    }
    if len(networks) > 1:
        found["disagreement"] = float(disagreement(logits))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoints", type=Path, default=Path("runs"))
    arguments = parser.parse_args()
    torch.manual_seed(0)
    data = load("cifar10")
    (images, labels), test = data.train.tensors, data.test.tensors
    augment = crop_and_flip(data.mean, data.std)
    result = {
        "weights": sum(p.numel() for p in resnet20().parameters()),
        "epochs": TRAINING.epochs, "networks": NETWORKS, "threads": torch.get_num_threads(),
        "commit": commit(), "versions": versions(),
    }  # fmt: skip
    for name, train_one in (
        ("generated", partial(generated, kept=arguments.checkpoints)), ("plain", plain),
    ):  # fmt: skip
        started = time.perf_counter()
        networks = train_one((images, labels), augment)
        minutes = (time.perf_counter() - started) / 60
        result[name] = measured(networks, *test) | {"minutes": round(minutes, 1)}
        print(name, result[name], file=sys.stderr)
    result["peak_memory_bytes"] = peak_memory(torch.device("cpu"))
    print(json.dumps(result, indent=1))
