"""What settings consist of."""

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from hypergan.evaluation.protocol import Evaluation
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
    """

    model: dict[str, Any] = field(default_factory=dict)
    training: Training = field(default_factory=Training)
    evaluation: Evaluation = field(default_factory=Evaluation)
    validation: int = 0
    stand_in: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The settings as JSON knows them, as a record keeps them."""
        return json.loads(json.dumps(asdict(self)))


def smoke(settings: Settings, **model: Any) -> Settings:
    """The same in seconds: few steps, embedded images, and what ``model`` makes smaller."""
    training = replace(settings.training, epochs=3, steps_per_epoch=20, diversity_networks=20)
    return replace(
        settings,
        model=settings.model | model,
        training=training,
        validation=min(settings.validation, 200),  # the stand-ins are small
        stand_in=True,
    )
