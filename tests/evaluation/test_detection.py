"""Detectors of outliers against numbers worked out by hand."""

import pytest
import torch
from torch import tensor

from hypergan.errors import DataError
from hypergan.evaluation.detection import detection


def test_a_perfect_detector():
    found = detection(tensor([0.1, 0.2, 0.3]), tensor([0.7, 0.9]))
    assert found == {"auroc": 1, "aupr": 1, "fpr95": 0}


def test_high_scores_are_outliers():
    assert detection(tensor([0.7, 0.9]), tensor([0.1, 0.2]))["auroc"] == 0


def test_a_constant_score_knows_nothing():
    found = detection(torch.zeros(3), torch.zeros(1))
    assert found == {"auroc": 0.5, "aupr": 0.25, "fpr95": 1}


def test_areas_by_hand():
    """Outliers .4 and .8 beside inliers .1, .5: of four pairs three are in order."""
    found = detection(tensor([0.1, 0.5]), tensor([0.4, 0.8]))
    assert found["auroc"] == 0.75
    assert found["aupr"] == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)  # precision at each recall
    assert found["fpr95"] == 0.5  # to flag both outliers, .5 is flagged too


def test_fpr95_flags_no_more_outliers_than_needed():
    """19 of 20 outliers are 95 %: the 20th, below every inlier, does not count."""
    outliers = torch.cat([torch.linspace(0.5, 0.9, 19), tensor([0.0])])
    inliers = tensor([0.1, 0.2, 0.3, 0.6])
    assert detection(inliers, outliers)["fpr95"] == 0.25


@pytest.mark.parametrize("odd", [torch.empty(0), torch.tensor([0.1, torch.nan]), torch.rand(2, 2)])
def test_scores_that_are_none_are_refused(odd):
    for pair in ((odd, torch.rand(3)), (torch.rand(3), odd)):
        with pytest.raises(DataError, match="one per image"):
            detection(*pair)
