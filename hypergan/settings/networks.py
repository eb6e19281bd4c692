"""Settings of the methods that train plain networks: standard ensembles and MC dropout."""

from dataclasses import replace

from hypergan.protocol import Evaluation
from hypergan.settings.form import Settings, smoke
from hypergan.training import Training

MEMBERS = 10

_LITE = Training(learning_rate=2e-3, batch_size=100, networks=1)
# Section 4.1 for rate, schedule and epochs; the authors' code for the batch.
_PAPER = replace(_LITE, learning_rate=1e-2, schedule="plateau", epochs=100)
_ENSEMBLE_PASSES = {"mnist": 10, "mnist5000": 30, "digits": 60, "cifar10": 15, "cifar5": 20}
_DROPOUT_PASSES = {"mnist": 20, "mnist5000": 60, "digits": 120, "cifar10": 40, "cifar5": 60}
# As often on the 20 points, which all networks see, as HyperGAN's networks.
_CUBIC = Training(
    epochs=20, steps_per_epoch=100, batch_size=20, share_images=True, learning_rate=1e-2
)


def ensemble(dataset: str, profile: str) -> Settings:
    """A standard ensemble on a data set in a profile.

    Where the members split the mini-batch, a member sees a tenth of the images in an epoch: there
    are ten times the epochs that one network needs. In ``paper`` they see the same images.
    """
    evaluation = Evaluation(networks=MEMBERS, sizes=(1, 5, 10))
    if dataset == "cubic":  # its networks are so small that a hundred take no longer
        return _sized(
            Settings(
                {"members": 100},
                replace(_CUBIC, networks=100),
                Evaluation(networks=100, sizes=(10, 100)),
            ),
            profile,
        )
    if profile == "paper":
        training = replace(_PAPER, networks=MEMBERS, share_images=True)
    else:
        epochs = MEMBERS * _ENSEMBLE_PASSES[dataset]
        training = replace(_LITE, networks=MEMBERS, batch_size=MEMBERS * 100, epochs=epochs)
    return _sized(Settings({"members": MEMBERS}, training, evaluation), profile)


def mc_dropout(dataset: str, profile: str) -> Settings:
    """MC dropout on a data set in a profile: one network, a hundred draws."""
    if dataset == "cubic":
        evaluation = Evaluation(networks=1000, sizes=(10, 100))
        return _sized(Settings({}, replace(_CUBIC, networks=1), evaluation), profile)
    lite = profile != "paper"
    training = replace(_LITE, epochs=_DROPOUT_PASSES[dataset]) if lite else _PAPER
    return _sized(Settings({}, training, Evaluation(sizes=(1, 10, 100))), profile)


def _sized(settings: Settings, profile: str) -> Settings:
    """The same, in ``smoke`` with mini-batches of HyperGAN's size."""
    if profile != "smoke":
        return settings
    training = replace(settings.training, batch_size=min(250, settings.training.batch_size))
    return smoke(replace(settings, training=training))
