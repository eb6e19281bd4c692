"""Settings of the methods that train plain networks: standard ensembles and MC dropout."""

from dataclasses import replace

from hypergan.evaluation.protocol import Evaluation
from hypergan.experiments.settings.form import Settings, smoke
from hypergan.training import Training

_LITE = Training(learning_rate=2e-3, batch_size=100, networks=1)
# Section 4.1 for rate, schedule and epochs; the authors' code for the batch.
_PAPER = replace(_LITE, learning_rate=1e-2, schedule="plateau", epochs=100)
# As many steps on the 20 points, which all networks see, as HyperGAN takes.
_CUBIC = Training(
    epochs=20, steps_per_epoch=100, batch_size=20, share_images=True, learning_rate=1e-2, networks=1
)
# How often, in ``lite``, a network sees each image. Dropout takes longer to fit them.
_ENSEMBLE_PASSES = {"mnist": 10, "mnist5000": 30, "digits": 60, "cifar10": 10, "cifar5": 14}
_DROPOUT_PASSES = {"mnist": 20, "mnist5000": 60, "digits": 120, "cifar10": 40, "cifar5": 60}


def ensemble(dataset: str, profile: str) -> Settings:
    """A standard ensemble on a data set in a profile.

    In ``lite`` the members split the mini-batch, so that a member sees a tenth of the images in an
    epoch: there are ten times the epochs that one network needs. In ``paper`` they see the same
    images, and an epoch is one of every member.
    """
    evaluation = Evaluation(networks=10, sizes=(1, 5, 10))
    if dataset == "cubic":  # networks so small that a hundred of them take no longer
        training, evaluation = _CUBIC, Evaluation(networks=100, sizes=(10, 100))
    elif profile == "paper":
        training = replace(_PAPER, share_images=True)
    else:
        training = replace(_LITE, batch_size=10 * 100, epochs=10 * _ENSEMBLE_PASSES[dataset])
    members = evaluation.networks
    settings = Settings({"members": members}, replace(training, networks=members), evaluation)
    return _in_seconds(settings) if profile == "smoke" else settings


def mc_dropout(dataset: str, profile: str) -> Settings:
    """MC dropout on a data set in a profile: one network, of which a hundred are drawn."""
    training, evaluation = _PAPER, Evaluation(networks=100, sizes=(1, 10, 100))
    if dataset == "cubic":
        training, evaluation = _CUBIC, Evaluation(networks=1000, sizes=(10, 100))
    elif profile != "paper":
        training = replace(_LITE, epochs=_DROPOUT_PASSES[dataset])
    settings = Settings(training=training, evaluation=evaluation)
    return _in_seconds(settings) if profile == "smoke" else settings


def _in_seconds(settings: Settings) -> Settings:
    """A smoke run with mini-batches no larger than HyperGAN's."""
    training = replace(settings.training, batch_size=min(250, settings.training.batch_size))
    return smoke(replace(settings, training=training))
