import inspect
import json
from dataclasses import replace
from itertools import product

import pytest
import torch
from torch import nn

from hypergan.data import cubic
from hypergan.data.datasets import DATASETS, load
from hypergan.errors import SettingsError
from hypergan.evaluation.regression import scale
from hypergan.experiments.methods import METHODS, build, settings_for
from hypergan.experiments.methods.hypergan import UNVARIED, VARIED
from hypergan.experiments.profiles import PROFILES
from hypergan.experiments.settings import ADDED
from hypergan.model import HyperGAN

IMAGES = [name for name, data in DATASETS.items() if data.task == "classification"]
CELLS = [(m, d, p) for m in METHODS for d, p in product(METHODS[m].datasets, PROFILES)]


def built(method, dataset, profile):
    """A method's posterior with the settings of a cell, on a small target."""
    target = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))
    model = settings_for(method, dataset, profile).model
    return build(method, target, model, torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("method", "dataset", "profile"), CELLS)
def test_every_cell_has_settings_that_json_keeps(method, dataset, profile):
    settings = settings_for(method, dataset, profile).as_dict()
    assert json.loads(json.dumps(settings)) == settings
    assert settings["stand_in"] is (profile == "smoke")


@pytest.mark.parametrize(
    ("method", "switch"),
    [("hypergan-no-mixer", {"mixer": False}), ("hypergan-no-discriminator", {"beta": 0.0})],
)
def test_an_ablation_is_the_method_with_one_switch_off(method, switch):
    full = settings_for("hypergan", "mnist", "lite").as_dict()
    ablated = settings_for(method, "mnist", "lite").as_dict()
    unattacked = {"evaluation": full["evaluation"] | {"attack": None}}
    assert ablated == full | unattacked | {"model": full["model"] | switch}
    assert ablated != full


@pytest.mark.parametrize("profile", PROFILES)
def test_a_variation_differs_from_its_reference_in_one_number(profile):
    reference = settings_for(UNVARIED, "mnist", profile)
    full = settings_for("hypergan", "mnist", profile)
    assert reference.model == full.model | {"beta": 1.0}
    assert inspect.signature(HyperGAN).parameters["beta"].default == 1.0
    assert reference.evaluation == replace(full.evaluation, attack=None, many=0)
    for argument, values in VARIED.items():
        for value in values:
            name = f"hypergan-{argument.replace('_', '-')}-{value:g}"
            varied = settings_for(name, "mnist", profile)
            named = reference.model if argument == "beta" else full.model
            assert varied == replace(reference, model=named | {argument: value})


def test_the_paper_profile_has_the_papers_sizes():
    """Section 4.1: noise of 256, codes of 128 on MNIST and 256 on CIFAR-10, 512 hidden units."""
    for dataset, code_dim in (("mnist", 128), ("cifar10", 256)):
        model = settings_for("hypergan", dataset, "paper").model
        assert (model["noise_dim"], model["code_dim"], model["hidden"]) == (256, code_dim, 512)


@pytest.mark.parametrize(
    "names", [("gan", "mnist", "lite"), ("hypergan", "svhn", "lite"), ("hypergan", "mnist", "x")]
)
def test_unknown_names_are_refused_with_the_known_ones(names):
    with pytest.raises(SettingsError, match=r"unknown .* choose one of \w+, "):
        settings_for(*names)


@pytest.mark.parametrize(("dataset", "profile"), [*product(DATASETS, PROFILES)])
def test_an_ensemble_trains_the_members_that_are_measured(dataset, profile):
    settings = settings_for("ensemble", dataset, profile)
    members = settings.model["members"]
    assert settings.training.networks == settings.evaluation.networks == members
    assert members % max(settings.evaluation.sizes) == 0


@pytest.mark.parametrize("method", ["ensemble", "mc-dropout"])
@pytest.mark.parametrize("dataset", ["mnist", "cifar10"])
def test_the_paper_profile_trains_plain_networks_as_section_4_1_says(method, dataset):
    """100 epochs of Adam with a rate of 0.01, decayed as the loss plateaus."""
    training = settings_for(method, dataset, "paper").training
    assert (training.epochs, training.learning_rate, training.schedule) == (100, 0.01, "plateau")
    assert training.share_images or training.networks == 1  # an epoch is one of every network


@pytest.mark.parametrize(("dataset", "profile"), [*product(IMAGES, ["lite", "paper"])])
def test_mc_dropout_drops_half_and_is_measured_by_a_hundred_networks(dataset, profile):
    """Section 4.1."""
    evaluation = settings_for("mc-dropout", dataset, profile).evaluation
    assert built("mc-dropout", dataset, profile).dropout == 0.5
    assert evaluation.networks == max(evaluation.sizes) == 100


def test_only_its_start_sets_the_released_ensemble_apart():
    """Its convolutions start from N(0, 1) in the authors' code, see the book's deviations."""
    assert METHODS["ensemble-normal-init"].switches == {"initialisation": "normal"}
    assert METHODS["ensemble"].switches == {}
    assert METHODS["ensemble-normal-init"].posterior is METHODS["ensemble"].posterior


@pytest.mark.parametrize("dataset", IMAGES)
def test_the_paper_profile_trains_mnf_as_its_code_does(dataset):
    """github.com/AMLab-Amsterdam/MNF_VBNN: Adam, a draw of z for each of a hundred images."""
    settings = settings_for("mnf", dataset, "paper")
    training = settings.training
    assert (training.learning_rate, training.schedule, training.weight_decay) == (
        1e-3, "constant", 0,
    )  # fmt: skip
    assert (training.epochs, training.batch_size, training.networks) == (100, 100, 100)
    assert settings.evaluation.networks == 100
    posterior = built("mnf", dataset, "paper")
    assert (posterior.max_std, posterior.kl_weight) == (0.5, 1)
    assert all((layer.log_std["weight"] == -9).all() for layer in posterior.layers.values())


@pytest.mark.parametrize("method", ["sgld", "apd"])
@pytest.mark.parametrize("dataset", IMAGES)
def test_the_paper_profile_has_the_chain_of_wang_et_al(dataset, method):
    """Their code, github.com/wangkua1/apd_public: 200,000 steps at a rate of 0.05."""
    settings = settings_for(method, dataset, "paper")
    training = settings.training
    assert (training.learning_rate, training.schedule) == (0.05, "constant")
    assert (training.weight_decay, training.batch_size, training.networks) == (0.001, 100, 1)
    chain = built(method, dataset, "paper")
    steps = training.epochs * training.steps_per_epoch
    if method == "apd":
        chain, steps = chain.sgld, chain.sgld_steps
    assert steps == 200_000
    assert (chain.burn_in, chain.thinning, len(chain.kept)) == (500, 20, 9975)
    assert chain.temperature == 1
    assert settings.evaluation.networks == 100


@pytest.mark.parametrize("dataset", IMAGES)
def test_the_paper_profile_distils_as_wang_et_al(dataset):
    """Their code, too: 100,000 steps on bare vectors, noise of 100 as for convolutions."""
    training = settings_for("apd", dataset, "paper").training
    apd = built("apd", dataset, "paper")
    assert training.epochs * training.steps_per_epoch - apd.sgld_steps == 100_000
    assert not apd.standardise
    assert (apd.noise_dim, apd.rate, apd.penalty, apd.critic_steps) == (100, 1e-4, 10, 5)
    for network, first in ((apd.generator, 100), (apd.critic, len(apd.centre))):
        layers = [layer for layer in network if isinstance(layer, nn.Linear)]
        assert [layer.in_features for layer in layers] == [first, 100, 100, 100]
    assert apd.optimisers(training)["generator"].defaults["betas"] == (0.5, 0.9)


def test_a_method_for_one_data_set_is_refused_on_others():
    with pytest.raises(SettingsError, match="nuts does not run on 'mnist'; choose one of cubic"):
        settings_for("nuts", "mnist", "lite")


def test_the_gold_standard_knows_the_noise_in_the_units_of_its_targets():
    unit = float(scale(load("cubic").train.tensors[1]))
    noise = settings_for("nuts", "cubic", "lite").model["noise"]
    assert noise == pytest.approx(cubic.NOISE / unit, rel=1e-5)


FULL = [(method, dataset) for method, dataset, profile in CELLS if profile == "full"]


@pytest.mark.parametrize(("method", "dataset"), [cell for cell in FULL if cell[1] != "cubic"])
def test_all_methods_share_one_protocol_in_full(method, dataset):
    settings = settings_for(method, dataset, "full")
    augmented = dataset in ("cifar5", "cifar10")
    assert settings.training.precision == settings.evaluation.precision == "float32"
    assert settings.training.watched == 500
    assert settings.validation == 0  # no method gives up training images
    assert settings.target == ("cifar-2018" if augmented else "")
    assert settings.augmentation == ("crop-flip" if augmented else "")
    attacked = dataset in ("mnist", "digits") and METHODS[method].attacked > 0
    assert (settings.evaluation.attack is not None) == attacked


@pytest.mark.parametrize("method", ["hypergan", "hypergan-no-mixer", "hypergan-no-discriminator"])
def test_full_has_the_sizes_that_the_paper_states(method):
    for dataset, code_dim in (
        ("mnist", 128),
        ("mnist5000", 128),
        ("cifar5", 256),
        ("cifar10", 256),
    ):
        model = settings_for(method, dataset, "full").model
        assert (model["noise_dim"], model["code_dim"], model["hidden"]) == (256, code_dim, 512)


def test_a_setting_added_later_is_stored_only_where_it_is_set():
    lite, full = (settings_for("hypergan", "mnist", profile) for profile in ("lite", "full"))
    for path in ADDED:
        *parts, name = path.split("/")
        own = lite.as_dict()
        for part in parts:
            own = own[part]
        assert name not in own
    assert full.as_dict()["training"]["watched"] == 500
    assert full.as_dict()["evaluation"]["attack"]["strong_steps"] == 50
    unattacked = settings_for("hypergan-no-mixer", "mnist", "full").as_dict()
    assert unattacked["evaluation"] == {
        **{k: v for k, v in full.as_dict()["evaluation"].items() if k != "attack"}, "attack": None,
    }  # fmt: skip
