"""HyperGAN's settings, which its ablations share."""

from dataclasses import replace

from hypergan.evaluation.protocol import Evaluation
from hypergan.experiments.settings.form import Settings, smoke
from hypergan.training import Training

# Section 4.3: 128 hidden units, a 64-dimensional latent space, 20 points that all networks see.
# No batch normalisation: it would keep the networks apart by itself, whatever beta is. With many
# more than 2,000 steps they would fit the noise of the 20 points.
_CUBIC = Settings(
    model={
        "noise_dim": 64,
        "code_dim": 64,
        "hidden": 128,
        "beta": 3.0,
        "centred": False,
        "batch_norm": False,
    },
    training=Training(
        epochs=20,
        steps_per_epoch=100,
        batch_size=20,
        networks=100,
        codes=100,
        share_images=True,
        learning_rate=1e-3,
        weight_rate=None,
        mean_rate=None,
        weight_decay=3e-4,
    ),
    evaluation=Evaluation(sizes=(10, 100), networks=1000),
)
# Section 4.1 for the sizes; the authors' code for batch, rates and weight decay.
_PAPER_TRAINING = Training(
    epochs=100,
    batch_size=100,
    networks=100,
    codes=100,
    share_images=True,
    learning_rate=1e-4,
    weight_rate=None,
    mean_rate=None,
    weight_decay=5e-4,
    schedule="constant",
)
_MNIST = {"noise_dim": 256, "code_dim": 128, "hidden": 512}
_CIFAR = {"noise_dim": 256, "code_dim": 256, "hidden": 512}
# Chosen on 5,000 validation images of MNIST: of the settings in data/search/mnist.csv these gave
# the most accurate ensembles, with a discriminator that stays near balance.
_LITE_GREY = Training(
    learning_rate=1e-4,
    weight_rate=None,
    mean_rate=None,
    discriminator_rate=3e-5,
    weight_decay=5e-4,
    codes=256,
)
# Without weight decay networks of CIFAR fit their training images ever more closely; how much of
# it was chosen on the images that are watched, see data/search/cifar10.csv.
_LITE_COLOUR = Training(weight_decay=3e-3)
_WATCHED = 2_000
"""Images held out to draw the course of training (Fig. 6)."""
_LITE = {
    "mnist": Settings(
        _MNIST | {"centred": False}, replace(_LITE_GREY, epochs=40), validation=_WATCHED
    ),
    "mnist5000": Settings(_MNIST | {"centred": False}, replace(_LITE_GREY, epochs=150)),
    "digits": Settings(_MNIST | {"centred": False}, replace(_LITE_GREY, epochs=300)),
    "cifar10": Settings(
        _CIFAR | {"spread": 0.3}, replace(_LITE_COLOUR, epochs=20), validation=_WATCHED
    ),
    "cifar5": Settings(_CIFAR | {"spread": 0.3}, replace(_LITE_COLOUR, epochs=40)),
}


def hypergan(dataset: str, profile: str) -> Settings:
    """HyperGAN on a data set in a profile."""
    if dataset == "cubic":
        return smoke(_CUBIC, hidden=64) if profile == "smoke" else _CUBIC
    if profile == "paper":
        model = _CIFAR if dataset.startswith("cifar") else _MNIST
        uncentred = {"centred": False}  # the paper's networks do not start around a given one
        return Settings(model | uncentred, _PAPER_TRAINING, validation=_LITE[dataset].validation)
    return smoke(_LITE[dataset], hidden=64) if profile == "smoke" else _LITE[dataset]
