"""Settings of MNF."""

from dataclasses import replace

from hypergan.evaluation.protocol import Evaluation
from hypergan.experiments.settings.form import Settings, smoke
from hypergan.training import Training

# The original code's, github.com/AMLab-Amsterdam/MNF_VBNN: a draw of z for each of 100 images.
_PAPER = Training(epochs=100, batch_size=100, networks=100, learning_rate=1e-3, schedule="constant")
# Standard deviations rise by about a rate a step: they start higher, for there are fewer steps.
_LITE = replace(_PAPER, learning_rate=2e-3, schedule="cosine")
_START = {"log_std": -5.0}
_EPOCHS = {"mnist": 10, "mnist5000": 100, "digits": 200, "cifar10": 12, "cifar5": 24}
# The noise has a standard deviation of 3, a sixth of the targets': twice its square is 0.055.
_CUBIC = Settings(
    {"kl_weight": 0.055},
    Training(epochs=20, steps_per_epoch=200, batch_size=20, networks=20, learning_rate=1e-2),
    Evaluation(sizes=(10, 100), networks=1000),
)


def mnf(dataset: str, profile: str) -> Settings:
    """MNF on a data set in a profile."""
    if dataset == "cubic":
        return smoke(_CUBIC) if profile == "smoke" else _CUBIC
    evaluation = Evaluation(sizes=(1, 10, 100))
    if profile == "paper":
        return Settings({}, _PAPER, evaluation)
    settings = Settings(_START, replace(_LITE, epochs=_EPOCHS[dataset]), evaluation)
    return smoke(settings) if profile == "smoke" else settings
