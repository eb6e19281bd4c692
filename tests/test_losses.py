"""PyTorch's losses, each network by itself, equal the loop that anybody would write."""

from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset
from zoo import Lambda

from hypergan import HyperGAN, Training, fit
from hypergan.baselines.mc_dropout import MCDropout
from hypergan.baselines.mnf import MNF
from hypergan.baselines.network_ensemble import NetworkEnsemble
from hypergan.baselines.sgld import SGLD
from hypergan.errors import DataError, SettingsError
from hypergan.losses import adapted, per_network, percent_right, try_out
from hypergan.objective import cross_entropy, mean_squared_error

QUICK = Training(
    epochs=1, batch_size=15, networks=5, codes=8, diversity_networks=2, validation_networks=2
)
LABELS = torch.arange(15).view(5, 3) % 3  # as many inputs a network as classes: the trap
SCORES = torch.randn(5, 3, 3, generator=torch.Generator().manual_seed(0))

LOSSES = {
    "cross entropy": (nn.CrossEntropyLoss(), SCORES, LABELS),
    "class weights": (nn.CrossEntropyLoss(torch.tensor([1.0, 2.0, 5.0])), SCORES, LABELS),
    "label smoothing": (nn.CrossEntropyLoss(label_smoothing=0.2), SCORES, LABELS),
    "ignored labels": (nn.CrossEntropyLoss(ignore_index=2), SCORES, LABELS),
    "soft labels": (nn.CrossEntropyLoss(), SCORES, SCORES.softmax(-1).flip(1)),
    "sum": (nn.CrossEntropyLoss(reduction="sum"), SCORES, LABELS),
    "segmentation": (
        nn.CrossEntropyLoss(), SCORES.unsqueeze(-1).expand(5, 3, 3, 4),
        LABELS.unsqueeze(-1).expand(5, 3, 4),
    ),
    "function": (F.cross_entropy, SCORES, LABELS),
    "bound": (partial(F.cross_entropy, label_smoothing=0.1), SCORES, LABELS),
    "likelihood": (nn.NLLLoss(), SCORES.log_softmax(-1), LABELS),
    "margin": (nn.MultiMarginLoss(), SCORES, LABELS),
    "yes or no": (nn.BCEWithLogitsLoss(), SCORES, (SCORES > 0).float()),
    "square": (nn.MSELoss(), SCORES, SCORES.flip(0)),
    "absolute": (nn.L1Loss(), SCORES, SCORES.flip(0)),
    "Huber": (nn.HuberLoss(delta=0.3), SCORES, SCORES.flip(0)),
    "smooth": (F.smooth_l1_loss, SCORES, SCORES.flip(0)),
    "divergence": (nn.KLDivLoss(reduction="batchmean"), SCORES, SCORES.softmax(-1)),
    "counts": (nn.PoissonNLLLoss(), SCORES, LABELS.unsqueeze(-1).expand(5, 3, 3).float()),
}  # fmt: skip


@pytest.mark.parametrize("kind", LOSSES)
def test_a_torch_loss_is_that_of_each_network(kind):
    loss, outputs, targets = LOSSES[kind]
    ours = adapted(loss)
    try_out(ours, outputs, targets)
    expected = [loss(outputs[n], targets[n]) for n in range(5)]
    torch.testing.assert_close(ours(outputs, targets), torch.stack(expected))


def test_the_packages_own_losses_equal_torchs():
    torch.testing.assert_close(
        cross_entropy(SCORES, LABELS), adapted(nn.CrossEntropyLoss())(SCORES, LABELS)
    )
    torch.testing.assert_close(
        mean_squared_error(SCORES, SCORES.flip(0)), adapted(nn.MSELoss())(SCORES, SCORES.flip(0))
    )


def test_a_loss_of_networks_is_left_as_it_is():
    for loss in (cross_entropy, mean_squared_error, lambda outputs, _: outputs.sum((1, 2))):
        assert adapted(loss) is loss


WRONG = {
    "all networks in one": (lambda o, t: F.cross_entropy(o.flatten(0, 1), t.flatten()), r"\(\)"),
    "one for each input": (lambda o, t: (o.sum(-1) - t).abs(), r"\(5, 3\)"),
    "no tensor": (lambda o, t: 0.0, "float"),
    "no reduction": (adapted(nn.CrossEntropyLoss(reduction="none")), r"\(5, 3\)"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_loss_that_gives_no_number_for_each_network_is_refused(kind):
    loss, found = WRONG[kind]
    with pytest.raises(SettingsError, match=f"returns {found} for 5 networks.*per_network"):
        try_out(loss, SCORES, LABELS)


@pytest.mark.parametrize(
    "loss", [nn.MSELoss(), nn.L1Loss(), nn.HuberLoss(), F.mse_loss, nn.BCEWithLogitsLoss(),
             nn.SoftMarginLoss(), nn.PoissonNLLLoss()]
)  # fmt: skip
def test_a_torch_loss_does_not_broadcast(loss):
    outputs, targets = torch.randn(5, 3, 1), torch.ones(5, 3)
    with pytest.raises(DataError, match=r"\(3, 1\) and targets \(3,\) differ .* \(B, 1\)"):
        try_out(adapted(loss), outputs, targets)


@pytest.mark.parametrize("loss", [nn.TripletMarginLoss(), nn.CTCLoss(), nn.GaussianNLLLoss()])
def test_a_loss_of_other_arguments_is_refused(loss):
    with pytest.raises(DataError, match=f"{type(loss).__name__} cannot compare"):
        try_out(adapted(loss), SCORES, SCORES)


@pytest.mark.parametrize(
    ("labels", "bounds"), [(LABELS + 1, "1 to 3"), (LABELS - 1, "-1 to 1"), (LABELS * 50, "0 to")]
)
def test_labels_that_are_not_numbered_from_0_are_refused(labels, bounds):
    with pytest.raises(DataError, match=f"run from {bounds}.*ignore_index"):
        cross_entropy(SCORES, labels)


@pytest.mark.parametrize("batch_size", [4, 8])
def test_validation_counts_the_labels_that_are_kept(batch_size):
    inputs = torch.randn(8, 3, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([-1, -1, -1, -1, 0, 1, 2, -1])  # one batch of four has none
    posterior = HyperGAN(nn.Linear(3, 3), generator=torch.Generator().manual_seed(0))
    loss = nn.CrossEntropyLoss(ignore_index=-1)
    loader = DataLoader(TensorDataset(inputs, labels), batch_size)
    train = inputs.repeat(2, 1)[:15], labels.clamp(min=0).repeat(2)[:15]
    (row,) = fit(posterior, train, QUICK, loss=loss, validation=loader, progress=False)
    thirds = 3 * row["validation_accuracy"] / 100
    assert thirds == pytest.approx(round(thirds))
    with pytest.raises(DataError, match="the validation data are empty, or the loss ignores all"):
        fit(
            posterior, train, QUICK, loss=loss, validation=(inputs[:4], labels[:4]), progress=False
        )  # fmt: skip


def test_accuracy_leaves_out_what_the_loss_ignores():
    scores, labels = torch.eye(3).expand(2, 3, 3), torch.tensor([[0, 1, -100], [0, -100, -100]])
    assert percent_right(adapted(nn.CrossEntropyLoss()), scores, labels) == 100
    wrong = torch.tensor([[1, 2, -100], [2, -100, -100]])
    assert percent_right(adapted(nn.CrossEntropyLoss()), scores, wrong) == 0


def test_one_networks_loss_is_applied_to_each():
    loss = per_network(lambda outputs, targets: (outputs.sum() - targets.sum()).abs())
    expected = (SCORES.sum((1, 2)) - LABELS.sum(1)).abs()
    torch.testing.assert_close(loss(SCORES, LABELS), expected)


METHODS = {
    "hypergan": lambda target: HyperGAN(target, 8, 8, 16),
    "ensemble": lambda target: NetworkEnsemble(target, 5),
    "mc-dropout": lambda target: MCDropout(target),
    "mnf": lambda target: MNF(target),
    "sgld": lambda target: SGLD(target, samples=2, burn_in=0, thinning=1),
}
X = torch.randn(45, 4, generator=torch.Generator().manual_seed(1))
TASKS = {
    "classes": (3, nn.CrossEntropyLoss(), torch.arange(45) % 3, "validation_accuracy"),
    "soft labels": (3, nn.CrossEntropyLoss(), X[:, :3].softmax(1), "validation_loss"),
    "several numbers": (3, nn.MSELoss(), X[:, :3], "validation_loss"),
    "one number": (1, nn.L1Loss(), X[:, :1], "validation_loss"),
    "yes or no": (3, nn.BCEWithLogitsLoss(), (X[:, :3] > 0).float(), "validation_loss"),
    "own squares": (3, mean_squared_error, X[:, :3], "validation_loss"),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("task", TASKS)
def test_every_method_trains_with_every_kind_of_targets(task, method):
    outputs, loss, targets, measured = TASKS[task]
    posterior = METHODS[method](nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, outputs)))
    data = X, targets
    (row,) = fit(posterior, data, QUICK, loss=loss, validation=data, progress=False)
    assert measured in row
    assert ("accuracy" in row) == (task == "classes")


PLACES = {
    "tokens": (nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 9)), -1, cross_entropy),
    "pixels": (
        Lambda(lambda m, x: m.c(m.e(x).movedim(-1, 1)), e=nn.Embedding(9, 4), c=nn.Conv1d(4, 9, 1)),
        1, nn.CrossEntropyLoss(),
    ),
    "pixels, some ignored": (
        Lambda(lambda m, x: m.c(m.e(x).movedim(-1, 1)), e=nn.Embedding(9, 4), c=nn.Conv1d(4, 9, 1)),
        1, nn.CrossEntropyLoss(ignore_index=0),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", PLACES)
def test_a_label_for_each_place_is_learnt(kind):
    target, dim, loss = PLACES[kind]
    tokens = torch.randint(9, (60, 6), generator=torch.Generator().manual_seed(0))
    posterior = HyperGAN(target, 8, 8, 16)
    settings = Training(
        epochs=40, batch_size=30, networks=3, codes=8, mean_rate=0.05, diversity_networks=2
    )
    data = tokens, tokens
    history = fit(posterior, data, settings, loss=loss, validation=data, progress=False)
    assert history[-1]["accuracy"] > 85 > 50 > history[0]["accuracy"]
    assert history[-1]["validation_accuracy"] > 90
    probabilities = posterior.ensemble(3).predict_proba(tokens, class_dim=dim)
    torch.testing.assert_close(probabilities.sum(dim), torch.ones(60, 6))
