"""What a GPU computes; the other tests see none, so that they compare tensors on the CPU."""

import json
import os
import subprocess
import sys

import pytest
import torch
from torch import nn

from hypergan import forward
from hypergan.targets import TARGETS

IMAGES = {"mnist": (1, 28, 28), "cifar": (3, 32, 32), "cifar-2018": (3, 32, 32)}
CELLS = [
    *((method, "cifar10") for method in ("hypergan", "mc-dropout", "mnf", "hypergan-compact")),
    *((method, "cifar5") for method in ("ensemble", "sgld", "apd")),
    ("hypergan", "cubic"),
]


def run(*arguments):
    """Run Python in a process that sees the GPUs."""
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": os.environ["GPUS_OF_TESTS"]}
    if os.environ["GPUS_OF_TESTS"] == "all":
        del environment["CUDA_VISIBLE_DEVICES"]
    command = [sys.executable, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="session")
def gpu():
    """Skip without a GPU."""
    if run("-c", "import sys, torch; sys.exit(not torch.cuda.is_available())").returncode:
        pytest.skip("there is no GPU")


@pytest.mark.parametrize(("method", "dataset"), CELLS)
def test_a_cell_runs_there(gpu, method, dataset, own_runs):
    options = ["--seed", "0", "--profile", "smoke", "--device", "cuda", "--quiet"]
    done = run("-m", "hypergan", "run", method, dataset, *options)
    assert done.returncode == 0, done.stderr
    record = json.loads((own_runs / "smoke" / dataset / method / "seed0.json").read_text())
    assert not record["device"].startswith("cpu")


WRONG_LABEL = """
import torch
from hypergan import HyperGAN, Training, fit
from hypergan.errors import DataError
data = torch.randn(20, 4), torch.arange(20)
try:
    model, training = HyperGAN(torch.nn.Linear(4, 3), 8, 8, 16), Training(batch_size=20, networks=2)
    fit(model, data, training, loss=torch.nn.CrossEntropyLoss(), progress=False)
except DataError as error:
    assert "cannot read a label" in str(error), error
torch.zeros(1, device="cuda").item()  # the GPU goes on
"""


def test_a_wrong_label_is_found_before_it_stops_the_gpu(gpu):
    done = run("-c", WRONG_LABEL)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("shared", [True, False])
def test_convolutions_computed_at_once_as_there_are_those_of_each_network(
    name, shared, monkeypatch
):
    target = TARGETS[name](10).double()
    weights = {
        key: torch.randn(5, *value.shape, dtype=torch.float64, requires_grad=True)
        for key, value in target.named_parameters()
    }
    inputs = torch.randn(*(() if shared else (5,)), 4, *IMAGES[name], dtype=torch.float64)
    inputs.requires_grad_()
    leaves = [inputs, *weights.values()]
    outputs, gradients = [], []
    batched = forward._is_batched
    assert not batched(target, inputs.device)
    for device in ("cpu", "cuda"):
        monkeypatch.setattr(
            forward,
            "_is_batched",
            lambda target, _, device=device: batched(target, torch.device(device)),
        )
        outputs.append(forward.forward_networks(target, weights, inputs, shared=shared))
        gradients.append(torch.autograd.grad(outputs[-1].square().mean(), leaves))
    torch.testing.assert_close(*outputs)
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other)


def test_modules_with_a_forward_of_their_own_are_computed_one_by_one_there_too():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.convolution = nn.Conv2d(1, 2, 3)

        def forward(self, images):
            return self.convolution(images)

    assert not forward._is_batched(Own(), torch.device("cuda"))
