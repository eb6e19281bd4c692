"""The measurements; each gives rows of one table, see :mod:`hypergan.bench.timing`."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from hypergan.bench import plain
from hypergan.bench.memory import peak_of
from hypergan.bench.timing import Row, ratios, row, seconds, take_turns
from hypergan.data.datasets import Data
from hypergan.ensemble import Ensemble
from hypergan.experiments.methods import settings_for
from hypergan.fitting import fit
from hypergan.memory import keep_freed_memory
from hypergan.metrics import accuracy, entropy
from hypergan.model import HyperGAN
from hypergan.objective import cross_entropy
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
COST = "us per image and network"
EQUAL_WORK = settings_for("hypergan", "mnist", "paper").training
"""The authors' step: 100 networks that all see the same 100 images."""


def evaluation(quick: bool) -> list[Row]:
    """Scoring images with 100 networks of the MNIST target, and the cost by ensemble size."""
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
    rows += _of_the_limit(part, ensemble[0], images[:1], each)
    for networks in (1, 10) if quick else (1, 10, 100, 1000):
        inputs = images.repeat(1 if quick else max(1, 20 // networks), 1, 1, 1)
        score = partial(model.predict_proba, inputs, networks)
        cost = [1e6 * seconds(score) / networks / len(inputs) for _ in range(3)]
        rows.append(row(part, f"{networks:,} networks", cost, COST))
    everything = torch.rand(1_000 if quick else 10_000, 1, 28, 28)
    whole = seconds(lambda: model.predict_proba(everything, len(ensemble)))
    what = f"draw {len(ensemble)} networks, score {len(everything)} images"
    return [*rows, row(part, what, [whole], "s")]


def training_step(quick: bool) -> list[Row]:
    """A step with as much work as the authors', ours and plain, and our default step."""
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
        ours = settings_for("hypergan", dataset, "lite").training
        images = torch.rand(ours.batch_size, *shape)
        step = _step(dataset, ours, images, torch.arange(ours.batch_size) % 10)
        default = take_turns({"ours": step}, 1 if quick else 10)["ours"]
        rows.append(row(part, "our default step", default, "s"))
    return rows


def time_to_accuracy(
    data: Data, quick: bool, *, goal: float = 98.0, progress: bool = True
) -> tuple[list[Row], dict[str, list[list[float]]]]:
    """Seconds until 10 networks reach 98 % on validation images of MNIST.

    Both start with the same networks around an ordinary initialisation. The plain loop runs until
    it reaches the goal, for at most eight times our time; our time includes validation, its does
    not. A contender that falls short is named so, and if ours does, there is no ratio.

    Args:
        data: MNIST with validation images.
        quick: Train for two short epochs.
        goal: The accuracy in percent.
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
    reached = next((s for s, a in ours if a >= goal), None)
    spent = passed if reached is None else reached
    theirs = _plain_course(8 * spent, goal, *data.train.tensors, *data.validation.tensors)
    there = theirs[-1][1] >= goal
    part = "time to 98 %, mnist"
    rows = [
        row(part, "ours, not there" if reached is None else "ours", [spent], "s"),
        row(part, "plain loop" if there else "plain loop, not there", [theirs[-1][0]], "s"),
    ]
    if reached is not None:
        rows.append(row(part, "plain loop / ours, at least", [theirs[-1][0] / spent], "x"))
    rows += _precision(model.ensemble(10, generator), *data.test.tensors)
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
    return [row("memory", what, [peak_of(*job) / 1e9], "GB") for what, job in jobs.items()]


def sampling(quick: bool) -> list[Row]:
    """Drawing networks: how fast, and the size of one."""
    rows = []
    for dataset in TARGETS:
        model = _model(dataset)
        times = take_turns({"ours": partial(model.sample, 100)}, 1 if quick else 10)["ours"]
        size = sum(w[0].nbytes for w in model.sample(1).values()) / 1e3
        part = f"sampling, {dataset}"
        rows.append(row(part, "networks drawn", [100 / t for t in times], "per second"))
        rows.append(row(part, "one network", [size], "kB"))
    return rows


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
    with FlopCounterMode(display=False) as counter:
        network(image)
    operations = counter.get_total_flops()
    rows = []
    for precision in ("float32", "auto"):
        matrix = torch.rand(2048, 2048)
        with products_in(precision, CPU):
            times = take_turns({"ours": partial(torch.mm, matrix, matrix)}, 10)["ours"]
        rate = 2 * 2048**3 / min(times) / 1e9
        rows.append(row(part, f"matrix products, {precision}", [rate], "GFLOP/s"))
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
    budget: float, goal: float, images: Tensor, labels: Tensor, unseen: Tensor, truth: Tensor
) -> list[list[float]]:
    """Seconds and accuracy of 10 networks along the plain loop, until the goal or the budget."""
    generator = torch.Generator().manual_seed(0)
    model = _near_a_start(generator).train()
    update = plain.step(model, EQUAL_WORK.networks, generator)
    course: list[list[float]] = []
    passed = 0.0
    while passed < budget and not (course and course[-1][1] >= goal):
        started = time.perf_counter()
        for _ in range(5):
            batch = torch.randint(len(images), (EQUAL_WORK.batch_size,), generator=generator)
            update(images[batch], labels[batch])
        passed += time.perf_counter() - started
        scored = model.ensemble(10, generator).predict_proba(unseen)
        course.append([passed, float(accuracy(scored, truth))])
    return course
