"""Images, and how a record's ensembles classify them, as the live figures show them."""

import base64
import io
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hypergan.batches import evenly
from hypergan.data import pictures
from hypergan.evaluation.classification import SHOWN
from hypergan.experiments.methods import title_of
from hypergan.experiments.records import Record
from hypergan.figures.anomaly import SETS, cdf
from hypergan.live.script import origin

STAND_IN = "-stand-in"
"""Suffix of a data set's name if its pictures are stand-ins."""


def pictures_of(name: str) -> dict[str, Any]:
    """Outliers and test images for a script, by the name that :func:`name_of` gives them."""
    dataset, content = name.removesuffix(STAND_IN), {}
    for where in SETS:
        some = pictures.of(dataset, where, stand_in=name != dataset)
        said = {"words": some.words, "labels": some.labels, "source": some.source}
        content[where] = said | {"sheet": sheet(some.images, 8)}
    return content


def sheet(images: NDArray[np.uint8], across: int) -> dict[str, Any]:
    """Pictures (N, H, W, ...) as one that a page cuts apart; grey ones keep each pixel."""
    file = io.BytesIO()
    whole = Image.fromarray(pictures.together(images, across))
    whole.save(file, format="WEBP", lossless=images.ndim == 3, quality=90)
    address = f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"
    return {"address": address, "across": across, "down": len(images) // across}


def entropies_of(record: Record) -> dict[str, Any]:
    """A record's entropy curves, and what its full ensemble says of the pictures there are.

    Records of version 1 hold how sure an answer was, but not which: ``answer`` is then None. Of
    some pictures a record keeps the softmax: ``second`` has the class that comes next in it.
    """
    size = record.full_size
    content = _origin(record) | {"networks": size, "sets": {}}
    for where in SETS:
        places = pictures.of(record.dataset, where, stand_in=record.stand_in).indices
        entropy, unsure, answer, softmax = (
            record.arrays.get(name)
            for name in (
                f"entropy_{where}_{size}",
                f"least_confidence_{where}_{size}",
                f"answer_{where}",
                f"shown_{where}",
            )
        )
        assert entropy is not None
        assert unsure is not None
        every = np.sort(entropy.astype(float))
        own = entropy[places].astype(float)
        shares = np.searchsorted(every, own, side="right") / len(every)
        second = {}
        if softmax is not None:
            for place, row in zip(evenly(len(every), SHOWN).tolist(), softmax, strict=True):
                index = int(row.argsort(kind="stable")[-2])
                second[place] = [index, round(float(row[index]), 3)]
        content["sets"][where] = {
            "count": len(every),
            "curve": [values.round(4).tolist() for values in cdf(every)],
            "entropy": own.round(3).tolist(),
            "share": shares.round(4).tolist(),
            "confidence": (1 - unsure[places].astype(float)).round(3).tolist(),
            "answer": None if answer is None else answer[places].tolist(),
            "second": [second.get(place) for place in places],
        }
    return content


def attacked_size(record: Record) -> str | None:
    """Number of networks attacked together for a record's images; None if it has no images."""
    found = filter(None, (re.fullmatch(r"images_pgd_(\d+)", name) for name in record.arrays))
    return next((match[1] for match in found), None)


def attacked_of(record: Record) -> dict[str, Any]:
    """A record's attacked images and what the attacked networks, and new ones, say of them."""
    size = attacked_size(record)
    assert size is not None
    images = record.arrays[f"images_pgd_{size}"]  # (eps, B, channels, H, W)
    across = images.shape[1]
    metrics = record.metrics["attacks"]["pgd"][size]
    answers = {}
    for tested, by_eps in metrics.items():
        softmax, entropy, wrong = (
            record.arrays[f"{name}_pgd_{size}_{tested}"][:, :across]
            for name in ("softmax", "entropy", "wrong")
        )
        answers[tested] = {
            "networks": by_eps["0"]["networks"],
            "softmax": softmax.astype(float).round(3).tolist(),
            "entropy": entropy.astype(float).round(3).tolist(),
            "wrong": wrong.astype(int).tolist(),
        }
    pixels = images.reshape(-1, *images.shape[2:]).transpose(0, 2, 3, 1)
    pixels = pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels
    content = _origin(record) | {"networks": int(size), "sheet": sheet(pixels, across)}
    return content | {"eps": [float(eps) for eps in metrics["same"]], "tested": answers}


def name_of(record: Record) -> str:
    """The name of a record's pictures."""
    return record.dataset + STAND_IN * record.stand_in


def _origin(record: Record) -> dict[str, Any]:
    return origin(record) | {"title": title_of(record.method)}
