import pytest
import torch
from torch import nn
from torch.distributions import Normal, kl_divergence
from torch.nn import functional as F

from hypergan.baselines.flow_layers import FlowConv2d, FlowLinear
from hypergan.randomness import normal

LAYERS = {
    "dense": (lambda bias: FlowLinear, lambda bias: nn.Linear(4, 3, bias=bias), (6, 4)),
    "convolution": (
        lambda bias: FlowConv2d,
        lambda bias: nn.Conv2d(2, 3, 3, stride=2, padding=1, bias=bias),
        (6, 2, 5, 5),
    ),
    "grouped": (
        lambda bias: FlowConv2d,
        lambda bias: nn.Conv2d(4, 6, 3, groups=2, padding="same", bias=bias),
        (6, 4, 5, 5),
    ),
}
each_kind = pytest.mark.parametrize("kind", LAYERS)
with_and_without_bias = pytest.mark.parametrize("bias", [True, False])


def layer_and_inputs(kind, *, bias=True, flow_steps=(2, 2), log_std=-1.5):
    """A layer whose standard deviations all differ, and inputs for it."""
    form, plain, shape = LAYERS[kind]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layer = form(bias)(
            plain(bias), flow_steps=flow_steps, flow_hidden=(5, 7), log_std=log_std, z_std=0.3
        ).double()
        with torch.no_grad():
            for values in [*layer.log_std.values(), layer.z_mean, layer.z_log_std]:
                values.add_(torch.randn_like(values) / 4)
        return layer, torch.randn(shape, dtype=torch.float64)


def gaussians(layer, z):
    """q(W|z) of weights and of biases, as distributions."""
    columns = [1] * (layer.mean.weight.dim() - 1)
    z = z.view(1, -1) if isinstance(layer, FlowLinear) else z.view(-1, *columns)
    yield Normal(z * layer.mean.weight, layer.log_std["weight"].exp())
    if "bias" in layer.log_std:
        yield Normal(layer.mean.bias, layer.log_std["bias"].exp())


@each_kind
@with_and_without_bias
def test_given_z_the_bound_is_the_kl_of_gaussians_and_the_densities_of_z(kind, bias, generator):
    layer, _ = layer_and_inputs(kind, bias=bias, flow_steps=(0, 0))
    with torch.no_grad():
        layer.auxiliary.zero_()  # r(z|W) = N(0, 1)
    z, log_q = layer.draw(3, generator)
    expected = [
        sum(kl_divergence(q, Normal(0.0, 1.0)).sum() for q in gaussians(layer, one))
        + Normal(layer.z_mean, layer.z_log_std.exp()).log_prob(one).sum()
        - Normal(0.0, 1.0).log_prob(one).sum()
        for one in z
    ]
    torch.testing.assert_close(layer.kl(z, log_q, generator), torch.stack(expected))


def test_without_flows_the_mean_bound_is_the_closed_form(generator):
    """E z^2 = mean^2 + std^2, and q(z) from r(z) = N(0, 1) is a KL of Gaussians."""
    layer, _ = layer_and_inputs("dense", flow_steps=(0, 0))
    with torch.no_grad():
        layer.auxiliary.zero_()
        bound = layer.kl(*layer.draw(100_000, generator), generator)
        q_z = Normal(layer.z_mean, layer.z_log_std.exp())
        second_moment = (q_z.mean.square() + q_z.variance).sqrt()  # the KL knows no other of z
        expected = sum(
            kl_divergence(q, Normal(0.0, 1.0)).sum() for q in gaussians(layer, second_moment)
        )
        expected += kl_divergence(q_z, Normal(0.0, 1.0)).sum()
    error = 5 * bound.std() / len(bound) ** 0.5
    assert bound.mean().item() == pytest.approx(expected.item(), abs=error.item())


@each_kind
def test_log_q_is_the_density_of_z_under_the_flow(kind):
    """log q(z) = log q0(z0) - log|det dz/dz0|, the Jacobian by automatic differentiation."""
    layer, _ = layer_and_inputs(kind)
    z, log_q = layer.draw(1, torch.Generator().manual_seed(3))
    dim = len(layer.z_mean)
    source = torch.Generator().manual_seed(3)
    noise = normal(1, dim, generator=source, device=z.device).double()
    base = Normal(layer.z_mean, layer.z_log_std.exp())
    start = base.mean + base.stddev * noise

    def move(vectors):
        return layer.flow(vectors, source.clone_state())[0]

    torch.testing.assert_close(move(start), z)
    jacobian = torch.autograd.functional.jacobian(move, start)[0, :, 0]
    expected = base.log_prob(start).sum() - jacobian.det().abs().log()
    torch.testing.assert_close(log_q[0], expected)


@each_kind
def test_the_auxiliary_density_sees_the_weights_of_a_network(kind, generator):
    """It draws c^T W; the same from whole weight tensors has the same mean and variance."""
    layer, _ = layer_and_inputs(kind)
    seen = []
    layer.statistic = lambda projected: seen.append(projected) or projected[:, :1]
    z = layer.draw(1, generator)[0]
    with torch.no_grad():
        layer.log_r(z.expand(40_000, -1), generator)
        weights = next(gaussians(layer, z[0])).sample((40_000,))
        whole = torch.stack([layer.matrix(w) @ layer.auxiliary[2] for w in weights[:8000]])
    assert_same_moments(seen[0], whole)


def assert_same_moments(first, second):
    """Mean and standard deviation of each column agree within the noise of the draws."""
    n = min(len(first), len(second))
    std = second.std(0)
    assert ((first.mean(0) - second.mean(0)).abs() < 6 * std * (2 / n) ** 0.5).all()
    assert ((first.std(0) / std - 1).abs() < 6 / n**0.5).all()


@each_kind
@with_and_without_bias
def test_local_noise_has_the_moments_of_sampled_weights(kind, bias, generator):
    layer, inputs = layer_and_inputs(kind, bias=bias)
    n, images = 8000, inputs[:2]
    z = layer.draw(1, generator)[0]
    layer.draw = lambda count, _: (z.expand(count, -1), None)
    layer.z = z
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(0)
        local = torch.stack([layer(images) for _ in range(n)])
        weights = layer.sample(n, generator)
        explicit = torch.func.vmap(
            lambda network: torch.func.functional_call(layer.mean, network, images)
        )(weights)
    assert_same_moments(local, explicit)


@each_kind
@with_and_without_bias
def test_a_sampled_network_is_the_layer_with_the_same_z_and_no_other_noise(kind, bias):
    layer, inputs = layer_and_inputs(kind, bias=bias, log_std=-40.0)
    layer.z = layer.draw(3, torch.Generator().manual_seed(4))[0]
    weights = layer.sample(3, torch.Generator().manual_seed(4))
    outputs = layer(inputs)  # three networks, two inputs each
    for i in range(3):
        network = {name: tensor[i] for name, tensor in weights.items()}
        expected = torch.func.functional_call(layer.mean, network, inputs[2 * i : 2 * i + 2])
        torch.testing.assert_close(outputs[2 * i : 2 * i + 2], expected)


def test_a_sampled_weight_is_z_times_mean_plus_std_times_noise():
    layer, _ = layer_and_inputs("dense")
    weights = layer.sample(2, torch.Generator().manual_seed(5))
    source = torch.Generator().manual_seed(5)
    z, _ = layer.draw(2, source)
    means = {"weight": z[:, None] * layer.mean.weight, "bias": layer.mean.bias}
    for name, log_std in layer.log_std.items():
        noise = normal(2, *log_std.shape, generator=source, device=z.device).double()
        torch.testing.assert_close(weights[name], means[name] + log_std.exp() * noise)


def test_a_dense_layer_takes_inputs_of_more_dimensions():
    layer, _ = layer_and_inputs("dense", log_std=-40.0)
    layer.z = layer.draw(2, torch.Generator().manual_seed(6))[0]
    inputs = torch.ones(2, 5, 4, dtype=torch.float64)
    expected = F.linear(layer.z, layer.mean.weight, layer.mean.bias)
    torch.testing.assert_close(layer(inputs), expected[:, None].expand(2, 5, 3))


def test_inputs_of_zero_without_bias_have_finite_gradients():
    layer, inputs = layer_and_inputs("dense", bias=False)
    layer(inputs * 0).sum().backward()
    assert all(p.grad.isfinite().all() for p in layer.parameters() if p.grad is not None)
