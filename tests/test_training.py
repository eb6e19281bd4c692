import pytest

from hypergan import Training
from hypergan.errors import SettingsError


@pytest.mark.parametrize(
    "wrong", [{"epochs": 0}, {"networks": 0}, {"batch_size": 3, "networks": 4}]
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(SettingsError):
        Training(**wrong)


def test_rates_rise_then_fall_to_zero():
    factors = [Training(warmup=0.2).rate_factor(p / 10) for p in range(11)]
    assert factors[0] == 0
    assert factors[2] == 1
    assert factors == sorted(factors[:3]) + sorted(factors[3:], reverse=True)
    assert factors[10] == pytest.approx(0)
    assert Training(schedule="constant").rate_factor(0.9) == 1


def test_plateau_lowers_the_rate_once_the_loss_has_stopped_falling():
    training = Training(schedule="plateau", patience=2)
    assert training.rate_factor(0.5, [3, 2, 1]) == 1
    assert training.rate_factor(0.5, [1, 2, 2]) == 1
    assert training.rate_factor(0.5, [1, 2, 2, 2]) == pytest.approx(0.1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps_per_epoch": 0},  # would mean the default
        {"steps_per_epoch": -1},  # would never end
        {"warmup": 1.0},
        {"schedule": "linear"},
        {"warmup": -0.1},
        {"learning_rate": -1e-3},
        {"discriminator_rate": float("nan")},
        {"diversity_networks": 1},  # one network has no spread
        {"validation_networks": 0},
        {"codes": 0},
        {"max_gradient": -1.0},
    ],
)
def test_settings_that_cannot_be_trained_with_are_refused_before_training(wrong):
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        Training(**wrong)
