"""Settings: everything that a cell depends on besides its seed."""

import json
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

from hypergan.data.augmentation import crop_and_flip
from hypergan.errors import require_at_least
from hypergan.evaluation.protocol import Attack, Evaluation
from hypergan.kinds import require_kinds
from hypergan.training import Training


@dataclass(frozen=True)
class Settings:
    """Everything that a cell depends on besides its seed.

    Attributes:
        model: Arguments of the method's constructor.
        training: Settings of :func:`hypergan.fit`.
        evaluation: Settings of the measurements.
        validation: Images held out of the training data and scored after each epoch.
        stand_in: Whether an embedded stand-in takes the place of an image data set.
        target: Name of the target network in :data:`hypergan.targets.TARGETS`; by default the data
            set's own.
        augmentation: How training images are changed, see :data:`AUGMENTATIONS`.
    """

    model: dict[str, Any] = field(default_factory=dict)
    training: Training = field(default_factory=Training)
    evaluation: Evaluation = field(default_factory=Evaluation)
    validation: int = 0
    stand_in: bool = False
    target: str = ""
    augmentation: str = ""

    def __post_init__(self) -> None:
        """Refuse invalid settings.

        Raises:
            SettingsError: If a value is of the wrong type or out of range.
        """
        require_kinds(Settings, vars(self))
        require_at_least(0, validation=self.validation)

    def as_dict(self) -> dict[str, Any]:
        """The settings as JSON, as a record stores them.

        A setting of :data:`ADDED` is left out at its default, so that older records stay valid.
        """
        content, defaults = json.loads(json.dumps(vars(self), default=vars)), _defaults()
        for path in ADDED:
            *parts, name = path.split("/")
            own, default = content, defaults
            for part in parts:
                own, default = own[part] or {}, default[part]  # there may be no attack
            if own.get(name) == default[name]:
                del own[name]
        return content


@cache
def _defaults() -> dict[str, Any]:
    defaults = asdict(Settings(evaluation=Evaluation(attack=Attack())))
    plain: dict[str, Any] = json.loads(json.dumps(defaults))
    return plain


ADDED = (
    "target",
    "augmentation",
    "training/floor",
    "training/watched",
    "evaluation/precision",
    "evaluation/attack/strong_steps",
)
"""Settings that were added after records had been published."""

AUGMENTATIONS = {"crop-flip": crop_and_flip}
"""Makers of a :data:`hypergan.fitting.Augmentation` from a data set's mean and std, by name."""
