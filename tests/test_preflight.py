"""Targets and losses that would fail late, or train nothing, are refused before training."""

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint
from zoo import Lambda

from hypergan import HyperGAN, Training, fit
from hypergan.errors import DataError, SettingsError, TargetError

QUICK = Training(epochs=1, batch_size=10, networks=2, codes=4, diversity_networks=2)
INPUTS = torch.randn(20, 4, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(20) % 3


def train(function, data=(INPUTS, LABELS), **options):
    target = Lambda(function, a=nn.Linear(4, 4), o=nn.Linear(4, 3))
    target.register_buffer("count", torch.zeros(()))
    return fit(HyperGAN(target, 8, 8, 16), data, QUICK, progress=False, **options)


def without_gradients(module, inputs):
    with torch.no_grad():
        return module.o(module.a(inputs))


TARGETS = {
    "detached": (lambda m, x: m.o(m.a(x)).detach(), "do not depend on its weights"),
    "no_grad": (without_gradients, "do not depend on its weights"),
    "counting": (lambda m, x: m.o(m.a(x)) + 0 * m.count.add_(1), "changes the buffer 'count'"),
    "recomputing": (
        lambda m, x: m.o(checkpoint(m.a, x, use_reentrant=False)), "activation checkpointing"
    ),
    "recomputing, reentrant": (
        lambda m, x: m.o(checkpoint(m.a, x, use_reentrant=True)), "activation checkpointing"
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", TARGETS)
def test_targets_that_train_wrongly_are_refused(kind):
    function, message = TARGETS[kind]
    with pytest.raises(TargetError, match=message):
        train(function)


def test_inputs_that_do_not_fit_are_refused_with_their_shape():
    with pytest.raises(DataError, match=r"does not accept inputs of shape \(5, 5\)"):
        train(lambda m, x: m.o(m.a(x)), (torch.zeros(20, 5), LABELS))
    with pytest.raises(DataError, match="wrap it in a module whose forward takes them as one"):
        train(lambda m, x: m.o(m.a(x, x)))


def test_losses_without_a_gradient_are_refused():
    def plain(module, inputs):
        return module.o(module.a(inputs))

    targets = torch.zeros(20, 3, dtype=torch.float64)
    with pytest.raises(DataError, match="HuberLoss has no gradient for targets of torch.float64"):
        train(plain, (INPUTS, targets), loss=nn.HuberLoss())
    with pytest.raises(SettingsError, match="has no gradient; compute it from the outputs"):
        train(plain, loss=lambda outputs, targets: outputs.detach().sum((1, 2)))
    with pytest.raises(SettingsError, match=r"give MSELoss\(\)"):
        train(plain, (INPUTS, targets.float()), loss=nn.MSELoss)
    with pytest.raises(DataError, match=r"per_network\(loss\)"):
        train(plain, loss=lambda outputs, targets: nn.functional.cross_entropy(outputs, targets))
    labels = torch.cat([LABELS[:19], torch.tensor([7])])
    with pytest.raises(DataError, match="cannot read a label"):
        train(plain, (INPUTS, labels), loss=nn.CrossEntropyLoss())


def test_a_buffer_is_left_as_it_was():
    target = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4, affine=False).eval(), nn.Linear(4, 3))
    fit(HyperGAN(target, 8, 8, 16), (INPUTS, LABELS), QUICK, progress=False)
    assert target[1].num_batches_tracked == 0


@pytest.mark.parametrize(
    ("values", "named", "message"),
    [
        ((nn.Linear(4, 3), (INPUTS, LABELS)), {}, r"fit\(HyperGAN\(network\), data\)"),
        ((HyperGAN(nn.Linear(4, 3)), INPUTS, LABELS), {}, "inputs and targets as one pair"),
        ((HyperGAN(nn.Linear(4, 3)), (INPUTS, LABELS)), {"generator": 0}, "manual_seed"),
        ((HyperGAN(nn.Linear(4, 3)), (INPUTS, LABELS)), {"callbacks": print}, "callbacks="),
        (
            (HyperGAN(nn.Linear(4, 3)), (INPUTS, LABELS), QUICK),
            {"augment": lambda inputs, generator: None},
            "augment returns NoneType",
        ),
    ],
)
def test_wrong_arguments_are_named(values, named, message):
    with pytest.raises(SettingsError, match=message):
        fit(*values, **named, progress=False)


def through_a_lambda(module, inputs):
    if not hasattr(module, "post"):
        module.post = None
    return module.o(module.a(inputs)) if module.post is None else module.post(module.a(inputs))


def test_weights_that_a_function_holds_are_not_the_generated_ones():
    target = Lambda(through_a_lambda, a=nn.Linear(4, 4), o=nn.Linear(4, 3))
    target.post = lambda hidden: target.o(hidden)
    with pytest.raises(TargetError, match="uses its own 'o.weight' instead of the generated one"):
        fit(HyperGAN(target, 8, 8, 16), (INPUTS, LABELS), QUICK, progress=False)


def test_a_buffer_that_changes_in_evaluation_alone_is_refused():
    with pytest.raises(TargetError, match="changes the buffer 'count'"):
        train(lambda m, x: m.o(m.a(x)) + (0 if m.training else 0 * m.count.add_(1)))


def test_a_single_class_is_refused():
    target = nn.Linear(4, 1)
    with pytest.raises(DataError, match="a single class"):
        fit(HyperGAN(target, 8, 8, 16), (INPUTS, 0 * LABELS), QUICK, progress=False)


VALIDATION = {
    "numbers": (nn.MSELoss(), INPUTS[:, :3], INPUTS[:, 0], "differ in shape"),
    "labels as a column": (nn.CrossEntropyLoss(), LABELS, LABELS.unsqueeze(1), "not those of"),
    "labels from one": (nn.CrossEntropyLoss(), LABELS, LABELS + 1, "cannot read a label, 3"),
    "one-hot": (nn.CrossEntropyLoss(), LABELS, nn.functional.one_hot(LABELS), "not those of"),
}


@pytest.mark.parametrize("kind", VALIDATION)
def test_targets_to_validate_on_are_checked_as_well(kind):
    loss, targets, validation, message = VALIDATION[kind]
    with pytest.raises(DataError, match=message):
        fit(
            HyperGAN(nn.Linear(4, 3), 8, 8, 16), (INPUTS, targets), QUICK, loss=loss,
            validation=(INPUTS, validation), progress=False,
        )  # fmt: skip
