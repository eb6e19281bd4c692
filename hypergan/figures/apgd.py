"""The PGD of Figure 5 beside AutoAttack's APGD, as tests/apgd.py measured both."""

import pandas as pd

from hypergan.experiments.methods import title_of
from hypergan.figures.numbers import percent, text
from hypergan.figures.tables import Table
from hypergan.paths import PROJECT

MEASURED = PROJECT / "data" / "bench" / "apgd.csv"
STOPPED, STRONG, PAIR = "PGD, 2 x 10 steps", "PGD, 50 steps", "APGD pair"
"""Columns: the PGD of Figure 5, the one that is not stopped, and the stronger of the two APGDs."""


def read() -> pd.DataFrame:
    """One row per method and eps: the share of images that each attack fools, in percent."""
    return pd.read_csv(MEASURED)


def finding(measured: pd.DataFrame) -> str:
    """By how much APGD is the stronger attack, where that is most."""
    parts = []
    for weaker, words in (
        (STRONG, "PGD of 50 steps that nothing stops"),
        (STOPPED, "the PGD of Figure 5, which stops once all networks are fooled"),
    ):
        more = measured[PAIR] - measured[weaker]
        most = measured.loc[more.idxmax()]
        parts.append(
            f"{text(more.max(), 0)} points more often than {words} ({title_of(most['method'])} at "
            f"eps {most['eps']:g}: {percent(most[PAIR] / 100)} against "
            f"{percent(most[weaker] / 100)})"
        )
    return f"The pair of APGDs fools the ensembles at most {' and '.join(parts)}."


def table(measured: pd.DataFrame) -> Table:
    """What each attack achieves, by method and eps."""
    (images,) = set(measured["images"])
    frame = measured.assign(method=measured["method"].map(title_of)).set_index(["method", "eps"])
    caption = (
        f"Images that ensembles of ten get wrong, in percent of the same {images} test images of "
        "MNIST, by attack. APGD takes 100 steps, which it chooses the lengths of: for the cross "
        "entropy and, targeted, towards each wrong class; the pair succeeds where either does."
    )
    columns = ["clean", STOPPED, STRONG, "APGD", "APGD, targeted", PAIR]
    return Table(frame[columns].map(lambda share: text(share, 0)), caption, name="apgd")
