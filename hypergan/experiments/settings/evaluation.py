"""How methods are measured in a profile: the same for all of them."""

from dataclasses import replace

from hypergan.evaluation.protocol import Attack, Evaluation
from hypergan.model import HyperGAN
from hypergan.posterior import Posterior

_SMOKE = Attack(
    images=20,
    eps=(0.03, 0.1, 0.3),
    steps=3,
    ensembles=((1, 10, 20), (5, 5, 20), (10, 10, 20), (20, 20, 10)),
    singles=1,
    transfer=(1, 5, 10),
    draws=3,
)
_FULL = Attack(strong_steps=50)
_ATTACKED = ("mnist", "digits")


def complete(
    evaluation: Evaluation, posterior: type[Posterior], dataset: str, profile: str
) -> Evaluation:
    """The attacks, and in ``smoke`` a size that takes seconds.

    The paper attacks networks of MNIST only. In ``full`` up to 1,000 networks are attacked of
    HyperGAN alone, for Figure 5 shows no such ensembles of the others.
    """
    smoke = profile == "smoke"
    if dataset in _ATTACKED:
        attack = _SMOKE if smoke else _FULL if profile == "full" else Attack()
        if profile == "full" and posterior is not HyperGAN:
            few = tuple(sizes for sizes in attack.ensembles if sizes[0] <= 10)
            attack = replace(attack, ensembles=few)
        evaluation = replace(evaluation, attack=attack)
    return replace(evaluation, many=200) if smoke else evaluation
