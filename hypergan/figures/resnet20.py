"""A ResNet-20 with all its weights generated, and one by itself, as tests/resnet20.py has it."""

import json
from typing import Any

import pandas as pd

from hypergan.figures.numbers import percent, text
from hypergan.figures.tables import Table
from hypergan.paths import PROJECT

MEASURED = PROJECT / "data" / "bench" / "resnet20.json"


def read() -> dict[str, Any]:
    """What was measured."""
    found: dict[str, Any] = json.loads(MEASURED.read_text(encoding="utf-8"))
    return found


def finding(measured: dict[str, Any]) -> list[str]:
    """What it comes to, in a sentence."""
    ours, plain = measured["generated"], measured["plain"]
    return [
        f"HyperGAN can generate all {text(measured['weights'], 0)} weights of a ResNet-20: after "
        f"{measured['epochs']} epochs of CIFAR-10 one of its networks is right on "
        f"{percent(ours['single'] / 100, 1)} of the test images, a network trained by itself on "
        f"{percent(plain['single'] / 100, 1)}; training took {text(ours['minutes'], 0)} minutes of "
        f"a core, the plain network's {text(plain['minutes'], 0)} (one seed)."
    ]


def table(measured: dict[str, Any]) -> Table:
    """Accuracy, disagreement and minutes, one row per kind of network."""
    ours, plain = measured["generated"], measured["plain"]
    rows = {
        "plain network": (plain["single"], None, plain["minutes"]),
        "HyperGAN, one network": (ours["single"], ours["disagreement"], ours["minutes"]),
        f"HyperGAN, {measured['networks']} networks": (ours["ensemble"], None, None),
    }
    columns = ["test accuracy (%)", "disagreement of two networks", "minutes of one core"]
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("networks")
    caption = (
        f"A ResNet-20 ({text(measured['weights'], 0)} weights) on CIFAR-10 after "
        f"{measured['epochs']} epochs, one seed; peak memory "
        f"{text(measured['peak_memory_bytes'] / 1e9, 1)} GB."
    )
    return Table(frame.astype(object).where(frame.notna(), "–"), caption, name="resnet20")
