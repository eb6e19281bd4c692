"""How methods are measured in a profile: the same for all of them."""

from dataclasses import replace

from hypergan.evaluation.protocol import Attack, Evaluation

_SMOKE = Attack(
    images=20,
    eps=(0.03, 0.1, 0.3),
    steps=3,
    ensembles=((1, 10, 20), (5, 5, 20), (10, 10, 20), (20, 20, 10)),
    singles=1,
    transfer=(1, 5, 10),
    draws=3,
)
_ATTACKED = ("mnist", "digits")


def complete(evaluation: Evaluation, dataset: str, profile: str) -> Evaluation:
    """What does not depend on the method: the attacks, and in ``smoke`` a size that takes seconds.

    The paper attacks networks of MNIST only.
    """
    smoke = profile == "smoke"
    if dataset in _ATTACKED:
        attack = _SMOKE if smoke else Attack()
        if profile == "full":
            attack = replace(attack, strong_steps=50)
        evaluation = replace(evaluation, attack=attack)
    return replace(evaluation, many=200) if smoke else evaluation
