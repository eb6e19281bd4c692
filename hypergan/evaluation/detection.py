"""How well a score detects what is unlike the training data: outliers, adversarial examples."""

import numpy as np
import torch
from torch import Tensor

from hypergan.errors import DataError
from hypergan.extras import need

need("sklearn", extra="experiments")


def detection(inside: Tensor, outside: Tensor) -> dict[str, float]:
    """Three summaries of a detector that flags high scores as outliers.

    >>> import torch
    >>> detection(torch.tensor([0.1, 0.2]), torch.tensor([0.8, 0.9]))
    {'auroc': 1.0, 'aupr': 1.0, 'fpr95': 0.0}

    Args:
        inside: Scores of images like the training data, (B,).
        outside: Scores of images that are not, (B',).

    Returns:
        ``auroc``, the probability that an outlier scores above an inlier; ``aupr``, the average
        precision with outliers as positives, which at chance equals their share; and
        ``fpr95``, the share of inliers flagged by the highest threshold that flags 95 % of the
        outliers. All between 0 and 1.

    Raises:
        DataError: If there is no score of either kind, or one is not finite.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

    for scores in (inside, outside):
        if scores.dim() != 1 or not len(scores) or not bool(scores.isfinite().all()):
            raise DataError(
                f"scores {tuple(scores.shape)} are no finite numbers, one per image, (B,); give "
                "one or more inside and outside"
            )
    both = torch.cat([inside.detach().cpu(), outside.detach().cpu()]).double().numpy()
    is_outlier = np.repeat([0, 1], [len(inside), len(outside)])
    flagged_inside, flagged_outside, _ = roc_curve(is_outlier, both, drop_intermediate=False)
    return {
        "auroc": float(roc_auc_score(is_outlier, both)),
        "aupr": float(average_precision_score(is_outlier, both)),
        "fpr95": float(flagged_inside[np.searchsorted(flagged_outside, 0.95)]),
    }
