"""Images that an attack has changed, as small pictures."""

from itertools import product

import numpy as np
from IPython.display import HTML

from hypergan.data import pictures
from hypergan.experiments.collection import Collection
from hypergan.experiments.methods import title_of
from hypergan.figures.numbers import text
from hypergan.figures.pictures import Grid
from hypergan.live.images import attacked_size


def attacked_images(collection: Collection, count: int = 2) -> Grid | HTML:
    """The first attacked images of the first record that holds some, each at every eps."""
    found = [
        (record, size) for record in collection.shown.values() if (size := attacked_size(record))
    ]
    if not found:
        return HTML("")  # the live figure says what is missing
    record, size = found[0]
    tested, who = next(
        (tested, who)
        for tested, who in (("fresh", f"{size} new ones"), ("same", "the same"))
        if f"softmax_pgd_{size}_{tested}" in record.arrays
    )
    pixels = record.arrays[f"images_pgd_{size}"]  # (eps, B, channels, H, W)
    answers = record.arrays[f"softmax_pgd_{size}_{tested}"].argmax(-1)  # (eps, B)
    entropies = record.arrays[f"entropy_pgd_{size}_{tested}"]
    names = pictures.classes(record.dataset, stand_in=record.stand_in)
    source = pictures.of(record.dataset, "in", stand_in=record.stand_in).source
    images, below, shown = [], [], []
    for image, (place, eps) in product(
        range(count), enumerate(record.metrics["attacks"]["pgd"][size][tested])
    ):
        answer = names[answers[place, image]]
        images.append(pixels[place, image].transpose(1, 2, 0).squeeze())
        below.append(f"{eps}\n{answer}")
        shown.append(
            f"test image {image + 1} attacked with eps {eps}, answered with {answer}, "
            f"entropy {text(float(entropies[place, image]), 2)} nats"
        )
    caption = (
        f"The first {count} attacked test images under PGD against {size} networks of "
        f"{title_of(record.method)} (profile {record.profile}, seed {record.seed}); below each, "
        f"eps and what {who} answer. Pictures: {source}."
    )
    return Grid(np.stack(images), below, shown, caption, across=len(answers))
