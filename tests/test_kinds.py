from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from torch import nn

from hypergan import HyperGAN
from hypergan.errors import SettingsError
from hypergan.evaluation.protocol import Attack, Evaluation
from hypergan.experiments.settings import Settings
from hypergan.kinds import checked, require_kinds


@dataclass(frozen=True)
class Some:
    whole: int = 1
    number: float = 1.0
    switch: bool = True
    word: str = "a"
    pair: tuple[int, float] = (1, 2.0)
    rest: tuple[int, ...] = ()
    maybe: int | None = None
    inner: Evaluation | None = None

    def __post_init__(self):
        require_kinds(Some, vars(self))


FIT = {"whole": [0, 2**63 - 1, np.int64(3)], "number": [1, -2.5, np.float32(1)], "maybe": [None, 3]}
FIT |= {
    "pair": [(1, 2), (np.int64(1), np.float32(2))],
    "rest": [(1, 2, 3)],
    "inner": [None, Evaluation()],
    "word": [""],
}
ODD = {
    "whole": [True, 1.0, "1", None, np.float64(1), 2**63, 10**30],
    "number": [True, "1", None, float("nan"), float("inf"), 1j],
    "switch": [1, 0, "no", None],
    "word": [1, None, b"a"],
    "pair": [(1,), (1, 2, 3), (1.0, 2), [1, 2], 1],
    "rest": [(1, "2"), [1], (1.5,)],
    "maybe": [1.5, "1", True],
    "inner": ["all", 1],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in FIT for value in FIT[name]])
def test_a_value_of_its_kind_is_taken_as_it_is(name, value):
    assert getattr(Some(**{name: value}), name) is value


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in ODD for value in ODD[name]])
def test_a_value_of_another_kind_is_refused(name, value):
    with pytest.raises(SettingsError, match=f"^{name} is .*; it should "):
        Some(**{name: value})


def test_a_constructor_says_what_is_wrong_before_anything_is_built():
    class Model:
        @checked
        def __init__(self, size: int, *, mixer: bool = True, **rest: Any) -> None:
            self.built = size, mixer, rest

    assert Model(3, mixer=False, more="x").built == (3, False, {"more": "x"})
    for words in ({"size": "3"}, {"size": 3, "mixer": "no"}):
        with pytest.raises(SettingsError):
            Model(**words)
    with pytest.raises(TypeError, match="size"):
        Model()


@pytest.mark.parametrize(
    "build",
    [
        lambda: HyperGAN(nn.Linear(2, 2), mixer="no"),
        lambda: HyperGAN(nn.Linear(2, 2), hidden=1.5),
        lambda: HyperGAN("network"),
        lambda: Evaluation(networks=0),
        lambda: Evaluation(sizes=(1, 0)),
        lambda: Evaluation(stride=0),
        lambda: Evaluation(many=-1),
        lambda: Evaluation(precision="half"),
        lambda: Evaluation(attack="all"),
        lambda: Attack(images=0),
        lambda: Attack(eps=(0.1, -0.1)),
        lambda: Attack(eps=0.1),
        lambda: Attack(ensembles=((1, 2),)),
        lambda: Attack(ensembles=((1, 2, 0),)),
        lambda: Attack(strong_steps=-1),
        lambda: Settings(validation=-1),
        lambda: Settings(validation=1.5),
        lambda: Settings(stand_in="no"),
    ],
)
def test_settings_are_checked_where_they_are_built(build):
    with pytest.raises(SettingsError):
        build()
