"""NUTS: samples of the regression's exact posterior, as the gold standard."""

from dataclasses import replace

from hypergan.baselines.gold_standard import GoldStandard
from hypergan.evaluation.protocol import Evaluation
from hypergan.experiments.method import Method
from hypergan.experiments.settings import Settings
from hypergan.training import Training

# One step is the whole run. The noise is that of the points in units of the targets' standard
# deviation.
_CUBIC = Settings(
    model={"noise": 0.166179, "chains": 4, "warmup": 1000, "draws": 1000, "max_tree_depth": 10},
    training=Training(epochs=1, steps_per_epoch=1, batch_size=20, networks=1, schedule="constant"),
    evaluation=Evaluation(sizes=(10, 100), networks=400),
)
_SHORT = {"warmup": 50, "draws": 100, "max_tree_depth": 6}
"""Enough to see that it runs."""

METHOD = Method(
    "NUTS",
    GoldStandard,
    {
        "lite": {"cubic": _CUBIC},
        "smoke": {"cubic": replace(_CUBIC, model=_CUBIC.model | _SHORT)},
    },
)

_DEEP = replace(_CUBIC, model=_CUBIC.model | {"max_tree_depth": 12})
UNIT_PRIOR = replace(
    METHOD,
    title="NUTS, unit prior",
    settings=METHOD.settings | {"lite": {"cubic": _DEEP}},
    switches={"prior": "unit"},
)
"""Under the prior of MNF and of the Langevin chain."""
