"""Tensors, datasets and loaders give the same pairs; what gives none is refused."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)

from hypergan import HyperGAN, Training, fit
from hypergan.batches import batches_of, evenly, inputs_of
from hypergan.errors import DataError, HyperGANError, SettingsError

X, Y = torch.randn(50, 4, generator=torch.Generator().manual_seed(0)), torch.arange(50) % 3
QUICK = Training(
    epochs=2, batch_size=20, networks=2, codes=4, diversity_networks=4, validation_networks=3
)


class Items(Dataset):
    """A dataset of anything."""

    def __init__(self, item=lambda i: (X[i], int(Y[i])), size=50):
        self.item, self.size = item, size

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        return self.item(index)


class Stream(IterableDataset):
    def __iter__(self):
        return iter(zip(X, Y, strict=True))


def model():
    return HyperGAN(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)), 8, 8, 16)


def train(data, settings=QUICK, **options):
    posterior = model()
    return posterior, fit(posterior, data, settings, progress=False, **options)


LOADERS = {
    "shuffled": lambda: DataLoader(TensorDataset(X, Y), 10, shuffle=True),
    "in order": lambda: DataLoader(TensorDataset(X, Y), 7),
    "without the last": lambda: DataLoader(Items(), 16, drop_last=True),
    "a subset": lambda: DataLoader(Subset(Items(), range(0, 50, 2)), 5),
    "weighted": lambda: DataLoader(
        Items(), 10, sampler=WeightedRandomSampler(torch.ones(50), 30)
    ),
    "its own batches": lambda: DataLoader(
        Items(), batch_sampler=BatchSampler(RandomSampler(range(50)), 10, drop_last=False)
    ),
    "whole batches": lambda: DataLoader([(X[:25], Y[:25]), (X[25:], Y[25:])], batch_size=None),
    "collated": lambda: DataLoader(
        Items(lambda i: {"x": X[i], "y": Y[i]}), 10,
        collate_fn=lambda items: (torch.stack([i["x"] for i in items]),
                                  torch.stack([i["y"] for i in items])),
    ),
    "workers": lambda: DataLoader(TensorDataset(X, Y), 25, num_workers=1),
}  # fmt: skip


@pytest.mark.parametrize("kind", LOADERS)
def test_a_loader_trains_and_validates(kind):
    _, history = train(LOADERS[kind](), validation=LOADERS[kind]())
    assert len(history) == 2
    assert all(0 <= row["validation_accuracy"] <= 100 for row in history)


def test_a_loader_keeps_its_batch_size(monkeypatch):
    sizes = []
    update = HyperGAN.update

    def watched(self, step):
        sizes.append((len(step.inputs), step.data_size))
        return update(self, step)

    monkeypatch.setattr(HyperGAN, "update", watched)
    train(DataLoader(TensorDataset(X, Y), 15))
    assert sizes == 2 * [(15, 50), (15, 50), (15, 50), (5, 50)]


def test_a_last_batch_too_small_to_split_is_left_out():
    posterior, _ = train(DataLoader(TensorDataset(X[:41], Y[:41]), 20))
    assert torch.isfinite(posterior.sample(1)["0.weight"]).all()


def test_batches_too_small_to_split_are_refused():
    with pytest.raises(SettingsError, match="no batch of the loader has 2 inputs"):
        train(DataLoader(TensorDataset(X, Y), 1))


def test_a_loaders_batches_are_passed_on_as_they_come():
    loader = DataLoader(TensorDataset(X, Y), 20)
    found = list(batches_of(loader, QUICK).epoch(torch.Generator()))
    assert [len(inputs) for inputs, _ in found] == [20, 20, 10]
    assert torch.equal(torch.cat([inputs for inputs, _ in found]), X)
    assert torch.equal(torch.cat([labels for _, labels in found]), Y)


def test_the_same_generator_gives_the_same_networks_from_a_shuffling_loader():
    draws = []
    for _ in range(2):
        torch.manual_seed(1)
        posterior, generator = model(), torch.Generator().manual_seed(0)
        torch.rand(len(draws))  # what others do with the global generator does not matter
        loader = DataLoader(TensorDataset(X, Y), 10, shuffle=True)
        fit(posterior, loader, QUICK, generator=generator, progress=False)
        draws.append(posterior.sample(2, generator)["0.weight"])
    assert torch.equal(*draws)


def test_a_stream_trains_once_its_steps_are_told():
    with pytest.raises(SettingsError, match="steps_per_epoch"):
        train(DataLoader(Stream(), 10))
    settings = Training(epochs=1, steps_per_epoch=12, networks=2, codes=4, diversity_networks=2)
    batches = batches_of(DataLoader(Stream(), 10), settings)
    assert len(list(batches.epoch(torch.Generator()))) == 12
    train(DataLoader(Stream(), 10), settings)


UNFIT = {
    "three tensors": (X, Y, torch.ones(50)),
    "one tensor": X,
    "an array": X.numpy(),
    "arrays": (X.numpy(), Y.numpy()),
    "an array of labels": (X, Y.numpy()),
    "a dict of tensors": {"x": X, "y": Y},
    "a stream": Stream(),
    "a generator": ((x, y) for x, y in zip(X, Y, strict=True)),
    "nothing": None,
    "dicts": Items(lambda i: {"x": X[i], "y": Y[i]}),
    "inputs alone": Items(lambda i: X[i]),
    "three things": Items(lambda i: (X[i], Y[i], 1.0)),
    "texts as labels": Items(lambda i: (X[i], str(i))),
    "several sizes": Items(lambda i: (torch.zeros(1 + i), 0)),
    "unequal numbers": (X, Y[:-1]),
    "a loader of dicts": DataLoader(Items(lambda i: {"x": X[i], "y": Y[i]}), 10),
    "a loader of inputs": DataLoader(TensorDataset(X), 10),
    "a loader of triples": DataLoader(TensorDataset(X, Y, Y), 10),
    "a nest": Items(lambda i: ((X[i], X[i]), Y[i])),
}


@pytest.mark.parametrize("kind", UNFIT)
def test_what_gives_no_pairs_is_refused_in_a_sentence(kind):
    with pytest.raises(HyperGANError, match=r"; (give|wrap|convert)"):
        train(UNFIT[kind])
    if kind not in ("a generator", "nothing"):
        with pytest.raises(HyperGANError):
            train((X, Y), validation=UNFIT[kind])


LABELS = {
    "from one": Y + 1,
    "ignored": Y.where(Y > 0, -100),
    "a column": Y[:, None],
    "one-hot": torch.eye(3)[Y],
    "floats": Y.float(),
    "tokens for one output": torch.stack([Y, Y], 1),
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_of_another_form_are_refused(kind):
    with pytest.raises(DataError, match="labels"):
        train((X, LABELS[kind]))


INPUTS = {
    "bytes": torch.randint(255, (50, 4), dtype=torch.uint8),
    "integers": torch.randint(5, (50, 4)),
    "doubles": X.double(),
    "halves": X.half(),
    "booleans": X > 0,
}


@pytest.mark.parametrize("kind", INPUTS)
def test_inputs_of_another_type_are_refused(kind):
    with pytest.raises(DataError, match=r"convert the inputs with .to\(torch.float32\)"):
        train((INPUTS[kind], Y))


PREDICTABLE = {
    "tensors": (X, Y),
    "dataset": TensorDataset(X, Y),
    "items": Items(),
    "inputs alone": TensorDataset(X),
    "bare inputs": Items(lambda i: X[i]),
    "loader": DataLoader(TensorDataset(X, Y), 7),
    "loader of inputs": DataLoader(Items(lambda i: X[i]), 7),
    "stream": DataLoader(Stream(), 7),
}


@pytest.mark.parametrize("kind", PREDICTABLE)
def test_predictions_take_what_training_does(kind, capsys):
    ensemble = model().ensemble(3)
    data, expected = PREDICTABLE[kind], ensemble.predict_proba(X)
    torch.testing.assert_close(ensemble.predict(data, batch_size=13), ensemble.predict(X))
    torch.testing.assert_close(ensemble.predict_proba(data, batch_size=13, progress=True), expected)
    assert "batch" in capsys.readouterr().err


@pytest.mark.parametrize("kind", PREDICTABLE)
def test_posteriors_predict_for_them_in_parts(kind):
    posterior = model()
    found, expected = (
        posterior.predict_proba(data, 5, torch.Generator().manual_seed(0), at_once=2)
        for data in (PREDICTABLE[kind], X)
    )
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    "loader",
    [
        DataLoader(Items(), 7, shuffle=True),
        DataLoader(Items(), 7, sampler=SubsetRandomSampler(range(50))),
        DataLoader(Items(), batch_sampler=BatchSampler(RandomSampler(Items()), 7, False)),
    ],
)
def test_predictions_in_a_random_order_are_refused(loader):
    with pytest.raises(SettingsError, match="shuffle=False"):
        model().ensemble(2).predict(loader)


def normalising():
    network = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 3))
    return HyperGAN(torch.func.replace_all_batch_norm_modules_(network), 8, 8, 16)


@pytest.mark.parametrize(
    "data", [X[:41], (X[:41], Y[:41]), DataLoader(TensorDataset(X[:41]), 20)], ids=type
)
def test_a_single_input_is_normalised_with_those_before_it(data):
    ensemble = normalising().ensemble(2)
    parts = ensemble(X[:20]), ensemble(X[20:40]), ensemble(X[20:41])[:, 20:]
    torch.testing.assert_close(ensemble.predict(data, batch_size=20), torch.cat(parts, dim=1))


def test_validation_leaves_no_single_input_over():
    data = Subset(TensorDataset(X, Y), [*range(50), *range(50), 0])
    history = fit(normalising(), (X, Y), QUICK, validation=data, progress=False)
    assert history[-1]["validation_accuracy"] > 0


def test_a_single_input_that_cannot_be_normalised_is_refused():
    loader = DataLoader(TensorDataset(X[:43], Y[:43]), 20)  # 3 are left for 2 networks
    for give in (
        lambda: normalising().ensemble(2).predict(X[:1]),
        lambda: fit(normalising(), loader, QUICK, progress=False),
        lambda: fit(normalising(), (X, Y), replace(QUICK, batch_size=2), progress=False),
    ):
        with pytest.raises(DataError, match="normalises by the batch, .* raise batch_size"):
            give()


def test_memory_is_bounded_by_the_batch(monkeypatch):
    sizes = []
    ensemble = model().ensemble(2)
    forward = type(ensemble).forward
    monkeypatch.setattr(
        type(ensemble), "forward", lambda self, x: sizes.append(len(x)) or forward(self, x)
    )
    ensemble.predict_proba(Items(), batch_size=20)
    assert sizes == [20, 20, 10]


def test_predictions_of_dicts_are_refused():
    data = DataLoader(Items(lambda i: {"x": X[i]}), 10)
    with pytest.raises(DataError, match="a dict of x"):
        next(inputs_of(data, 10))


@pytest.mark.parametrize(
    "nothing", [[], DataLoader(Items(size=0), 7), DataLoader(Items(size=5), 7, drop_last=True)]
)
def test_no_inputs_give_no_predictions(nothing):
    ensemble = model().ensemble(2)
    for ask in (ensemble.predict, ensemble.predict_proba):
        with pytest.raises(DataError, match="no inputs; give one or more"):
            ask(nothing)


def test_an_array_is_converted_before_it_is_predicted_for():
    with pytest.raises(DataError, match=r"a ndarray; convert .* torch.as_tensor\(inputs\)"):
        model().ensemble(2).predict(X.numpy())


@pytest.mark.parametrize("size", [0, -1, 2.5, "10"])
def test_a_batch_size_is_an_integer_above_0(size):
    posterior = model()
    for ask in (
        lambda: posterior.ensemble(2).predict(X, batch_size=size),
        lambda: posterior.predict_proba((X, Y), 2, batch_size=size),
    ):
        with pytest.raises(SettingsError, match=r"batch_size is .*; it (must|should) be"):
            ask()


def test_evenly_spaced_indices_stay_in_range_where_floats_round():
    assert evenly(2**24 + 4, 2).tolist() == [0, 2**24 + 3]


class Centred(TensorDataset):
    """Tensors that are changed item by item."""

    def __getitem__(self, index):
        inputs, label = super().__getitem__(index)
        return inputs - inputs.mean(), label


def test_tensors_with_an_own_way_of_giving_items_are_asked_for_each():
    target = nn.Linear(4, 3)
    ensemble, data = HyperGAN(target, 8, 8, 16).ensemble(2), Centred(X, Y)
    found = ensemble.predict(data)
    torch.testing.assert_close(found, ensemble.predict(DataLoader(data, batch_size=7)))
    torch.testing.assert_close(found, ensemble.predict(X - X.mean(1, keepdim=True)))


@pytest.mark.parametrize("rows", [(X.tolist(), Y.tolist()), X.tolist()])
def test_lists_of_numbers_are_no_items(rows):
    model = HyperGAN(nn.Linear(4, 3), 8, 8, 16)
    for use in (lambda: fit(model, rows, QUICK, progress=False), lambda: next(inputs_of(rows, 5))):
        with pytest.raises(DataError, match="torch.as_tensor"):
            use()
