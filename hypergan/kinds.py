"""Settings are checked where they are built: each value must match its type annotation."""

import inspect
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache, wraps
from typing import Any, ParamSpec, get_type_hints

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError

from hypergan.errors import SettingsError

Arguments = ParamSpec("Arguments")


def require_kinds(owner: Any, values: Mapping[str, Any]) -> None:
    """Refuse values that do not match the annotations of a class or function.

    An int passes for a float, and NumPy's numbers for Python's; strings and bools do not pass for
    numbers, nor do NaN and infinity. An int must fit into 64 bits.

    Args:
        owner: The class or function.
        values: The values by name; those without an annotation pass.

    Raises:
        SettingsError: Names the first value that does not match.
    """
    for name, kind in _hints(owner).items():
        value = values.get(name)
        try:
            if name in values:
                plain = _plain(value)
                _reader(kind).validate_python((plain,))
                if isinstance(plain, int) and not -(2**63) <= plain < 2**63:
                    raise SettingsError(f"{name} is {value!r}; it should fit into 64 bits")
        except ValidationError as error:
            said = error.errors()[0]["msg"]
            if not said.startswith("Input "):
                said = "Input should have another length"
            raise SettingsError(f"{name} is {value!r}; it {said.removeprefix('Input ')}") from None


def checked(constructor: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """Make a constructor check its arguments against its annotations."""
    signature = inspect.signature(constructor)

    @wraps(constructor)
    def construct(*arguments: Arguments.args, **named: Arguments.kwargs) -> None:
        require_kinds(constructor, signature.bind(*arguments, **named).arguments)
        constructor(*arguments, **named)

    return construct


def from_json(constructor: Callable[..., None], values: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments that were written as JSON: a list becomes a tuple where one is annotated."""
    read = dict(values)
    for name in (name for name, value in values.items() if isinstance(value, list)):
        with suppress(NameError, KeyError, ValidationError):  # not annotated, or not truly
            (read[name],) = _reader(_hints(constructor)[name]).validate_json(
                json.dumps([read[name]])
            )
    return read


def _plain(value: Any) -> Any:
    """A value with Python's own numbers and tuples, which the check knows."""
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    return value.item() if isinstance(value, np.generic) else value


@cache
def _hints(owner: Any) -> dict[str, Any]:
    return get_type_hints(owner, include_extras=True)


@cache
def _reader(kind: Any) -> TypeAdapter[Any]:
    strict = ConfigDict(strict=True, allow_inf_nan=False, arbitrary_types_allowed=True)
    return TypeAdapter(tuple[kind], config=strict)  # alone, a dataclass would take no config
