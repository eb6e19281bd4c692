from dataclasses import replace

import pytest
import torch

from hypergan import HyperGAN, Training, fit
from hypergan.callbacks import EarlyStopping
from hypergan.errors import SettingsError

QUICK = Training(
    epochs=6, batch_size=60, networks=3, codes=8, schedule="constant", checkpoint_seconds=0,
    diversity_networks=2, validation_networks=2,
)  # fmt: skip


def model(target):
    generator = torch.Generator().manual_seed(0)
    return HyperGAN(target, 8, 6, 16, generator=generator), generator


def train(target, blobs, settings=QUICK, **options):
    posterior, generator = model(target)
    history = fit(posterior, blobs, settings, generator=generator, progress=False, **options)
    return posterior, history


def same(one, other):
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def rows(values, name="validation_loss"):
    return [{"epoch": i, name: value} for i, value in enumerate(values, 1)]


def test_each_epoch_is_told(target, blobs):
    seen = []
    posterior, history = train(
        target, blobs, callbacks=[lambda model, rows: seen.append((model, len(rows)))]
    )
    assert seen == [(posterior, epoch) for epoch in range(1, 7)]
    assert len(history) == 6


def test_callbacks_change_no_training(target, blobs):
    watched, _ = train(target, blobs, callbacks=[lambda model, _: model.ensemble(2) and None])
    assert same(watched, train(target, blobs)[0])


def test_training_ends_where_one_says_so_and_all_are_called(target, blobs):
    seen = []
    callbacks = [lambda _, rows: len(rows) == 3, lambda _, rows: seen.append(len(rows))]
    posterior, history = train(target, blobs, callbacks=callbacks)
    assert seen == [1, 2, 3]
    assert len(history) == 3
    assert same(posterior, train(target, blobs, replace(QUICK, epochs=3))[0])


@pytest.mark.parametrize(
    ("values", "name", "min_delta", "best"),
    [
        ([3, 2, 1, 2, 3], "validation_loss", 0, 3),
        ([3, 2, 2, 2], "validation_loss", 0, 2),
        ([3, 2.5, 1.9, 1.8], "validation_loss", 1, 3),
        ([1, 2, 3, 1], "validation_accuracy", 0, 3),
        ([5, 1, 2], "loss", 0, 2),
    ],
)
def test_the_best_epoch_is_the_last_improvement(values, name, min_delta, best):
    stopping = EarlyStopping(name, min_delta=min_delta)
    assert stopping.best_epoch(rows(map(float, values), name)) == best


@pytest.mark.parametrize("on_disk", [True, False])
def test_early_stopping_goes_back_to_the_best(on_disk, target, blobs, tmp_path):
    """Whatever is learnt, only the second epoch counts as an improvement."""
    states = []

    def worse(posterior, history):
        history[-1]["score"] = 1.0 if len(history) == 2 else 1.0 + len(history)
        states.append({name: t.clone() for name, t in posterior.state_dict().items()})

    stopping = EarlyStopping("score", patience=2, best=tmp_path / "best" if on_disk else None)
    posterior, history = train(target, blobs, callbacks=[worse, stopping])
    assert len(history) == 4
    assert all(torch.equal(states[1][k], v) for k, v in posterior.state_dict().items())
    assert not all(torch.equal(states[3][k], v) for k, v in posterior.state_dict().items())


@pytest.mark.parametrize("killed_after", [1, 2, 3])
def test_a_stopped_run_ends_like_one_that_was_not(killed_after, target, blobs, tmp_path):
    def score(posterior, history):
        history[-1]["score"] = float([3, 1, 2, 2, 2, 2][len(history) - 1])

    def killing(posterior, history):
        return len(history) == killed_after  # the state is then written, as before any kill

    def callbacks(name):
        return [score, EarlyStopping("score", patience=2, best=tmp_path / name)]

    whole, history = train(target, blobs, callbacks=callbacks("whole"))
    file = tmp_path / "state"
    train(target, blobs, callbacks=[*callbacks("part"), killing], checkpoint=file)
    resumed, rest = train(target, blobs, callbacks=callbacks("part"), checkpoint=file)
    again, _ = train(target, blobs, callbacks=callbacks("part"), checkpoint=str(file))
    assert len(rest) == len(history) == 4
    assert same(resumed, whole)
    assert same(again, whole)


def test_without_its_quantity_early_stopping_says_what_there_is(target, blobs):
    with pytest.raises(SettingsError, match="validation data, or monitor one of loss, accuracy"):
        train(target, blobs, callbacks=[EarlyStopping()])
    train(target, blobs, validation=blobs, callbacks=[EarlyStopping()])


@pytest.mark.parametrize("wrong", [{"patience": 0}, {"min_delta": -1}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        EarlyStopping(**wrong)
