"""What freshly drawn networks say of single pictures."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
import torch
from matplotlib.figure import Figure
from torch import Tensor

from hypergan.data.datasets import normalise
from hypergan.live.published import Drawable

NETWORKS = 100


def votes(drawable: Drawable, images: Tensor, generator: torch.Generator) -> Figure:
    """Pictures, and below each how many of 100 networks see which class in it.

    Args:
        drawable: A trained generator.
        images: Bytes (B, 28, 28).
        generator: Source of the draw.
    """
    task = drawable.made["task"]
    ensemble = drawable.ensemble(NETWORKS, generator)
    seen = ensemble.predict(normalise(images.unsqueeze(1), task["mean"], task["std"])).argmax(-1)
    figure, panels = plt.subplots(2, len(images), figsize=(9, 3), sharey="row")
    for image, classes, (above, below) in zip(images, seen.T, panels.T, strict=True):
        above.imshow(image, cmap="gray")
        above.axis("off")
        below.bar(task["classes"], torch.bincount(classes, minlength=len(task["classes"])))
        below.tick_params(axis="x", labelsize=6)
    panels[1][0].set(ylabel="votes", ylim=(0, NETWORKS))
    return figure


def rounding_table(drawables: Sequence[Drawable]) -> pd.DataFrame:
    """What rounding the published numbers does, to networks of the same noise.

    Accuracies are in percent; ``votes changed`` is the share of single networks' answers that
    rounding changes, in percent.
    """
    rows = {}
    for drawable in drawables:
        made, cost = drawable.made, drawable.made["rounding"]
        exact, rough = cost["accuracy"]
        rows[made["method"]] = {
            "numbers": f"{made['numbers']:,}",
            "bits": made["bits"],
            "networks": cost["networks"],
            "test images": cost["inputs"],
            "accuracy, exact": exact,
            "accuracy, rounded": rough,
            "votes changed": f"{cost['votes_changed']:.2g}",
            "largest change of the mean softmax": f"{cost['largest_change_of_mean_softmax']:.1g}",
        }
    return pd.DataFrame(rows)
