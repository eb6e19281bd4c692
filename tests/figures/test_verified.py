"""Records that were made a second time."""

import pandas as pd

from hypergan.experiments.methods import METHODS
from hypergan.figures import verified


def test_the_table_says_how_many_metrics_come_out_again():
    rows = {
        "method": ["hypergan", "nuts"], "dataset": ["mnist", "cubic"], "seed": [0, 0],
        "metrics": [9, 7], "within": [8, 7], "made": ["made on a GPU", "made alike"],
        "identical": [False, True], "metric": ["accuracy/100", "rmse"], "published": [99.1, 1.5],
        "again": [98.9, 1.5],
    }  # fmt: skip
    frame = verified.table(pd.DataFrame(rows)).frame
    assert frame.loc[("HyperGAN", "MNIST"), "within"] == "8 of 9"
    assert frame.loc[("HyperGAN", "MNIST"), "record made"] == "on a GPU"
    assert "identical" in frame["record made"].iloc[1]


def test_a_cell_of_every_compared_method_was_made_a_second_time():
    compared = verified.read()
    assert (compared["within"] == compared["metrics"]).all()
    assert {name for name, method in METHODS.items() if method.compared} <= {*compared["method"]}
