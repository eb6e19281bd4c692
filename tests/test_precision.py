import warnings

import pytest
import torch
from real import real
from torch import nn
from torch.nn import functional as F

from hypergan import HyperGAN, HyperGANError, Training, fit, precision
from hypergan.data.datasets import load
from hypergan.metrics import accuracy, entropy
from hypergan.objective import cross_entropy, mean_squared_error
from hypergan.precision import factors_in, products_in
from hypergan.step import Step
from hypergan.targets import mnist_target

CPU = torch.device("cpu")


@pytest.fixture
def fast(monkeypatch):
    """A CPU with instructions for bfloat16."""
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)


def product(context):
    with context:
        return F.linear(torch.ones(2, 3), torch.ones(4, 3)).dtype


@pytest.mark.parametrize("name", ["float32", "bfloat16"])
def test_products_have_the_asked_type(name):
    assert product(products_in(name, CPU)) == getattr(torch, name)


def test_auto_reduces_only_where_it_is_faster(fast, monkeypatch):
    assert product(products_in("auto", CPU)) == torch.bfloat16
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    assert product(products_in("auto", CPU)) == torch.float32


def test_who_asks_for_bfloat16_where_it_is_slow_is_told_once(monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    precision._say_it_is_slow.cache_clear()
    target, data = nn.Linear(2, 3), (torch.randn(20, 2), torch.arange(20) % 3)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for name in ("auto", "float32", "bfloat16", "bfloat16"):
            model = HyperGAN(target, noise_dim=4, code_dim=4, hidden=4)
            training = Training(epochs=1, batch_size=10, precision=name)
            fit(model, data, training, device="cpu", progress=False)
            model.predict_proba(data[0], 2, precision=name)
            assert len([w for w in told if "no instructions for bfloat16" in str(w.message)]) == (
                name == "bfloat16"
            )


def test_auto_leaves_regression_exact(fast):
    def factors(step):
        with step.factors():
            return torch.get_float32_matmul_precision()

    classes, values, asked = (
        Step(torch.ones(2, 3), torch.ones(2), loss, training, {}, 2, torch.Generator())
        for loss, training in [
            (cross_entropy, Training()),
            (mean_squared_error, Training()),
            (mean_squared_error, Training(precision="bfloat16")),
        ]
    )
    assert [product(s.products()) for s in (classes, values, asked)] == [
        torch.bfloat16, torch.float32, torch.bfloat16,
    ]  # fmt: skip
    assert [factors(s) for s in (classes, values, asked)] == ["medium", "highest", "medium"]


def test_rounded_factors_keep_exact_sums(generator):
    """Of 512 products to three digits of their size, and in float32; afterwards all is exact."""
    codes, weights = (torch.randn(n, 512, generator=generator) for n in (5, 300))
    exact = F.linear(codes, weights)
    with factors_in("bfloat16", CPU):
        rounded = F.linear(codes, weights)
    assert rounded.dtype == torch.float32
    assert (rounded - exact).std() < 0.005 * exact.std()
    with pytest.raises(ZeroDivisionError), factors_in("bfloat16", CPU):
        raise ZeroDivisionError
    assert torch.equal(F.linear(codes, weights), exact)


def test_an_unknown_precision_is_refused():
    with pytest.raises(HyperGANError, match="float32"):
        Training(precision="float16")


@real("MNIST")
@pytest.mark.slow
def test_trained_networks_predict_the_same_in_reduced_precision(generator):
    """On every third test image of MNIST: accuracy within 0.1 points, mean entropy within 1 %."""
    data = load("mnist")
    model = HyperGAN(mnist_target(), spread=0.3, generator=generator)
    training = Training(epochs=1, steps_per_epoch=150)
    fit(model, data.train, training, generator=generator, device="cpu", progress=False)
    images, labels = (tensor[::3] for tensor in data.test.tensors)
    ensemble = model.ensemble(5, generator)
    exact, reduced = (
        ensemble.predict_proba(images, precision=name) for name in ("float32", "bfloat16")
    )
    assert abs(accuracy(exact, labels) - accuracy(reduced, labels)) < 0.1
    assert entropy(reduced).mean() == pytest.approx(entropy(exact).mean().item(), rel=0.01)


def test_the_last_of_several_threads_restores_the_setting(fast):
    first, second = factors_in("auto", CPU), factors_in("auto", CPU)
    before = torch.get_float32_matmul_precision()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert torch.get_float32_matmul_precision() == "medium"
    second.__exit__(None, None, None)
    assert torch.get_float32_matmul_precision() == before
