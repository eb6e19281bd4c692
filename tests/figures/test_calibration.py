import torch

from hypergan.figures import calibration

Y = torch.arange(40) % 2
SURE = {"sure": torch.eye(2)[Y] * 0.98 + 0.01, "wrong": torch.eye(2)[1 - Y] * 0.8 + 0.1}
BLIND = {name: torch.full((40, 2), 0.5) for name in SURE}


def test_each_predictor_has_a_row_of_its_own_numbers():
    table = calibration.quality(SURE, BLIND, Y).frame.round(3)
    assert list(table["accuracy (%)"]) == [100, 0]
    assert list(table["calibration error"]) == [0.01, 0.9]
    assert (table["entropy outside (nats)"] == 0.693).all()
    assert (table["entropy inside (nats)"] < 0.5).all()


def test_each_predictor_has_a_panel_of_both_densities():
    figure = calibration.entropies(SURE, BLIND)
    assert [panel.get_title() for panel in figure.axes] == ["sure", "wrong"]
    for panel in figure.axes:
        inside, outside = (patch.get_path().vertices[:, 0].max() for patch in panel.patches)
        assert inside < outside
        assert panel.patches[0].get_linestyle() != panel.patches[1].get_linestyle()
