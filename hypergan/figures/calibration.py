"""How good and how certain several predictions are, side by side.

Shapes: B inputs, C classes.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from torch import Tensor

from hypergan.figures.panels import Panels
from hypergan.figures.tables import Table
from hypergan.metrics import accuracy, calibration_error, entropy, negative_log_likelihood


def quality(inside: Mapping[str, Tensor], outside: Mapping[str, Tensor], y: Tensor) -> Table:
    """Accuracy, likelihood, calibration and entropy, one row per predictor.

    Args:
        inside: Probabilities (B, C) of test inputs, by the predictor's name.
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
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("who predicts")
    return Table(frame, "How good the predictions are, and how certain.", name="quality")


def entropies(inside: Mapping[str, Tensor], outside: Mapping[str, Tensor]) -> Panels:
    """Entropies of predictions inside and outside the training data, one panel per predictor.

    Args:
        inside: Probabilities (B, C) of test inputs, by the predictor's name.
        outside: Of inputs unlike the training data, likewise.
    """
    figure = Panels("Entropy of the predictions, as densities", name="entropies", height=190)
    first: Axes | None = None
    look: dict[str, Any]
    for name in inside:
        axes = figure.add(name, like=first, share="x")
        for label, predictions, look in (
            ("test", inside[name], {"fill": True, "alpha": 0.5, "color": "C0"}),
            ("outliers", outside[name], {"ls": "--", "color": "C3"}),
        ):
            densities = np.histogram(entropy(predictions).numpy(), bins=25, density=True)
            axes.stairs(*densities, label=label, **look)
        axes.set(xlabel="entropy (nats)", ylabel="density", xlim=(0, None))
        first = first or axes
    return figure
