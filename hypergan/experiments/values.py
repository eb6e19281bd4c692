"""What a record's values may be; its JSON schema says the same."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, ValidationError
from typing_extensions import TypeAliasType

from hypergan.checkout import COMMIT

Seed = Annotated[int, Field(ge=0, lt=2**63)]
"""What a generator accepts and fits a signed 64-bit integer."""

Commit = Annotated[str, Field(pattern=f"^({COMMIT.pattern})$")]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Size = Annotated[str, Field(pattern="^[1-9][0-9]{0,6}$")]
"""Networks in an ensemble."""

Eps = Annotated[str, Field(pattern=r"^[0-9]{1,3}(\.[0-9]+)?$")]
"""The largest change of a pixel."""

Percent = Annotated[float, Field(ge=0, le=100)]
NotNegative = Annotated[float, Field(ge=0)]
Whole = Annotated[int, Field(ge=0, lt=2**63)]
"""What fits a signed 64-bit integer and converts to a float."""

Count = Annotated[int, Field(ge=1, lt=2**63)]

Json = TypeAliasType("Json", "None | bool | int | float | str | list[Json] | dict[str, Json]")
"""Settings: any JSON without NaN and infinities."""

_FIRST = Field(union_mode="left_to_right")
"""Takes the first kind that fits. Each value fits one; to try the others costs more than the rest
of reading a record."""

Measured = TypeAliasType("Measured", "Annotated[dict[str, Measured] | NotNegative | None, _FIRST]")
"""A metric, or metrics by name; none is negative, and null is a mean over nothing."""

Watched = TypeAliasType(
    "Watched", "Annotated[float | dict[str, Watched] | list[Watched] | None, _FIRST]"
)
"""One or more numbers of the history."""


STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
"""No conversion between strings and numbers, no unknown keys, no NaN."""


def first_of(error: ValidationError) -> str:
    """The first of the reasons why a value is refused, with its place."""
    first = error.errors()[0]
    return f"{'/'.join(map(str, first['loc']))}: {first['msg']}"


class _Open(BaseModel):
    """A form that accepts keys besides those that it names."""

    model_config = STRICT | ConfigDict(extra="allow")


Number = NotNegative | None
Numbers = dict[str, Number]
"""By name, size or eps."""


class Norms(_Open):
    """A layer's norms over networks."""

    __pydantic_extra__: dict[str, Number]
    mean: NotNegative
    std: NotNegative


class Attacked(_Open):
    """An attack at one eps, on an ensemble of one size."""

    __pydantic_extra__: dict[str, Number]
    networks: Count
    images: Count


class Transferred(_Open):
    """The adversarial examples of single networks, on an ensemble of one size."""

    __pydantic_extra__: dict[str, Number]
    examples: Whole


class OfNumbers(_Open):
    """Metrics of a regression."""

    __pydantic_extra__: dict[str, Measured]
    std_inside: NotNegative
    std_outside: NotNegative
    rmse: Number = None
    norms: dict[str, Norms] = {}


class OfClasses(_Open):
    """Metrics of a classifier, some by the number of networks; all but accuracy may be missing."""

    __pydantic_extra__: dict[str, Measured]
    accuracy: Annotated[dict[Size, Percent], Field(min_length=1)]
    diversity: Numbers = {}
    entropy: Numbers = {}
    norms: dict[str, Norms] = {}
    negative_log_likelihood: dict[Size, Number] = {}
    brier_score: dict[Size, Number] = {}
    calibration_error: dict[Size, Number] = {}
    detection: dict[str, Numbers] = {}
    uncertainty: dict[Size, dict[str, Numbers]] = {}
    attacks: dict[str, dict[Size, dict[str, dict[Eps, Attacked]]]] = {}
    transfer: dict[str, dict[Eps, dict[Size, Transferred]]] = {}


class Epoch(_Open):
    """A row of the history."""

    __pydantic_extra__: dict[str, Watched]
    epoch: Count
    loss: float
    seconds: NotNegative
    peak_memory_bytes: Whole = 0


class Origin(_Open):
    """What a run's digits depend on, and the hash of what was evaluated."""

    __pydantic_extra__: dict[str, Json]
    threads: Count
    posterior_sha256: Sha256


class Form:
    """Marks a plain dictionary that has to fit a form."""

    def __init__(self, form: Any) -> None:
        self.form = form

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> Any:
        """Let pydantic validate it with the form."""
        return handler.generate_schema(self.form)


Config = Annotated[dict[str, Any], Form(dict[str, Json])]
Metrics = Annotated[dict[str, Any], Form(Annotated[OfClasses | OfNumbers, _FIRST])]
History = Annotated[Sequence[dict[str, Any]], Form(Annotated[list[Epoch], Field(min_length=1)])]
Environment = Annotated[dict[str, Any], Form(Origin)]
