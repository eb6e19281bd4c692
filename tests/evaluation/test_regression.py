from types import SimpleNamespace

import numpy as np
import pytest
import torch
from test_classification import Known
from torch.utils.data import TensorDataset

from hypergan.evaluation.protocol import Evaluation
from hypergan.evaluation.regression import evaluate_regression


def test_regression_is_measured_in_the_datas_units():
    train_x, train_y = torch.tensor([[-2.0], [0.0], [2.0]]), torch.tensor([[-8.0], [0.0], [8.0]])
    x = torch.tensor([[-4.0], [-1.0], [1.0], [4.0]])
    data = SimpleNamespace(train=TensorDataset(train_x, train_y), test=TensorDataset(x, 5 * x))
    slopes = torch.tensor([0.5, 1.5]).view(2, 1, 1)  # of standardised values: 2 and 6 of raw ones
    metrics, arrays = evaluate_regression(
        Known(slopes), data, Evaluation(networks=2), torch.Generator()
    )
    assert arrays["predictions"] == pytest.approx(np.outer([2, 6], x.numpy().ravel()))
    assert metrics["rmse"] == pytest.approx(1)  # the mean slope is 4, the target's 5
    assert metrics["std_inside"] == pytest.approx(np.std([2, 6], ddof=1))
    assert metrics["std_outside"] == pytest.approx(4 * np.std([2, 6], ddof=1))
    assert metrics["norms"]["Linear"]["mean"] == pytest.approx(1)
