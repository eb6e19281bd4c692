"""The check of the attacks on the page on adversarial examples."""

import pandas as pd

from hypergan.figures import apgd


def test_the_finding_is_about_where_apgd_gains_most():
    rows = {"method": ["hypergan", "ensemble"], "eps": [0.1, 0.3], "images": [100, 100]}
    shares = {apgd.STOPPED: [70.0, 90.0], apgd.STRONG: [80.0, 97.0], apgd.PAIR: [85.0, 100.0]}
    said = apgd.finding(pd.DataFrame(rows | shares))
    assert "5 points more often than PGD of 50 steps" in said
    assert "(HyperGAN at eps 0.1: 85 % against 80 %)" in said
    assert "15 points more often than the PGD of Figure 5" in said


def test_what_was_measured_is_no_weaker_with_both_attacks_than_with_one():
    measured = apgd.read()
    assert (measured[apgd.PAIR] >= measured[["APGD", "APGD, targeted"]].max(axis=1)).all()
    assert len(apgd.table(measured).frame) == len(measured)
