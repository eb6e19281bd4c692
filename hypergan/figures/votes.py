"""What freshly drawn networks say of single pictures."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
import torch
from matplotlib.figure import Figure
from torch import Tensor

from hypergan.data.datasets import normalise
from hypergan.figures.style import say_not_run
from hypergan.live.published import Drawable

NETWORKS = 100


def votes(drawable: Drawable | None, images: Tensor, generator: torch.Generator) -> Figure:
    """Pictures, and below each how many of 100 networks see which class in it.

    Args:
        drawable: A trained generator; without one the pictures stand alone.
        images: Bytes (B, 28, 28).
        generator: Source of the draw.
    """
    figure, panels = plt.subplots(2, len(images), figsize=(9, 3), sharey="row")
    for image, axes in zip(images, panels[0], strict=True):
        axes.imshow(image, cmap="gray")
        axes.axis("off")
    panels[1][0].set(ylabel="votes", ylim=(0, NETWORKS))
    if drawable is None:
        for axes in panels[1]:
            say_not_run(axes, 0.5)
        return figure
    task = drawable.made["task"]
    ensemble = drawable.ensemble(NETWORKS, generator)
    seen = ensemble.predict(normalise(images.unsqueeze(1), task["mean"], task["std"])).argmax(-1)
    for classes, axes in zip(seen.T, panels[1], strict=True):
        axes.bar(task["classes"], torch.bincount(classes, minlength=len(task["classes"])).tolist())
        axes.tick_params(axis="x", labelsize=6)
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
