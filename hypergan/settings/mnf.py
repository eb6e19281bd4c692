"""Settings of MNF."""

from hypergan.protocol import Evaluation
from hypergan.settings.form import Settings, smoke
from hypergan.training import Training


def mnf(dataset: str, profile: str) -> Settings:
    """MNF on a data set in a profile."""
    if profile == "paper":  # the authors' code: a z for each of 100 images
        training = Training(
            epochs=100, batch_size=100, networks=100, learning_rate=1e-3, schedule="constant"
        )
    else:
        training = Training(epochs=20, batch_size=100, networks=100, learning_rate=1e-3)
    settings = Settings(training=training, evaluation=Evaluation(sizes=(1, 10, 100)))
    if dataset == "cubic":
        settings = Settings(
            {"kl_weight": 0.03},
            Training(
                epochs=20, steps_per_epoch=250, batch_size=20, networks=20, learning_rate=1e-2
            ),
            Evaluation(sizes=(10, 100), networks=1000),
        )
    return smoke(settings) if profile == "smoke" else settings
