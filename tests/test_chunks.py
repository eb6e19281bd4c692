import pytest
import torch
from torch import nn

from hypergan import HyperGAN, Training, chunks, fit
from hypergan.chunks import Chunks
from hypergan.errors import SettingsError

SIZES = {"noise_dim": 8, "code_dim": 6, "hidden": 16}


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(chunks, "SIZE", 20)


@pytest.mark.parametrize("size", [19, 20, 21, 70, 80])
def test_each_weight_is_that_of_its_chunk(size):
    layer = Chunks(16, torch.randn(size), std=0.1)
    features = torch.randn(3, 16)
    inner = [(layer.project(features) + e).relu() @ layer.weight.T for e in layer.embeddings]
    expected = torch.cat(inner, 1)[:, :size] + layer.bias
    torch.testing.assert_close(layer(features), expected)
    assert len(layer.embeddings) == -(-size // 20)


@pytest.mark.parametrize("std", [0.0, 0.05, 2.0])
def test_the_first_weights_are_around_the_centre(std):
    centre = torch.linspace(-1, 1, 70)
    drawn = Chunks(16, centre, std)(torch.randn(20_000, 16).relu()).detach()
    assert drawn.std(0).mean().item() == pytest.approx(std, rel=0.25)
    assert (drawn.mean(0) - centre).abs().mean() <= 0.2 * std + 1e-6


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_large_layers_alone_are_chunked(dtype, blobs, generator):
    target = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2)).to(dtype)
    model = HyperGAN(target, **SIZES, generators="chunked", generator=generator)
    assert [type(each.weights) for each in model.generators] == [Chunks, Chunks]
    assert model.generators[0].weights.bias.dtype == dtype
    narrow = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 16))
    kinds = [type(g.weights) for g in HyperGAN(narrow, **SIZES, generators="chunked").generators]
    assert kinds == [nn.Linear, Chunks]
    settings = Training(epochs=15, batch_size=60, networks=3, codes=16, mean_rate=0.02)
    data = blobs[0].to(dtype), blobs[1]
    history = fit(model, data, settings, generator=generator, progress=False)
    assert history[-1]["loss"] < history[0]["loss"] / 2
    assert history[-1]["diversity"] > 0


def test_all_parts_of_a_chunked_layer_learn(target, blobs, generator):
    model = HyperGAN(target, **SIZES, generators="chunked", generator=generator)
    layer = model.generators[0].weights
    before = {name: p.detach().clone() for name, p in layer.named_parameters()}
    fit(model, blobs, Training(epochs=2, batch_size=60), generator=generator, progress=False)
    after = dict(layer.named_parameters())
    assert before.keys() == {"project.weight", "project.bias", "embeddings", "weight", "bias"}
    assert not [name for name in before if torch.equal(before[name], after[name])]


def test_the_form_is_kept_in_the_file(target, tmp_path):
    HyperGAN(target, **SIZES, generators="chunked").save(tmp_path / "file")
    again = HyperGAN.from_file(tmp_path / "file", target)
    assert isinstance(again.generators[0].weights, Chunks)


@pytest.mark.parametrize(("total", "form"), [(2**45, "dense"), (2**33, "chunked")])
def test_what_exceeds_its_share_of_the_memory_is_chunked(total, form, monkeypatch):
    monkeypatch.setattr("hypergan.model.total_memory", lambda: total)
    target = nn.Linear(300, 300)  # 90,300 weights
    model = HyperGAN(target, 8, 6, hidden=2000)
    assert model.arguments["generators"] == form


def test_the_papers_networks_are_dense_on_the_smallest_machine(monkeypatch):
    from hypergan.targets import cifar_target

    monkeypatch.setattr("hypergan.model.total_memory", lambda: 2**30)
    assert HyperGAN(cifar_target()).arguments["generators"] == "dense"


def test_an_unknown_form_is_refused(target):
    with pytest.raises(SettingsError, match="generators is 'sparse'; it should be 'auto', 'dense'"):
        HyperGAN(target, generators="sparse")
