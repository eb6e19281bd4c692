"""The browser's core gives the networks that PyTorch gives, to 1e-4."""

import math

import pytest
import torch
from torch import nn

from hypergan.baselines.network_ensemble import NetworkEnsemble
from hypergan.errors import TargetError
from hypergan.experiments.records import Cell
from hypergan.live import script
from hypergan.live.numbers import networks, numbers_of, rounded, steps_of
from hypergan.live.published import Drawable
from hypergan.model import HyperGAN
from hypergan.targets import mnist_target, regression_target

DRAW = """
    const model = hypergan.load(Object.values(hypergan.numbers)[0]);
    const noise = Float32Array.from(input.noise.flat());
    const count = input.noise.length;
    const weights = model.noise
      ? hypergan.generate(model, noise, count) : model.tensors.members;
    const inputs = Float32Array.from(input.inputs);
    const outputs = [];
    for (let n = 0; n < count; n++)
      outputs.push(...hypergan.forward(model, weights, n * model.weights, inputs, input.batch));
    return [Array.from(weights), outputs];
"""
TASKS = {
    "cubic": (regression_target, {"shape": [1], "classes": []}),
    "mnist": (mnist_target, {"shape": [1, 28, 28], "classes": list("0123456789")}),
}


def used(model, generator):
    """A model whose batch normalisation has seen something."""
    model.train()
    for _ in range(3):
        model.weights(model.codes(2 * model.noise(20, generator) + 1))
    return model.eval()


def drawable(dataset, numbers):
    return Drawable(Cell("hypergan", dataset), numbers, {"task": TASKS[dataset][1], "config": {}})


def compare(javascript, found, target, numbers, noise, inputs):
    """Weights and outputs in Node and in PyTorch."""
    expected = networks(numbers, found.layers, noise)
    ours, outputs = javascript(
        DRAW,
        script.of_drawable(drawable(target, numbers)),
        noise=noise.tolist(),
        inputs=inputs.flatten().tolist(),
        batch=len(inputs),
    )
    vector = torch.cat([tensor.flatten(1) for tensor in expected.values()], dim=1)
    torch.testing.assert_close(torch.tensor(ours).view_as(vector), vector, atol=1e-4, rtol=0)
    ensemble = drawable(target, numbers).ensemble(1, torch.Generator())
    ensemble = type(ensemble)(ensemble.target, expected)
    predicted = ensemble.predict(inputs)
    torch.testing.assert_close(
        torch.tensor(outputs).view_as(predicted), predicted, atol=1e-4, rtol=0
    )
    return predicted


@pytest.mark.parametrize("bits", [8, 16, 32])
@pytest.mark.parametrize("mixer", [True, False])
@pytest.mark.parametrize(("dataset", "hidden"), [("cubic", 32), ("mnist", 16)])
def test_networks_of_the_same_noise_are_the_same(
    javascript, generator, dataset, hidden, mixer, bits
):
    build, task = TASKS[dataset]
    model = HyperGAN(build(), noise_dim=5, code_dim=8, hidden=hidden, mixer=mixer)
    used(model, generator)
    numbers = numbers_of(model) if bits == 32 else rounded(numbers_of(model), bits)
    noise = model.noise(3, generator).flatten(1)
    inputs = torch.randn(2, *task["shape"], generator=generator)
    compare(javascript, model, dataset, numbers, noise, inputs)


@pytest.mark.parametrize("batch_norm", [True, False])
def test_numbers_are_the_model_itself(generator, batch_norm):
    model = HyperGAN(mnist_target(), 5, 8, 16, batch_norm=batch_norm)
    used(model, generator)
    noise = model.noise(4, generator)
    ours = networks(numbers_of(model), model.layers, noise)
    for name, tensor in model.weights(model.codes(noise)).items():
        torch.testing.assert_close(ours[name], tensor.detach(), atol=1e-6, rtol=1e-5)


def test_a_standard_ensemble_is_the_same(javascript, generator):
    found = NetworkEnsemble(mnist_target(), 3, generator=generator)
    found.layers = HyperGAN(mnist_target()).layers
    inputs = torch.randn(2, 1, 28, 28, generator=generator)
    numbers = numbers_of(found)
    compare(javascript, found, "mnist", numbers, torch.zeros(3, 1), inputs)


@pytest.mark.parametrize("bits", [8, 16])
def test_rounding_is_off_by_half_a_unit_at_most(generator, bits):
    matrix = torch.randn(6, 40, generator=generator) * torch.logspace(-3, 3, 6).unsqueeze(1)
    numbers = rounded({"matrix": matrix, "bias": torch.ones(6)}, bits)
    unit = matrix.abs().amax(1, keepdim=True) / (2 ** (bits - 1) - 1)
    off = (numbers["matrix"] * numbers["matrix.unit"].unsqueeze(1) - matrix).abs()
    assert bool((off <= 0.5001 * unit).all())
    assert numbers["bias"].dtype == torch.float32
    assert numbers["matrix"].element_size() == bits // 8


def test_a_row_of_zeros_stays_one():
    numbers = rounded({"matrix": torch.zeros(1, 3)}, 8)
    assert (numbers["matrix"] * numbers["matrix.unit"]).tolist() == [[0, 0, 0]]


def test_the_noise_is_standard_normal(javascript):
    mean, variance, shared = javascript("""
        const values = hypergan.noise({ noise: 2 }, 50000);
        const sums = [0, 0, 0];
        for (let i = 0; i < values.length; i++) {
          sums[0] += values[i] / values.length;
          sums[1] += values[i] ** 2 / values.length;
          if (i % 2) sums[2] += values[i] * values[i - 1] / values.length * 2;
        }
        return sums;
    """)
    assert abs(mean) < 0.02
    assert abs(variance - 1) < 0.03
    assert abs(shared) < 0.03


def test_an_opinion_is_that_of_the_package(javascript, generator):
    logits = 3 * torch.randn(7, 4, generator=generator)
    found = javascript(
        "return hypergan.opinion(input.logits.map(hypergan.softmax));", logits=logits.tolist()
    )
    probabilities = logits.softmax(-1)
    mean = probabilities.mean(0)
    assert found["votes"] == torch.bincount(logits.argmax(1), minlength=4).tolist()
    assert found["mean"] == pytest.approx(mean.tolist(), abs=1e-6)
    own = -(probabilities * probabilities.log()).sum(1).mean()
    total = -(mean * mean.log()).sum()
    assert found["entropy"] == pytest.approx(float(total), abs=1e-5)
    assert found["information"] == pytest.approx(float(total - own), abs=1e-5)


def test_a_sure_network_has_no_entropy(javascript):
    found = javascript("return hypergan.opinion([[1, 0], [0, 1]]);")
    assert found["entropy"] == pytest.approx(math.log(2))
    assert found["information"] == pytest.approx(math.log(2))


def test_a_band_is_mean_and_standard_deviation(javascript, generator):
    rows = torch.randn(5, 3, generator=generator)
    found = javascript(
        "const b = hypergan.band(input.rows.flat(), 4, 3);"
        "return [Array.from(b.mean), Array.from(b.deviation)];",
        rows=rows.tolist(),
    )
    assert found[0] == pytest.approx(rows[:4].mean(0).tolist(), abs=1e-5)
    assert found[1] == pytest.approx(rows[:4].std(0).tolist(), abs=1e-5)


def test_a_drawing_becomes_a_digit_of_mnist(javascript):
    """A box of 30 x 60 points in a corner: 10 x 20 pixels around the middle."""
    side = 100
    drawing = torch.zeros(side, side)
    drawing[2:62, 5:35] = 1
    digit = torch.tensor(
        javascript(
            "return Array.from(hypergan.asDigit(input.drawing, input.side));",
            drawing=drawing.flatten().tolist(),
            side=side,
        ),
        dtype=torch.float32,
    ).view(28, 28)
    expected = torch.zeros(28, 28)
    expected[4:24, 9:19] = 1
    torch.testing.assert_close(digit, expected)


def test_an_empty_drawing_is_no_digit(javascript):
    assert javascript("return hypergan.asDigit(new Float32Array(100), 10);") is None


def test_a_target_that_the_core_does_not_know_is_refused():
    for layer in (
        nn.Tanh(),
        nn.Conv2d(1, 1, 3, padding=1),
        nn.MaxPool2d(2, stride=1),
        nn.MaxPool2d((2, 3)),
        nn.MaxPool2d(2, ceil_mode=True),
    ):
        with pytest.raises(TargetError, match="not supported by live figures"):
            steps_of(nn.Sequential(layer, nn.Flatten(), nn.Linear(2, 2)), (1, 8, 8))
