import copy
import json
import pickle
import random
import resource

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.func import functional_call
from zoo import ZOO

from hypergan import HyperGAN, Training
from hypergan.baselines.network_ensemble import NetworkEnsemble
from hypergan.errors import RecordError, SettingsError, StorageError
from hypergan.objective import cross_entropy, discriminator_loss
from hypergan.step import Step
from hypergan.targets import mnist_target

SIZES = {"noise_dim": 8, "code_dim": 6, "hidden": 16}


def small(target, generator, **options):
    return HyperGAN(target, **SIZES | options, generator=generator)


@pytest.mark.parametrize("kind", ZOO)
def test_samples_go_into_functional_call_and_load_state_dict(kind, generator):
    network, inputs = ZOO[kind].network().eval(), ZOO[kind].batch()
    weights = small(network, generator).sample(4, generator)
    trainable = {name: p for name, p in network.named_parameters() if p.requires_grad}
    assert list(weights) == list(trainable)
    for name, parameter in trainable.items():
        assert weights[name].shape == (4, *parameter.shape)
        assert weights[name].dtype == parameter.dtype
    first = {name: tensor[0] for name, tensor in weights.items()}
    called = functional_call(network, first, inputs)
    network.load_state_dict(first, strict=False)
    torch.testing.assert_close(called, network(inputs))


def test_an_ordinary_target_loads_a_sample_strictly(target, generator):
    weights = small(target, generator).sample(2, generator)
    target.load_state_dict({name: tensor[1] for name, tensor in weights.items()})
    assert torch.equal(target[0].weight, weights["0.weight"][1])


def test_a_network_does_not_depend_on_its_neighbours(target, generator):
    model = small(target, generator).eval()
    noise = model.noise(5, generator)
    together = model.weights(model.codes(noise))["0.weight"]
    alone = model.weights(model.codes(noise[:1]))["0.weight"]
    torch.testing.assert_close(together[:1], alone)


@pytest.mark.parametrize("training", [True, False])
def test_sampling_draws_in_evaluation_mode_and_restores_the_mode(training, target, generator):
    model = small(target, generator).train(training)
    statistics = model.mixer[1].running_mean.clone()
    weights = model.sample(3, torch.Generator().manual_seed(3))
    assert model.training is training
    assert torch.equal(model.mixer[1].running_mean, statistics)
    again = model.eval().sample(3, torch.Generator().manual_seed(3))
    assert torch.equal(weights["0.weight"], again["0.weight"])


def test_codes_of_all_layers_come_from_one_noise(target, generator):
    model = small(target, generator).eval()
    noise = model.noise(2, generator)
    codes = model.codes(noise)
    assert codes.shape == (2, 2, SIZES["code_dim"])
    changed = model.codes(noise + torch.tensor([[0.0], [1.0]]))
    torch.testing.assert_close(changed[0], codes[0])
    assert (changed[1] != codes[1]).any(1).all()  # one noise vector moves every layer's code


def test_without_a_mixer_codes_are_independent_standard_normal(target, generator):
    model = small(target, generator, mixer=False)
    assert model.mixer is None
    assert model.discriminator is None  # the codes are samples of the prior already
    codes = model.codes(model.noise(20_000, generator)).flatten(1)
    covariance = codes.T.cov()
    torch.testing.assert_close(covariance, torch.eye(12), atol=0.04, rtol=0)


def test_beta_0_leaves_the_discriminator_out(target, generator):
    assert small(target, generator, beta=0).discriminator is None
    assert small(target, generator).discriminator is not None


def test_without_spread_every_network_is_the_target_itself(target, generator):
    weights = small(target, generator, spread=0).sample(2, generator)
    for name, parameter in target.named_parameters():
        torch.testing.assert_close(weights[name], torch.stack([parameter, parameter]))


@pytest.mark.parametrize("spread", [0.5, 1.0])
def test_the_first_networks_vary_by_spread_over_the_root_of_fan_in(spread, generator):
    model = HyperGAN(mnist_target(), spread=spread, generator=generator).train()
    weights = model.weights(model.codes(model.noise(256, generator)))
    for layer, name in zip(model.layers, ("conv1", "conv2", "linear"), strict=True):
        std = weights[f"{name}.weight"].std(0).mean().item()
        assert std == pytest.approx(spread * layer.fan_in**-0.5, rel=0.25)


def no_loss(outputs, _):
    """The task's loss where only the codes matter."""
    return outputs.sum((1, 2)) * 0


def update(model, generator, loss=cross_entropy, **settings):
    """Take a step of two networks on eight points; return the report."""
    training = Training(**{"networks": 2, "codes": 4} | settings)
    points, labels = torch.randn(8, 2, generator=generator), torch.arange(8) % 2
    optimisers = model.optimisers(training)
    return model.update(Step(points, labels, loss, training, optimisers, 8, generator))


def test_the_discriminators_step_leaves_the_mixer_alone(target, generator):
    """Eq. 3 is the discriminator's: its gradient ends at the codes."""
    model = small(target, generator, beta=1e-30)  # the mixer's own term is numerically absent
    training = Training(networks=2, codes=4, mean_rate=None, weight_rate=None)
    optimisers = model.optimisers(training)
    mixer_gradients = []
    step = optimisers["discriminator"].step

    def watch(*arguments):
        mixer_gradients.append([p.grad.clone() for p in model.mixer.parameters()])
        return step(*arguments)

    optimisers["discriminator"].step = watch
    before = [p.detach().clone() for p in model.discriminator.parameters()]
    points, labels = torch.randn(8, 2, generator=generator), torch.arange(8) % 2
    model.update(Step(points, labels, no_loss, training, optimisers, 8, generator))
    assert all(grad.abs().max() < 1e-20 for grad in mixer_gradients[0])
    after = model.discriminator.parameters()
    assert any(not torch.equal(a, b) for a, b in zip(after, before, strict=True))


def test_the_discriminator_judges_the_codes_once_a_step(target, generator):
    """Its gradient is that of judging them anew, to the last digit."""
    model = small(target, generator)
    before, judged = copy.deepcopy(model.discriminator), []
    model.discriminator.register_forward_pre_hook(lambda _, given: judged.append(given[0].detach()))
    update(model, generator, precision="float32")
    codes, prior = judged
    discriminator_loss(before(prior), before(codes)).backward()
    pairs = zip(model.discriminator.parameters(), before.parameters(), strict=True)
    assert all(torch.equal(own.grad, anew.grad) for own, anew in pairs)


@pytest.mark.parametrize("networks", [1, 7, 8, 15, 16])
def test_a_generator_ends_in_a_dense_layer_for_any_number_of_codes(networks, target, generator):
    made = small(target, generator).eval().generators[0]
    codes = torch.randn(networks, SIZES["code_dim"], generator=generator)
    weight, bias = made.weights.weight, made.weights.bias
    expected = made.features(codes).double() @ weight.double().T + bias.double()
    found = torch.cat([tensor.flatten(1) for tensor in made(codes).values()], 1)
    torch.testing.assert_close(found, expected.float())
    ours, plain = (torch.autograd.grad(y.sin().sum(), (weight, bias)) for y in (found, expected))
    torch.testing.assert_close(ours, plain)


def test_the_mixers_term_reaches_the_mixer(target, generator):
    model = small(target, generator)
    report = update(model, generator, no_loss)
    assert all(p.grad.abs().sum() > 0 for p in model.mixer[-1].parameters())
    assert report.keys() == {"loss", "adversarial_term", "discriminator_loss"}


def test_accuracy_is_reported_for_classification(target, generator):
    model = small(target, generator, beta=0)
    report = update(model, generator)
    assert report.keys() == {"loss", "accuracy"}
    assert 0 <= report["accuracy"] <= 100


@pytest.mark.parametrize(
    "wrong", [{"noise_dim": 0}, {"hidden": -1}, {"beta": -1.0}, {"beta": float("nan")}]
)
def test_sizes_and_weights_out_of_range_are_refused(wrong, target):
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        HyperGAN(target, **SIZES | wrong)


@pytest.mark.parametrize("content", [None, b"", b"no tensors here"])
def test_a_damaged_file_is_refused(content, target, generator, tmp_path):
    path = tmp_path / "model.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RecordError, match="train it again"):
        small(target, generator).load(path)


def test_a_hundred_altered_bytes_give_no_other_networks(target, generator, tmp_path):
    path, model = tmp_path / "model.safetensors", small(target, generator)
    model.save(path)
    content, places, refused = path.read_bytes(), random.Random(0), 0
    for place in places.sample(range(len(content)), 100):
        damaged = bytearray(content)
        damaged[place] ^= places.randrange(1, 256)
        path.write_bytes(damaged)
        other = small(target, generator)
        try:
            other.load(path)
        except RecordError:
            refused += 1
        else:
            assert other.fingerprint() == model.fingerprint()
    assert refused > 90


def test_a_file_without_a_checksum_is_read(target, generator, tmp_path):
    path, model = tmp_path / "model.safetensors", small(target, generator)
    notes = {"class": "HyperGAN", "arguments": model.arguments}
    save_file(model.state_dict(), path, metadata={"hypergan": json.dumps(notes)})
    assert HyperGAN.from_file(path, target).fingerprint() == model.fingerprint()


def test_double_precision_is_kept(generator):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Linear(3, 2, dtype=torch.float64)
    weights = small(network, generator, spread=0).sample(1, generator)
    assert torch.equal(weights["weight"][0], network.weight)


@pytest.mark.parametrize("dtype", [torch.float64, torch.complex64, torch.int64])
def test_buffers_keep_their_values(dtype, generator):
    network = nn.Linear(3, 2)
    network.register_buffer("buffer", torch.tensor([0.1 + 2j] if dtype.is_complex else [1 / 3]))
    network.buffer = network.buffer.to(dtype)
    kept = small(network, generator).ensemble(1, generator)[0].buffer
    assert kept.dtype == dtype
    assert torch.equal(kept, network.buffer)


def test_a_full_disk_is_a_storage_error(target, generator, tmp_path):
    model = small(target, generator)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(StorageError, match="free some space"):
            model.save(tmp_path / "model.safetensors")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(tmp_path.glob("*model*"))


def test_the_discriminator_learns_to_tell_the_prior_from_the_codes(target, generator):
    model = small(target, generator, beta=1e-30)  # the mixer does not hide its codes
    with torch.no_grad():
        model.mixer[-1].bias.fill_(3)
    training = Training(networks=2, codes=64, discriminator_rate=1e-2)
    optimisers = model.optimisers(training)
    points, labels = torch.randn(8, 2, generator=generator), torch.arange(8) % 2
    for _ in range(30):
        step = Step(points, labels, cross_entropy, training, optimisers, 8, generator)
        report = model.update(step)
    assert report["discriminator_loss"] < 0.5  # 2 log 2 = 1.39 where it cannot tell
    prior, codes = model.prior(64, generator), model.codes(model.noise(64, generator))
    assert model.discriminator(prior).mean() > 0 > model.discriminator(codes).mean()


def test_all_codes_of_a_step_pass_the_mixer(target, generator):
    model = small(target, generator)
    drawn = []
    model.mixer.register_forward_pre_hook(lambda _, inputs: drawn.append(len(inputs[0])))
    update(model, generator, codes=12)
    assert drawn == [12]


def test_few_directions_start_a_family_of_few_dimensions():
    models = [
        HyperGAN(
            nn.Linear(3, 2), noise_dim=20, code_dim=30, hidden=40, directions=directions,
            generator=torch.Generator().manual_seed(0),
        )
        for directions in (None, 2)
    ]  # fmt: skip
    dimensions = [
        model.state(torch.Generator().manual_seed(1))["code_dimension"] for model in models
    ]
    assert dimensions[1] < 4 < 8 < dimensions[0]
    noise = torch.randn(6, 20, generator=torch.Generator().manual_seed(2))
    basis = torch.linalg.svd(models[1].mixer[0].weight).Vh[:2]
    alike = noise @ basis.T @ basis  # the rest of the noise is not seen
    assert torch.allclose(models[1].mixer[0](noise), models[1].mixer[0](alike), atol=1e-5)


def test_the_state_tells_how_near_the_codes_are_to_their_prior():
    model = HyperGAN(nn.Linear(3, 2), noise_dim=8, code_dim=5, hidden=16)
    with torch.no_grad():
        model.mixer[-1].weight.zero_()
        model.mixer[-1].bias.fill_(2.0)
        for parameter in model.discriminator.parameters():
            parameter.zero_()
        model.discriminator[-1].bias.fill_(-1.0)  # it takes everything for a code
    found = model.state(torch.Generator().manual_seed(0))
    assert found["code_norm"] == pytest.approx(20)
    assert found["discriminator_accuracy"] == 50


def test_the_state_of_normal_codes_is_the_priors():
    model = HyperGAN(nn.Linear(3, 2), noise_dim=5, code_dim=5, hidden=16)
    model.mixer = nn.Linear(5, 5)  # one layer, so that the codes are the noise
    with torch.no_grad():
        model.mixer.weight.copy_(torch.eye(5))
        model.mixer.bias.zero_()
    found = model.state(torch.Generator().manual_seed(0))
    assert found["code_norm"] == pytest.approx(5, rel=0.15)
    assert found["code_dimension"] == pytest.approx(5, rel=0.1)


@pytest.mark.parametrize("as_text", [True, False])
def test_a_file_tells_the_arguments_it_was_built_with(as_text, target, generator, tmp_path):
    path = tmp_path / "model.safetensors"
    model = HyperGAN(target, 8, 6, hidden=16, mixer=False, batch_norm=False, generator=generator)
    model.save(str(path) if as_text else path)
    other = HyperGAN.from_file(str(path) if as_text else path, target)
    assert other.mixer is None
    draws = [m.sample(2, torch.Generator().manual_seed(5))["0.weight"] for m in (model, other)]
    assert torch.equal(*draws)


def test_a_file_of_another_class_is_refused(target, tmp_path):
    NetworkEnsemble(target, 2).save(tmp_path / "file")
    with pytest.raises(RecordError, match="holds NetworkEnsemble and not HyperGAN"):
        HyperGAN.from_file(tmp_path / "file", target)
    assert len(NetworkEnsemble.from_file(tmp_path / "file", target).ensemble(2)) == 2


VIEWS = {
    "halves": lambda: torch.randn(2, 4).unbind(),
    "overlapping": lambda: (torch.arange(6.0)[:4], torch.arange(6.0)),
    "a transpose": lambda: (torch.randn(2, 4).T, torch.randn(3)),
    "expanded": lambda: (torch.randn(1, 4).expand(3, 4), torch.randn(3)),
    "the same twice": lambda: 2 * (torch.randn(3),),
}


@pytest.mark.parametrize("kind", VIEWS)
def test_buffers_that_share_memory_are_saved(kind, target, tmp_path):
    one, two = VIEWS[kind]()
    target.register_buffer("one", one)
    target.register_buffer("two", two)
    small(target, None).save(tmp_path / "file")
    target.one, target.two = torch.zeros_like(one), torch.zeros_like(two)
    found = HyperGAN.from_file(tmp_path / "file", target).target
    assert torch.equal(found.one, one)
    assert torch.equal(found.two, two)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_is_saved_like_the_original(copied, target, generator, tmp_path):
    model = small(target, generator)
    for number, each in enumerate((model, copied(model))):
        each.save(tmp_path / str(number))
    assert (tmp_path / "0").read_bytes() == (tmp_path / "1").read_bytes()
