"""The measurements; each gives rows of one table, see :mod:`hypergan.bench.timing`."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hypergan.bench import company, plain
from hypergan.bench.memory import peak_of
from hypergan.bench.profiling import Profiles, shares
from hypergan.bench.timing import COST, Row, compared, ratios, row, take_turns
from hypergan.data.datasets import Data
from hypergan.ensemble import Ensemble
from hypergan.evaluation.attacks import fgsm, in_pixels
from hypergan.experiments.methods import settings_for
from hypergan.fitting import fit
from hypergan.machine import share
from hypergan.memory import keep_freed_memory
from hypergan.metrics import accuracy, entropy
from hypergan.model import HyperGAN, mlp
from hypergan.objective import cross_entropy
from hypergan.paths import published
from hypergan.precision import products_in
from hypergan.randomness import global_seed
from hypergan.step import Step
from hypergan.targets import cifar_target, mnist_target
from hypergan.training import Training

CPU = torch.device("cpu")
TARGETS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "mnist": (mnist_target, (1, 28, 28)),
    "cifar10": (cifar_target, (3, 32, 32)),
}
EQUAL_WORK = settings_for("hypergan", "mnist", "paper").training
"""The authors' step: 100 networks that all see the same 100 images."""
GOAL = 98
"""Accuracy in percent that a contender has to reach."""


def evaluation(quick: bool) -> list[Row]:
    """Scoring images with 100 networks of the MNIST target."""
    part, images = "evaluation", torch.rand(100 if quick else 250, 1, 28, 28)
    model = _model("mnist")
    ensemble = model.ensemble(10 if quick else 100)
    modules = [ensemble[i] for i in range(len(ensemble))]
    contenders: dict[str, Callable[[], object]] = {
        "ours": partial(ensemble.predict, images, precision="auto"),
        "ours in float32": partial(ensemble.predict, images, precision="float32"),
        "one after another": partial(plain.one_after_another, ensemble, images),
        "vmap": partial(plain.vectorised, ensemble, images),
        "separate modules": partial(plain.as_modules, modules, images),
    }
    times = take_turns(contenders, 1 if quick else 5)
    work = len(ensemble) * len(images)
    each = {name: [1e6 * t / work for t in values] for name, values in times.items()}
    rows = [row(part, name, values, COST) for name, values in each.items()]
    rows += ratios(part, times)
    return rows + _of_the_limit(part, ensemble[0], images[:1], each)


def profiles(quick: bool) -> Profiles:
    """What a default step, an evaluation and a gradient for images spend their time on."""
    ensemble = _model("mnist").ensemble(10)
    images = torch.rand(20 if quick else 250, 1, 28, 28)
    works = {f"default step, {name}": default_steps(name) for name in TARGETS}
    works["evaluation"] = {
        "ours": partial(ensemble.predict, images, precision="auto"),
        "plain loop": partial(plain.one_after_another, ensemble, images),
    }
    works["gradient for images"] = _attacks(ensemble, images[:100])
    return {
        task: {name: shares(work, 1 if quick else 10) for name, work in contenders.items()}
        for task, contenders in works.items()
    }


def growth(quick: bool) -> list[Row]:
    """Drawing networks and scoring images, by how many there are of each, and of their weights."""
    rounds = 1 if quick else 3

    def costs(part: str, what: str, model: HyperGAN, networks: int, images: Tensor) -> list[Row]:
        contenders: dict[str, Callable[[], object]] = {
            "ours": partial(model.predict_proba, images, networks),
            "plain loop": partial(plain.predict_proba, model, images, networks),
        }
        return compared(part, what, contenders, rounds, networks * len(images))

    mnist, rows = _model("mnist"), []
    for networks in (1, 10) if quick else (1, 10, 100, 1_000, 10_000):
        images = torch.rand(25, 1, 28, 28)
        rows += costs("growth, networks", f"{networks:,}", mnist, networks, images)
    for number in (1, 10) if quick else (1, 10, 100, 1_000, 10_000):
        images = torch.rand(number, 1, 28, 28)
        rows += costs("growth, images", f"{number:,}", mnist, 10, images)
    for width in (69, 281) if quick else (69, 281, 963, 3_125):  # 10^4 to 10^7 weights
        model = HyperGAN(
            mlp(64, width, width, 10, batch_norm=False), generator=torch.Generator().manual_seed(0)
        )
        weights = f"{sum(p.numel() for p in model.target.parameters()):,}"
        rows += costs("growth, weights", weights, model, 10, torch.rand(100, 64))
    return rows


def gradient(quick: bool) -> list[Row]:
    """The gradient with respect to images, as attacks ask for it, over ten networks."""
    images = torch.rand(20 if quick else 100, 1, 28, 28)
    ensemble = _model("mnist").ensemble(10)
    work, rounds = len(ensemble) * len(images), 1 if quick else 5
    return compared("gradient for images", "10 networks", _attacks(ensemble, images), rounds, work)


def _attacks(ensemble: Ensemble, images: Tensor) -> dict[str, Callable[[], object]]:
    labels = torch.arange(len(images)) % 10
    return {
        "ours": partial(fgsm, in_pixels(lambda: ensemble, [0.0], [1.0]), images, labels, 0.1),
        "plain loop": partial(plain.fgsm, ensemble, images, labels, 0.1),
    }


def training_step(quick: bool) -> list[Row]:
    """A step with as much work as the authors', ours and plain."""
    rows = []
    for dataset, (_, shape) in TARGETS.items():
        part = f"training step, {dataset}"
        generator = torch.Generator().manual_seed(0)
        equal = replace(EQUAL_WORK, networks=10, codes=10) if quick else EQUAL_WORK
        images, labels = torch.rand(equal.batch_size, *shape), torch.arange(equal.batch_size) % 10
        plain_step = plain.step(_model(dataset).train(), equal.networks, generator)
        contenders: dict[str, Callable[[], object]] = {
            "ours": _step(dataset, equal, images, labels),
            "ours in float32": _step(dataset, replace(equal, precision="float32"), images, labels),
            "plain loop": partial(plain_step, images, labels),
        }
        times = take_turns(contenders, 1 if quick else 5)
        rows += [row(part, name, values, "s") for name, values in times.items()]
        rows += ratios(part, times)
    return rows


def default_step(quick: bool) -> list[Row]:
    """A step of the settings that records are made with, where networks share out the images."""
    rows = []
    for dataset in TARGETS:
        times = take_turns(default_steps(dataset), 1 if quick else 10)
        part = f"default step, {dataset}"
        rows += [row(part, name, values, "s") for name, values in times.items()]
        rows += ratios(part, times)
    return rows


def default_steps(dataset: str) -> dict[str, Callable[[], object]]:
    """The contenders of :func:`default_step`."""
    ours, (_, shape) = settings_for("hypergan", dataset, "lite").training, TARGETS[dataset]
    images, labels = torch.rand(ours.batch_size, *shape), torch.arange(ours.batch_size) % 10
    generator = torch.Generator().manual_seed(0)
    model = _model(dataset).train()
    theirs = plain.step(model, ours.networks, generator, share_images=False)
    return {
        "ours": _step(dataset, ours, images, labels),
        "plain loop": partial(theirs, images, labels),
    }


def in_company(quick: bool) -> list[Row]:
    """The default step on MNIST, alone and beside as many busy processes as it could have threads.

    Ours has the threads that the command line would choose, "plain" is PyTorch as it starts.
    """
    rows, part, steps = [], "in company", 1 if quick else 20
    for others in (0, share(load=0.0).threads):
        where = f"beside {others} busy process{'es' * (others > 1)}" if others else "alone"
        times = {
            f"{where}, ours": company.seconds(steps, others),
            f"{where}, plain": company.seconds(steps, others, ours=False),
        }
        rows += [row(part, name, values, "s") for name, values in times.items()]
        ours, theirs = (median(values) for values in times.values())
        rows.append(row(part, f"{where}, plain / ours", [theirs / ours], "x"))
        if not others:
            alone = min(ours, theirs)
        else:
            fair = [t / (alone * (others + 1)) for t in times[f"{where}, ours"]]
            rows.append(row(part, f"{where}, ours / the share of one of {others + 1}", fair, "x"))
    return rows


def time_to_accuracy(
    data: Data, quick: bool, *, progress: bool = True
) -> tuple[list[Row], dict[str, list[list[float]]]]:
    """Seconds until 10 networks reach :data:`GOAL` on validation images of MNIST.

    Both start with the same networks around an ordinary initialisation. The plain loop runs until
    it reaches the goal, for at most eight times our time; our time includes validation, its does
    not. A contender that falls short is named so, and if ours does, there is no ratio.

    Args:
        data: MNIST with validation images.
        quick: Train for two short epochs, the plain loop for no longer.
        progress: Show a progress bar of our training.

    Returns:
        The rows, and the curves: seconds and accuracy of each contender.
    """
    assert data.validation is not None
    generator = torch.Generator().manual_seed(0)
    model = _near_a_start(generator)
    history = fit(
        model,
        data.train,
        Training(epochs=2 if quick else 14, steps_per_epoch=5 if quick else 50),
        validation=data.validation,
        generator=generator,
        device="cpu",
        progress=progress,
    )
    passed, ours = 0.0, list[list[float]]()
    for epoch in history:
        passed += epoch["seconds"]
        ours.append([passed, epoch["validation_accuracy"]])
    reached = next((s for s, a in ours if a >= GOAL), None)
    spent = passed if reached is None else reached
    budget = spent if quick else 8 * spent
    theirs = _plain_course(budget, *data.train.tensors, *data.validation.tensors)
    there = theirs[-1][1] >= GOAL
    part = f"time to {GOAL} %, mnist"
    rows = [
        row(part, "ours, not there" if reached is None else "ours", [spent], "s"),
        row(part, "plain loop" if there else "plain loop, not there", [theirs[-1][0]], "s"),
    ]
    if reached is not None:
        rows.append(row(part, "plain loop / ours, at least", [theirs[-1][0] / spent], "x"))
    images, labels = data.test.tensors
    shown = slice(1_000 if quick else None)
    rows += _precision(model.ensemble(10, generator), images[shown], labels[shown])
    return rows, {"ours": ours, "plain loop": theirs}


def memory(quick: bool) -> list[Row]:
    """Peak resident memory beyond the imported package, each in its own process."""
    steps = 2 if quick else 50
    jobs = {
        "training, mnist": ("train-mnist", steps),
        "training, cifar10": ("train-cifar10", steps),
        "evaluating 100 networks": ("evaluate", 10 if quick else 100),
        "evaluating 1,000 networks": ("evaluate", 20 if quick else 1_000),
    }
    if quick:  # most of such a process's time is its start
        jobs = dict([*jobs.items()][::2])
    return [
        row("memory", what + suffix, [peak_of(*job, way) / 1e9 for _ in range(rounds)], "GB")
        for what, job in jobs.items()
        for way, suffix in (("ours", ""), ("plain", ", plain loop"))
        for rounds in [1 if quick else 3]
    ]


def collection(quick: bool) -> list[Row]:
    """Judging the claims by the published records, beside reading all that these hold."""
    from hypergan.experiments import ledger, records  # they read this benchmark's report

    paths = [p for p in records.paths(published()) if p.is_relative_to(published() / "lite")]

    def ours() -> None:
        records.forget()
        ledger.findings("lite", [published()])

    def theirs() -> None:
        for path in paths:
            json.loads(path.read_text(encoding="utf-8"))
            with np.load(path.with_suffix(".npz")) as arrays:
                dict(arrays)

    times = take_turns({"ours": ours, "plain loop": theirs}, 1 if quick else 5)
    part = "collection"
    rows = [
        row(part, name, [1e3 * t / len(paths) for t in values], "ms per record")
        for name, values in times.items()
    ]
    return rows + ratios(part, times)


def sampling(quick: bool) -> list[Row]:
    """Drawing networks: how fast, and the size of one."""
    rows = []
    for dataset in TARGETS:
        model = _model(dataset)
        contenders: dict[str, Callable[[], object]] = {
            "networks drawn": partial(model.sample, 100),
            "one at a time": partial(_one_at_a_time, model, 100),
        }
        times = take_turns(contenders, 1 if quick else 10)
        part = f"sampling, {dataset}"
        rows += [
            row(part, w, [100 / t for t in values], "per second") for w, values in times.items()
        ]
        rows += ratios(part, times, "networks drawn")
        size = sum(w[0].nbytes for w in model.sample(1).values()) / 1e3
        rows.append(row(part, "one network", [size], "kB"))
    return rows


def _one_at_a_time(model: HyperGAN, networks: int) -> None:
    for _ in range(networks):
        model.sample(1)


def _model(dataset: str) -> HyperGAN:
    generator = torch.Generator().manual_seed(0)
    arguments = settings_for("hypergan", dataset, "lite").model
    return HyperGAN(TARGETS[dataset][0](), **arguments, generator=generator)


def _near_a_start(generator: torch.Generator) -> HyperGAN:
    """Networks of the MNIST target that differ by a third of a usual initialisation."""
    with global_seed(generator):
        target = mnist_target()
    return HyperGAN(target, spread=0.3, generator=generator)


def _step(
    dataset: str, training: Training, images: Tensor, labels: Tensor
) -> Callable[[], dict[str, Any]]:
    """One optimisation step of ours."""
    keep_freed_memory()
    model = _model(dataset).train()
    optimisers, generator = model.optimisers(training), torch.Generator().manual_seed(0)
    step = Step(images, labels, cross_entropy, training, optimisers, 60_000, generator)
    return partial(model.update, step)


def _of_the_limit(
    part: str, network: nn.Module, image: Tensor, each: dict[str, list[float]]
) -> list[Row]:
    """Rates of arithmetic beside those of bare matrix products on this machine."""
    from torch.utils.flop_counter import FlopCounterMode  # takes a while

    with FlopCounterMode(display=False) as counter:
        network(image)
    operations = counter.get_total_flops()
    rows = []
    for precision in ("float32", "auto"):
        matrix = torch.rand(2048, 2048)
        with products_in(precision, CPU):
            times = take_turns({"ours": partial(torch.mm, matrix, matrix)}, 10)["ours"]
        rates = [2 * 2048**3 / t / 1e9 for t in times]
        rows.append(row(part, f"matrix products, {precision}", rates, "GFLOP/s"))
    return rows + [
        row(part, name, [operations / us / 1e3 for us in values], "GFLOP/s")
        for name, values in each.items()
    ]


def _precision(ensemble: Ensemble, images: Tensor, labels: Tensor) -> list[Row]:
    """What our precision does to the predictions of trained networks."""
    exact, ours = (
        ensemble.predict_proba(images, precision=precision) for precision in ("float32", "auto")
    )
    moved = float(accuracy(ours, labels) - accuracy(exact, labels))
    doubt = float(entropy(ours).mean() / entropy(exact).mean())
    part = "precision, mnist"
    return [
        row(part, "accuracy, ours less float32", [moved], "points"),
        row(part, "mean entropy, ours / float32", [doubt], "x"),
    ]


def _plain_course(
    budget: float, images: Tensor, labels: Tensor, unseen: Tensor, truth: Tensor
) -> list[list[float]]:
    """Seconds and accuracy of 10 networks along the plain loop, until goal or budget."""
    generator = torch.Generator().manual_seed(0)
    model = _near_a_start(generator).train()
    update = plain.step(model, EQUAL_WORK.networks, generator)
    course: list[list[float]] = []
    passed = 0.0
    while passed < budget and not (course and course[-1][1] >= GOAL):
        started = time.perf_counter()
        for _ in range(5):
            batch = torch.randint(len(images), (EQUAL_WORK.batch_size,), generator=generator)
            update(images[batch], labels[batch])
        passed += time.perf_counter() - started
        scored = model.ensemble(10, generator).predict_proba(unseen)
        course.append([passed, float(accuracy(scored, truth))])
    return course
