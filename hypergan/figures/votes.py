"""How freshly drawn networks classify single pictures."""

from collections.abc import Sequence

import pandas as pd
import torch
from IPython.display import HTML
from torch import Tensor

from hypergan.data.datasets import normalise
from hypergan.experiments.collection import Collection
from hypergan.experiments.methods import title_of
from hypergan.figures.numbers import percent, text
from hypergan.figures.page import MISSING, closed
from hypergan.figures.panels import Panels
from hypergan.figures.style import say_not_run
from hypergan.figures.tables import Table
from hypergan.live.published import Drawable

NETWORKS = 100

WIDTH, HEIGHT = 160, 185
"""Size of a picture with its votes, in pixels: two fit side by side on a phone."""


def votes(
    drawable: Drawable | None, images: Tensor, labels: Sequence[str], generator: torch.Generator
) -> Panels:
    """Pictures, and below each how many of 100 networks vote for each class.

    Args:
        drawable: A trained generator; without one the pictures are shown alone.
        images: Bytes (B, 28, 28).
        labels: What each picture is.
        generator: Source of the draw.
    """
    figure = Panels(f"Votes of {NETWORKS} networks", name="votes", width=WIDTH, height=HEIGHT)
    for image, label in zip(images, labels, strict=True):
        axes = figure.add(label.partition(",")[0])
        axes.set(ylim=(0, 2.2 * NETWORKS), yticks=(0, NETWORKS // 2, NETWORKS))  # room above
        picture = axes.inset_axes((0.25, 0.52, 0.5, 0.48))
        picture.imshow(image.numpy(), cmap="gray")
        picture.axis("off")
    if drawable is None:
        for axes in figure.axes:
            say_not_run(axes)
        return figure
    task = drawable.made["task"]
    ensemble = drawable.ensemble(NETWORKS, generator)
    seen = ensemble.predict(normalise(images.unsqueeze(1), task["mean"], task["std"])).argmax(-1)
    for classes, axes in zip(seen.T, figure.axes, strict=True):
        counts = torch.bincount(classes, minlength=len(task["classes"])).tolist()
        axes.bar(task["classes"], counts, lw=0)
    return figure


def finding(collection: Collection) -> list[str]:
    """The page in a sentence, from the first record of its generator."""
    names = f"accuracy/{NETWORKS}", "detection/entropy/auroc"
    for method in collection.shown:
        right, apart = (collection.values(method, name)[:1] for name in names)
        if right and apart:
            return [
                f"{NETWORKS} networks of this page's generator are together right on "
                f"{percent(right[0] / 100, 1)} of MNIST's test digits, and in "
                f"{percent(apart[0], 1)} of pairs of a letter and a digit they are less certain of "
                "the letter."
            ]
    return MISSING


def rounding_table(drawables: Sequence[Drawable]) -> Table:
    """The effect of rounding the published numbers on networks from the same noise.

    Accuracies are in percent; ``votes changed`` is the share of single networks' answers that
    rounding changes, in percent.
    """
    columns = {}
    for drawable in drawables:
        made, cost = drawable.made, drawable.made["rounding"]
        exact, rough = cost["accuracy"]
        columns[title_of(made["method"])] = {
            "numbers": text(made["numbers"], 0),
            "bits": str(made["bits"]),
            "networks": text(cost["networks"], 0),
            "test images": text(cost["inputs"], 0),
            "accuracy, exact (%)": text(exact, 2),
            "accuracy, rounded (%)": text(rough, 2),
            "votes changed (%)": text(cost["votes_changed"], 2),
            "largest change of the mean softmax": text(cost["largest_change_of_mean_softmax"], 4),
        }
    caption = "The effect of rounding the numbers of this page's networks, with the same noise."
    return Table(pd.DataFrame(columns), caption, name="rounding")


def sources(drawables: Sequence[Drawable]) -> HTML:
    """The closed part at the end of the page: where the networks come from."""
    rows = {
        title_of(drawable.made["method"]): {
            name: drawable.made[name] for name in ("commit", "device", "changes")
        }
        for drawable in drawables
    }
    frame = pd.DataFrame.from_dict(rows, orient="index")
    table = Table(frame, "Networks of this page, below data/live.", name="sources")
    return closed(f"Where these networks come from: {len(rows)} trainings", table._repr_html_())
