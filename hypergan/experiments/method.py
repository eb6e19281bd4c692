"""A method: a posterior and its settings, titles and role in the comparisons."""

from dataclasses import dataclass, field, replace
from typing import Any

from hypergan.data.datasets import DATASETS
from hypergan.experiments.profiles import Profile, in_seconds, measured, under_protocol
from hypergan.experiments.settings import Settings
from hypergan.posterior import Posterior

BySet = dict[str, Settings]
"""Settings by data set."""


@dataclass(frozen=True)
class Method:
    """A method that can be run, measured and shown.

    Attributes:
        title: What figures and tables call it.
        posterior: Its class.
        settings: Its settings by profile and data set. A profile that is left out uses those of
            ``lite``, or else of the first one given. The method runs on the data sets named here
            and on those that are ``like`` one of them.
        switches: Arguments of the posterior that define the method; an ablation turns one off.
        smoke: Arguments of the posterior that make it smaller in ``smoke``, where that is derived
            from another profile.
        compared: The ensemble size of each of its rows in Table 2; empty if it has none.
        papers: The paper's name for it, by the number of the paper's table.
        attacked: The most networks attacked together in ``full``; 0 if it is not attacked at all.
        variation: Whether it only varies one number of another method; sweeps leave it out unless
            they name it.
    """

    title: str
    posterior: type[Posterior]
    settings: dict[Profile, BySet]
    switches: dict[str, Any] = field(default_factory=dict)
    smoke: dict[str, Any] = field(default_factory=dict)
    compared: tuple[int, ...] = ()
    papers: dict[int, str] = field(default_factory=dict)
    attacked: int = 10
    variation: bool = False

    @property
    def datasets(self) -> tuple[str, ...]:
        """The names of the data sets that it runs on."""
        return tuple(filter(self.runs_on, DATASETS))

    def runs_on(self, dataset: str) -> bool:
        """Whether it has settings for a data set."""
        return bool(self._given(dataset))

    def on(self, dataset: str, profile: Profile) -> Settings:
        """Its settings on one of its data sets in a profile."""
        given, described = self._given(dataset), DATASETS[dataset]
        source = next(name for name in (profile, "lite", *given) if name in given)
        settings = given[source]
        if source == "full":
            # its records name the target of the augmented images
            settings = under_protocol(settings, "cifar-2018" if described.augmentation else "")
        if profile == "smoke" != source:
            settings = in_seconds(settings, **self.smoke)
        return replace(
            settings,
            model=settings.model | self.switches,
            evaluation=measured(settings.evaluation, profile, self.attacked * described.attacked),
            stand_in=profile == "smoke",
            augmentation=described.augmentation,
        )

    def _given(self, dataset: str) -> dict[Profile, Settings]:
        """Its settings for a data set, or for the one that this is like, by profile."""
        for name in (dataset, DATASETS[dataset].like):
            given = {p: by_set[name] for p, by_set in self.settings.items() if name in by_set}
            if given:
                return given
        return {}
