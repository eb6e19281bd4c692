"""Settings of the regression's gold standard."""

from dataclasses import replace

from hypergan.evaluation.protocol import Evaluation
from hypergan.experiments.settings.form import Settings
from hypergan.training import Training

# One step is the whole run. The noise is CUBIC_NOISE in units of the targets' standard deviation.
_GOLD_STANDARD = Settings(
    model={"noise": 0.166179, "chains": 4, "warmup": 1000, "draws": 1000, "max_tree_depth": 10},
    training=Training(epochs=1, steps_per_epoch=1, batch_size=20, networks=1, schedule="constant"),
    evaluation=Evaluation(sizes=(10, 100), networks=400),
)


def gold_standard(dataset: str, profile: str) -> Settings:
    """The sampler's settings; in ``smoke`` they are enough to see that it runs."""
    if profile != "smoke":
        return _GOLD_STANDARD
    short = {"warmup": 50, "draws": 100, "max_tree_depth": 6}
    return replace(_GOLD_STANDARD, model=_GOLD_STANDARD.model | short, stand_in=True)
