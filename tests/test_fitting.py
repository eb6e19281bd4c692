import signal
import time
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from forked import PROCESSES
from killed import KilledError, killing
from torch import nn
from torch.utils.data import Dataset
from zoo import ZOO

from hypergan import HyperGAN, Training, fit, fitting
from hypergan.errors import DataError, SettingsError, TrainingError
from hypergan.fitting import COSTS, choose_device
from hypergan.objective import cross_entropy, mean_squared_error

QUICK = Training(
    precision="bfloat16",
    epochs=4,
    batch_size=60,
    networks=3,
    codes=16,
    checkpoint_seconds=0,
    diversity_networks=4,
)


def model(target, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return HyperGAN(target, 8, 6, 16, generator=generator), generator


def trained(target, data, settings=QUICK, **options):
    """A posterior that was trained, and its history."""
    posterior, generator = model(target)
    options = {"generator": generator, "progress": False} | options
    return posterior, fit(posterior, data, settings, **options)


def same(one, other):
    """Whether two posteriors are equal to the last digit."""
    return one.fingerprint() == other.fingerprint()


def without_seconds(history):
    return [{key: value for key, value in row.items() if key not in COSTS} for row in history]


@pytest.mark.parametrize("share_images", [True, False])
def test_a_separable_problem_is_learnt(share_images, target, blobs):
    posterior, generator = model(target)
    settings = Training(
        epochs=15, batch_size=60, networks=3, codes=16, share_images=share_images, mean_rate=0.02
    )
    history = fit(posterior, blobs, settings, generator=generator, progress=False)
    assert history[-1]["loss"] < history[0]["loss"] / 2
    probabilities = posterior.ensemble(10, generator).predict_proba(blobs[0])
    assert (probabilities.argmax(1) == blobs[1]).float().mean() > 0.95


def test_regression_lowers_its_loss():
    x = torch.linspace(-1, 1, 40).unsqueeze(1)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        posterior, generator = model(nn.Sequential(nn.Linear(1, 20), nn.ReLU(), nn.Linear(20, 1)))
    settings = Training(
        epochs=20, steps_per_epoch=20, batch_size=40, networks=4, codes=16, mean_rate=0.01
    )
    history = fit(
        posterior, (x, x**2), settings, loss=mean_squared_error, generator=generator, progress=False
    )
    assert history[-1]["loss"] < history[0]["loss"] / 3
    assert "accuracy" not in history[0]


def test_history_has_a_row_an_epoch(target, blobs):
    posterior, history = trained(target, blobs, validation=blobs)
    assert [row["epoch"] for row in history] == [1, 2, 3, 4]
    assert history[1].keys() == {
        "epoch", "loss", "accuracy", "adversarial_term", "discriminator_loss", "diversity",
        "norm_spread", "state", "validation_accuracy", "seconds", "peak_memory_bytes",
    }  # fmt: skip
    assert all(row["peak_memory_bytes"] > 50e6 for row in history)
    assert history[0]["norm_spread"].keys() == {"0", "2"}
    assert not posterior.training


def test_validation_does_not_change_training(target, blobs):
    scored, _ = trained(target, blobs, validation=blobs)
    assert same(trained(target, blobs)[0], scored)


def test_watching_does_not_change_training(target, blobs):
    watched, history = trained(target, blobs, replace(QUICK, watched=10))
    assert same(trained(target, blobs)[0], watched)
    seen = [row["watched"] for row in (*history[0]["early"], *history)]
    assert all(row.keys() == {"accuracy", "accuracy_single", "disagreement"} for row in seen)
    assert seen[-1]["accuracy"] > seen[0]["accuracy"]


def test_long_trainings_are_watched_at_even_distances_to_the_end(target, blobs):
    settings = replace(QUICK, epochs=104, steps_per_epoch=1, watched=4)
    _, history = trained(target, blobs, settings)
    assert [row["epoch"] for row in history if "watched" in row] == list(range(2, 105, 3))


def test_inputs_are_augmented_from_the_generator(target, blobs):
    seen = []

    def augment(inputs, source):
        seen.append(int(torch.randint(2**62, (), generator=source)))
        return torch.zeros_like(inputs)

    _, history = trained(target, blobs, augment=augment)
    assert len(set(seen)) == len(seen) == QUICK.epochs * (len(blobs[0]) // QUICK.batch_size)
    assert history[-1]["accuracy"] < 70  # all inputs look alike


def test_a_dataset_trains_like_its_tensors(target, blobs):
    class Pairs(Dataset):
        def __len__(self):
            return len(blobs[0])

        def __getitem__(self, index):
            return blobs[0][index], int(blobs[1][index])

    whole, _ = trained(target, blobs)
    for pairs in (Pairs(), list(zip(*blobs, strict=True))):
        assert same(trained(target, pairs)[0], whole)


def with_dropout():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 2))


@pytest.mark.parametrize("steps", [3, 7, 12, 19])
def test_a_stopped_run_ends_like_one_that_was_not(steps, blobs, tmp_path):
    checkpoint = tmp_path / "checkpoint"
    one, uninterrupted = trained(with_dropout(), blobs)
    with pytest.raises(KilledError):
        trained(with_dropout(), blobs, loss=killing(steps), checkpoint=checkpoint)
    other, resumed = trained(with_dropout(), blobs, checkpoint=checkpoint)
    done = steps // 5  # epochs; their rows have no accuracy, which only `cross_entropy` itself has
    assert ["accuracy" in row for row in resumed] == done * [False] + (4 - done) * [True]
    assert without_seconds(resumed)[done:] == without_seconds(uninterrupted)[done:]
    assert same(one, other)


def train_and_save(checkpoint, path):
    """What the processes below run."""
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(600, 2, generator=generator)
    torch.manual_seed(0)
    posterior, _ = model(nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2)))
    settings = Training(epochs=60, batch_size=60, networks=3, codes=16, checkpoint_seconds=0)
    data = x, (x[:, 0] > 0).long()
    fit(posterior, data, settings, generator=generator, checkpoint=checkpoint, progress=False)
    posterior.save(path)


@pytest.mark.slow
def test_a_killed_process_ends_like_one_that_was_not(tmp_path):
    """And no epoch is trained twice: it would not take the same seconds to the last digit."""

    def run(name, *, kill=False):
        checkpoint = tmp_path / f"{name}.checkpoint"
        before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        process = PROCESSES.Process(target=train_and_save, args=(checkpoint, tmp_path / name))
        process.start()
        while kill and process.is_alive():
            if checkpoint.exists() and checkpoint.stat().st_mtime_ns > before:
                time.sleep(0.02)
                process.kill()
            time.sleep(0.001)
        process.join()
        return process.exitcode

    def kept():
        return torch.load(tmp_path / "other.checkpoint", weights_only=True)["history"]

    assert run("one") == 0
    histories = []
    for _ in range(3):
        assert run("other", kill=True) == -signal.SIGKILL
        histories.append(kept())
    assert run("other") == 0
    histories.append(kept())
    assert len(histories[-1]) == 60
    for before, after in pairwise(histories):
        assert len(before) < len(after)
        assert after[: len(before)] == before
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_a_checkpoint_of_another_run_is_refused(target, blobs, tmp_path):
    checkpoint, (points, labels) = tmp_path / "checkpoint", blobs
    trained(target, blobs, checkpoint=checkpoint)
    others = {
        "settings": (HyperGAN(target, 8, 6, 16), blobs, replace(QUICK, epochs=9), 0),
        "beta": (HyperGAN(target, 8, 6, 16, beta=0.5), blobs, QUICK, 0),
        "inputs": (HyperGAN(target, 8, 6, 16), (points[:240], labels[:240]), QUICK, 0),
        "seed": (HyperGAN(target, 8, 6, 16), blobs, QUICK, 1),
    }
    for posterior, *rest, seed in others.values():
        options = {"generator": torch.Generator().manual_seed(seed), "checkpoint": checkpoint}
        with pytest.raises(TrainingError, match="settings, seed, number of inputs or target"):
            fit(posterior, *rest, progress=False, **options)
    again = {"generator": torch.Generator().manual_seed(0), "checkpoint": checkpoint}
    assert len(fit(HyperGAN(target, 8, 6, 16), blobs, QUICK, progress=False, **again)) == 4


def test_a_damaged_checkpoint_is_refused(target, blobs, tmp_path):
    checkpoint = tmp_path / "checkpoint"
    trained(target, blobs, checkpoint=checkpoint)
    content = checkpoint.read_bytes()
    for damaged in (content[: len(content) // 2], b""):
        checkpoint.write_bytes(damaged)
        with pytest.raises(TrainingError, match="damaged.*delete it"):
            trained(target, blobs, checkpoint=checkpoint)


def test_nan_stops_the_run_and_keeps_the_state_before_it(target, blobs, tmp_path):
    checkpoint = tmp_path / "checkpoint"
    with pytest.raises(KilledError):
        trained(target, blobs, loss=killing(7), checkpoint=checkpoint)
    kept = checkpoint.read_bytes()
    bad = torch.full_like(blobs[0], torch.nan)
    with pytest.raises(TrainingError, match="became nan.*the state before it is in"):
        trained(target, (bad, blobs[1]), checkpoint=checkpoint)
    assert checkpoint.read_bytes() == kept


def test_too_few_inputs_to_split_are_refused(target, blobs):
    posterior, _ = model(target)
    two = (blobs[0][:2], blobs[1][:2])
    with pytest.raises(SettingsError, match="3 networks cannot split 2"):
        fit(posterior, two, QUICK, progress=False)


def test_an_unknown_device_is_refused(target, blobs):
    posterior, _ = model(target)
    with pytest.raises(SettingsError, match="use 'auto' or 'cpu'"):
        fit(posterior, blobs, QUICK, device="abacus", progress=False)


@pytest.mark.parametrize("kind", ZOO)
def test_every_kind_of_target_is_trained_saved_and_drawn_from(kind, tmp_path):
    network = ZOO[kind].network()
    inputs = torch.cat([ZOO[kind].batch(seed) for seed in range(5)])[:12]
    data = inputs, torch.arange(len(inputs)) % 3
    posterior, generator = model(network)
    settings = replace(QUICK, epochs=1, batch_size=6, networks=2)
    fit(posterior, data, settings, validation=data, generator=generator, progress=False)
    posterior.save(tmp_path / "posterior")
    again, _ = model(network, seed=1)
    again.load(tmp_path / "posterior")
    one, other = (p.ensemble(2, torch.Generator().manual_seed(2)) for p in (posterior, again))
    assert torch.equal(one(inputs), other(inputs))


def test_what_is_not_finite_is_named():
    posterior = HyperGAN(nn.Linear(1, 1), generator=torch.Generator().manual_seed(0))
    data, spoilt = (torch.zeros(20, 1), torch.zeros(20, 1)), torch.full((20, 1), torch.inf)
    with pytest.raises(
        TrainingError, match="validation_loss became inf in .* check the validation"
    ):
        fit(
            posterior, data, QUICK, loss=mean_squared_error, validation=(data[0], spoilt),
            progress=False,
        )  # fmt: skip


def test_validation_of_a_regression_is_its_loss():
    posterior, generator = model(nn.Linear(2, 1))
    data = torch.zeros(60, 2), torch.ones(60, 1)
    history = fit(
        posterior, data, QUICK, loss=mean_squared_error, validation=data, generator=generator,
        progress=False,
    )  # fmt: skip
    assert history[-1]["validation_loss"] < history[0]["validation_loss"]
    assert "validation_accuracy" not in history[0]


@pytest.mark.parametrize("mixer", [True, False])
def test_batch_normalisation_needs_two_codes(mixer, target, blobs):
    one = replace(QUICK, networks=1, codes=1)
    sizes = {"noise_dim": 8, "code_dim": 6, "hidden": 16, "mixer": mixer}
    with pytest.raises(SettingsError, match=r"codes=2.*batch_norm=False"):
        fit(HyperGAN(target, **sizes), blobs, one, progress=False)
    fit(HyperGAN(target, **sizes, batch_norm=False), blobs, one, progress=False)


def test_a_last_step_that_diverges_is_not_kept(target, blobs, tmp_path):
    """Its loss is finite; only the weights that it leaves are not."""

    def loss(outputs, labels):
        return cross_entropy(outputs, labels) + (0 * outputs).sum((1, 2)).sqrt()

    settings = replace(QUICK, epochs=1, steps_per_epoch=1)
    checkpoint = tmp_path / "checkpoint"
    with pytest.raises(TrainingError, match="diversity became nan in epoch 1; check the inputs"):
        trained(target, blobs, settings, loss=loss, checkpoint=checkpoint)
    assert not checkpoint.exists()


def test_the_first_steps_are_watched(target, blobs):
    _, history = trained(target, blobs, validation=blobs)
    early = history[0]["early"]
    assert [row["step"] for row in early] == [1, 3]  # of the five of an epoch
    assert all(0 <= row["validation_accuracy"] <= 100 for row in early)
    assert all("early" not in row for row in history[1:])


def test_what_an_epoch_needs_once_is_computed_once(target, blobs, monkeypatch):
    """The device, and the factor of a schedule that follows the epochs' losses."""
    devices, replays = [], []

    def device(name):
        devices.append(name)
        return choose_device(name)

    class Replay(torch.optim.lr_scheduler.ReduceLROnPlateau):
        def __init__(self, *arguments, **options):
            replays.append(self)
            super().__init__(*arguments, **options)

    monkeypatch.setattr(fitting, "choose_device", device)
    monkeypatch.setattr(torch.optim.lr_scheduler, "ReduceLROnPlateau", Replay)
    posterior, generator = model(target)
    settings = replace(QUICK, schedule="plateau")
    fit(posterior, blobs, settings, generator=generator, device="cpu", progress=False)
    assert devices == ["cpu"]
    assert QUICK.epochs - 1 <= len(replays) <= QUICK.epochs


def test_a_mean_is_over_the_steps_that_report_the_quantity(target, blobs, monkeypatch):
    """Of five steps in an epoch, as when APD's chain is done within it."""
    losses, update = [], HyperGAN.update

    def some_report(self, step):
        reports = update(self, step)
        losses.append(reports["loss"])
        late = {"late": torch.tensor(float(len(losses)))} if len(losses) > 3 else {}
        return reports | late

    monkeypatch.setattr(HyperGAN, "update", some_report)
    posterior, generator = model(target)
    first, second, *_ = fit(posterior, blobs, QUICK, generator=generator, progress=False)
    assert first["late"] == pytest.approx((4 + 5) / 2)
    assert second["late"] == pytest.approx(8)
    assert first["loss"] == float(sum(loss / 5 for loss in losses[:5]))  # to the last digit


def test_what_a_gpu_stopped_at_is_said(target):
    calls = []

    def stopping(outputs, targets):
        calls.append(1)
        if len(calls) > 1:  # the first is the check before training
            raise RuntimeError("CUDA error: device-side assert triggered")
        return outputs.sum((1, 2))

    training = Training(epochs=1, batch_size=10, networks=2, codes=4)
    data = torch.randn(20, 2), torch.arange(20) % 2
    with pytest.raises(DataError, match="label or another index that is out of range; start Pyth"):
        fit(HyperGAN(target, 8, 8, 16), data, training, loss=stopping, progress=False)
