"""What one network keeps in a forward pass does not reach the next."""

import pytest
import torch
from torch import nn
from zoo import Lambda

from hypergan import Ensemble, HyperGAN, Training, fit

QUICK = Training(epochs=1, batch_size=10, networks=2, codes=4, diversity_networks=2)
INPUTS = torch.randn(20, 4, generator=torch.Generator().manual_seed(0))


def kept_once(module, inputs):
    if not hasattr(module, "cache"):
        module.cache = module.a.weight.detach() * 2
    return module.o(inputs) + inputs @ module.cache.T


def hidden(module, inputs):
    module.state = module.a(inputs) + getattr(module, "state", 0)
    return module.o(module.state)


def buffered(module, inputs):
    module.register_buffer("memory", module.a(inputs).detach())
    return module.o(module.memory)


def in_a_dict(module, inputs):
    module.state = module.__dict__.get("state", {})
    module.state["hidden"] = module.a(inputs) + module.state.get("hidden", 0)
    return module.o(module.state["hidden"])


def by_a_hook(module, inputs):
    hidden = module.a(inputs)  # whose hook sets `state` on this module of PyTorch
    return module.o(hidden + module.a.state)


@pytest.mark.parametrize("function", [kept_once, hidden, buffered, in_a_dict, by_a_hook])
def test_networks_share_nothing_that_a_forward_pass_keeps(function):
    sizes = (4, 3) if function is kept_once else (4, 4)
    target = Lambda(function, a=nn.Linear(*sizes), o=nn.Linear(4, 3))
    if function is in_a_dict:
        target.state = {}
    if function is by_a_hook:
        target.a.register_forward_hook(lambda m, x, y: setattr(m, "state", y))
    model = HyperGAN(target, 8, 8, 16, generator=torch.Generator().manual_seed(0))
    fit(model, (INPUTS, torch.arange(20) % 3), QUICK, progress=False)
    ensemble = model.ensemble(3)  # copies the target, which keeps no part of a graph
    found = ensemble.predict(INPUTS)
    for network, outputs in zip(ensemble, found, strict=True):
        torch.testing.assert_close(network(INPUTS), outputs)
    assert function is in_a_dict or not {"cache", "state", "memory"} & {
        *vars(model.target),
        *dict(target.named_buffers()),
    }
    assert isinstance(ensemble, Ensemble)
