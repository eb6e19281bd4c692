"""How good and how sure several predictions are, side by side.

Shapes: B inputs, C classes.
"""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from torch import Tensor

from hypergan.metrics import accuracy, calibration_error, entropy, negative_log_likelihood


def quality(inside: Mapping[str, Tensor], outside: Mapping[str, Tensor], y: Tensor) -> pd.DataFrame:
    """Accuracy, likelihood, calibration and entropy, a row for each predictor.

    Args:
        inside: Probabilities (B, C) of test inputs, by the name of who predicts.
        outside: Of inputs unlike the training data, likewise.
        y: Labels of the test inputs, (B,).
    """
    rows = {
        name: {
            "accuracy (%)": float(accuracy(probabilities, y)),
            "negative log likelihood (nats)": float(
                negative_log_likelihood(probabilities.clamp_min(1e-12).log(), y)
            ),
            "calibration error": float(calibration_error(probabilities, y)),
            "entropy inside (nats)": float(entropy(probabilities).mean()),
            "entropy outside (nats)": float(entropy(outside[name]).mean()),
        }
        for name, probabilities in inside.items()
    }
    return pd.DataFrame(rows).T.round(3)


def entropies(inside: Mapping[str, Tensor], outside: Mapping[str, Tensor]) -> Figure:
    """The entropy of each prediction, inside and outside of what was trained on, a panel each.

    Args:
        inside: Probabilities (B, C) of test inputs, by the name of who predicts.
        outside: Of inputs unlike the training data, likewise.
    """
    figure, panels = plt.subplots(1, len(inside), figsize=(9, 2.8), sharex=True, squeeze=False)
    for panel, name in zip(panels.flat, inside, strict=True):
        for label, predictions in (("test", inside[name]), ("outliers", outside[name])):
            panel.hist(entropy(predictions).numpy(), bins=25, density=True, alpha=0.6, label=label)
        panel.set(title=name, xlabel="entropy (nats)")
    panels[0, 0].set_ylabel("density")
    panels[0, -1].legend(fontsize="small")
    return figure
