"""What HyperGAN's sizes and rates trade."""

import pandas as pd
import pytest

from hypergan.experiments.methods import settings_for
from hypergan.experiments.trials import SEARCH, Trial, parse
from hypergan.figures import trade_off


@pytest.fixture
def three(tmp_path, monkeypatch):
    """Three trials, of which the last makes two choices."""
    columns = ["changes", "accuracy_1", "accuracy_100", "disagreement"]
    rows = [
        ("epochs=4", 70.0, 71.0, 0.1),
        ("epochs=4 noise_dim=3", 71.5, 72.0, 0.05),
        ("epochs=4 noise_dim=5 hidden=64 weight_rate=1e-4", 60.0, 71.9, 0.3),
    ]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "trade-off.csv", index=False)
    monkeypatch.setattr(trade_off, "SEARCH", tmp_path)


def test_each_panel_varies_one_choice_from_the_unchanged_settings(three):
    axes = trade_off.figure().axes
    assert [one.get_title() for one in axes] == 2 * [*trade_off.CHOICES]
    assert [one.get_ylabel() for one in axes[::3]] == [*trade_off.CURVES]
    one, hundred = axes[0].lines
    assert one.get_xdata().tolist() == [
        "3",
        f"{settings_for('hypergan', 'cifar5', 'full').model['noise_dim']}",
    ]
    assert one.get_ydata().tolist() == [71.5, 70]
    assert hundred.get_ydata().tolist() == [72, 71]
    assert axes[3].lines[0].get_ydata().tolist() == [0.05, 0.1]
    assert axes[1].lines[0].get_ydata().tolist() == [70]


def test_the_finding_names_the_widest_gain_and_the_best_hundred(three):
    widest, best = trade_off.finding().split(" The ")
    assert (
        "in points, are 11.90 of `epochs=4 noise_dim=5 hidden=64 weight_rate=1e-4`, 1.00 of"
        in widest
    )
    assert "`epochs=4 noise_dim=3`: 71.5 % for one network, 72.0 % for a hundred, 5.0 %" in best


def test_the_published_trials_differ_by_what_they_say_alone():
    trials = pd.read_csv(SEARCH / "trade-off.csv")
    for name in ("dataset", "method", "epochs", "held_out", "seed", "commit"):
        assert trials[name].nunique() == 1
    known = {"epochs", *(name for names in trade_off.CHOICES.values() for name in names)}
    for row in trials.itertuples():
        changes = parse(row.changes.split())
        assert changes.keys() <= known
        assert Trial(row.method, row.dataset, changes).settings.training.epochs == row.epochs
    assert all(len(line.get_xdata()) > 2 for axes in trade_off.figure().axes for line in axes.lines)
