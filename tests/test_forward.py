"""Every network sees what it was given, whatever a forward does to it."""

import copy
import threading

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from zoo import ZOO, Lambda

from hypergan import Ensemble, HyperGAN
from hypergan.errors import DataError, TargetError

IMAGES, POINTS = (3, 1, 8, 8), (5, 4)

IN_PLACE = {
    "subtracted": (lambda m, x: m.o(x.sub_(0.5)), nn.Linear(4, 3), POINTS),
    "normalised": (lambda m, x: m.o(x.mul_(2).add_(1)), nn.Linear(4, 3), POINTS),
    "clipped": (lambda m, x: m.o(F.relu(x, inplace=True) - 0.1), nn.Linear(4, 3), POINTS),
    "a part overwritten": (lambda m, x: m.o(_zeroed(x)), nn.Linear(4, 3), POINTS),
    "images": (lambda m, x: m.o(x.div_(3)).flatten(1), nn.Conv2d(1, 2, 3), IMAGES),
    "first layer in place": (
        lambda m, x: m.o(x), nn.Sequential(nn.Hardtanh(-0.2, 0.2, inplace=True), nn.Linear(4, 3)),
        POINTS,
    ),
}  # fmt: skip


def _zeroed(x):
    x[:, 0] += 1
    return x


def ensemble_of(target, n=4):
    return HyperGAN(target, 8, 8, 16).ensemble(n)


@pytest.mark.parametrize("kind", IN_PLACE)
@pytest.mark.parametrize("shared", [True, False])
def test_each_network_sees_the_inputs_as_they_were_given(kind, shared):
    function, layer, shape = IN_PLACE[kind]
    ensemble, inputs = ensemble_of(Lambda(function, o=layer)), torch.randn(shape)
    before = inputs.clone()
    expected = torch.stack([network(inputs.clone()) for network in ensemble])
    torch.testing.assert_close(ensemble.predict(inputs), expected)
    assert torch.equal(inputs, before)
    inputs.requires_grad_()
    torch.testing.assert_close(ensemble(inputs), expected)


def test_a_stack_that_begins_in_place_leaves_the_inputs_alone():
    ensemble = ensemble_of(nn.Sequential(nn.ReLU(inplace=True), nn.Linear(4, 3)))
    inputs = torch.randn(5, 4)
    before = inputs.clone()
    ensemble.predict(inputs)
    assert torch.equal(inputs, before)


@pytest.mark.parametrize("kind", ["dense", "mnist", "recurrent", "twice", "weight_normed"])
def test_several_threads_share_an_ensemble(kind):
    ensemble = ensemble_of(ZOO[kind].network(), 8)
    batches = [ZOO[kind].batch(seed) for seed in range(4)]
    expected = [ensemble.predict(batch) for batch in batches]
    wrong = []

    def work(which):
        for _ in range(10):
            found = ensemble.predict(batches[which])
            wrong.append(not torch.allclose(found, expected[which], atol=1e-5))

    threads = [threading.Thread(target=work, args=(which,)) for which in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(wrong) == 40
    assert not any(wrong)


def test_a_network_taken_out_while_others_predict_is_right():
    ensemble = ensemble_of(ZOO["mnist"].network(), 4)
    inputs = ZOO["mnist"].batch()
    stop, expected = threading.Event(), ensemble.predict(inputs)

    def work():
        while not stop.is_set():
            ensemble.predict(inputs)

    thread = threading.Thread(target=work)
    thread.start()
    found = [torch.stack([network(inputs) for network in ensemble]) for _ in range(5)]
    stop.set()
    thread.join()
    for each in found:
        torch.testing.assert_close(each, expected)


def test_images_may_be_flattened_with_view():
    target = Lambda(
        lambda m, x: m.o(m.d(m.c(x)).view(len(x), -1)),
        c=nn.Conv2d(3, 5, 3), d=nn.Dropout(0.5), o=nn.Linear(180, 3),
    )  # fmt: skip
    images = torch.randn(7, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    ensemble = ensemble_of(target, 3)
    for network, outputs in zip(ensemble, ensemble.predict(images), strict=True):
        torch.testing.assert_close(network(images), outputs)


def test_a_stack_that_cannot_be_vectorised_runs_one_by_one():
    ensemble = ensemble_of(nn.Sequential(nn.Linear(4, 5), nn.RReLU(), nn.Linear(5, 3)), 3)
    inputs = torch.randn(7, 4, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(ensemble.predict(inputs)[1], ensemble[1](inputs))


OUTPUTS = {
    "a tuple": (lambda m, x: (m.o(x), x), "returns a tuple"),
    "a dict": (lambda m, x: {"logits": m.o(x)}, "returns a dict"),
    "nothing": (lambda m, x: None, "returns a NoneType"),
    "one for all": (lambda m, x: m.o(x).mean(0), r"returns \(3,\) for 5 inputs"),
    "flattened": (lambda m, x: m.o(x).flatten(), r"returns \(15,\) for 5 inputs"),
}


@pytest.mark.parametrize("kind", OUTPUTS)
def test_outputs_of_no_use_are_refused(kind):
    function, message = OUTPUTS[kind]
    ensemble = ensemble_of(Lambda(function, o=nn.Linear(4, 3)))
    with pytest.raises(TargetError, match=message):
        ensemble(torch.randn(5, 4))


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("frozen", [True, False])
def test_an_only_input_may_be_squeezed_away(outputs, frozen):
    first = nn.Linear(4, 4).requires_grad_(not frozen)
    target = Lambda(lambda m, x: m.o(m.first(x)).squeeze(), first=first, o=nn.Linear(4, outputs))
    ensemble, inputs = ensemble_of(target), torch.randn(7, 4)
    whole = ensemble.predict(inputs, batch_size=7)
    assert whole.shape == ((4, 7, 3) if outputs == 3 else (4, 7))
    torch.testing.assert_close(ensemble.predict(inputs, batch_size=3), whole)


@pytest.mark.parametrize("kind", ["dense", "mnist", "cifar", "polynomial", "normalising"])
def test_function_transforms_go_through(kind):
    ensemble, inputs = ensemble_of(ZOO[kind].network(), 2), ZOO[kind].batch()
    found = torch.func.vmap(torch.func.jacrev(lambda x: ensemble(x[None])[:, 0]))(inputs)
    for b in range(len(inputs)):
        one = inputs[b]
        expected = torch.autograd.functional.jacobian(lambda x: ensemble(x[None])[:, 0], one)
        torch.testing.assert_close(found[b], expected)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.uint8, torch.int64])
@pytest.mark.parametrize("kind", ["dense", "mnist"])
def test_inputs_of_another_type_are_refused_with_a_way_out(kind, dtype):
    ensemble, inputs = ensemble_of(ZOO[kind].network()), ZOO[kind].batch().to(dtype)
    with pytest.raises(DataError, match=rf"inputs are {dtype} .*\.to\(torch.float32\)"):
        ensemble.predict(inputs)


PADDED = {
    "zeros": lambda: nn.Embedding(9, 4, padding_idx=0),
    "the last row": lambda: nn.Embedding(9, 4, padding_idx=-1),
    "a row of its own": lambda: nn.Embedding.from_pretrained(
        torch.randn(9, 4), freeze=False, padding_idx=3
    ),
}


@pytest.mark.parametrize("kind", PADDED)
@pytest.mark.parametrize("centred", [True, False])
def test_padding_rows_stay_what_they_are(kind, centred):
    layer = PADDED[kind]()
    row = layer.padding_idx
    target = Lambda(lambda m, x: m.o(m.e(x).mean(1)), e=layer, o=nn.Linear(4, 3))
    weights = HyperGAN(target, 8, 8, 16, centred=centred).sample(3)["e.weight"]
    torch.testing.assert_close(weights[:, row], layer.weight[row].expand(3, 4))
    others = [index for index in range(9) if index != row]
    assert (weights[:, others] != layer.weight[others]).all()


def test_an_ensemble_is_compiled_and_exported():
    target = ZOO["mnist"].network()
    ensemble, inputs = Ensemble(target, HyperGAN(target, 8, 8, 16).sample(2)), ZOO["mnist"].batch()
    exported = torch.export.export(ensemble, (inputs,)).module()
    torch.testing.assert_close(exported(inputs), ensemble(inputs))
    copy.deepcopy(ensemble)
