"""How a record's rows and arrays are held: a page may ask for those of thousands of records."""

import io
import marshal
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

Stored = Mapping[str, NDArray[Any]]
"""The arrays beside a record, by name."""

Row = dict[str, Any]


class Rows(Sequence[Row]):
    """Rows of a history in a tenth of the memory, unpacked whenever they are asked for.

    >>> Rows([{"epoch": 1, "loss": 0.5}])[0]
    {'epoch': 1, 'loss': 0.5}
    """

    def __init__(self, rows: list[Row]) -> None:
        self._packed = marshal.dumps(rows)

    @property
    def _rows(self) -> list[Row]:
        rows: list[Row] = marshal.loads(self._packed)  # noqa: S302  # packed above
        return rows

    @overload
    def __getitem__(self, which: int) -> Row: ...

    @overload
    def __getitem__(self, which: slice) -> list[Row]: ...

    def __getitem__(self, which: int | slice) -> Row | list[Row]:
        return self._rows[which]

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, list | Rows) and self._rows == [*other]

    def __repr__(self) -> str:
        return repr(self._rows)

    __hash__ = None  # type: ignore[assignment]  # like a list


class Arrays(Stored):
    """Arrays of a file, each read when it is asked for; those of a few files are held.

    Args:
        file: Returns the file, or refuses one that was altered.
    """

    def __init__(self, file: Callable[[], Path]) -> None:
        self._file = file

    @property
    def _as_written(self) -> tuple[Path, int]:
        file = self._file()
        return file, file.stat().st_mtime_ns

    def __getitem__(self, name: str) -> NDArray[Any]:
        return _array(*self._as_written, name)

    def __iter__(self) -> Iterator[str]:
        return iter(_opened(*self._as_written))

    def __len__(self) -> int:
        return len(_opened(*self._as_written))


def forget() -> None:
    """Hold no arrays."""
    _opened.cache_clear()
    _array.cache_clear()


@lru_cache(maxsize=4)
def _opened(file: Path, _written: int) -> Stored:
    """The arrays in a file as it was written at some time."""
    stored: Stored = np.load(io.BytesIO(file.read_bytes()), allow_pickle=False)
    return stored


@lru_cache(maxsize=16)
def _array(file: Path, written: int, name: str) -> NDArray[Any]:
    """One of them, which several measures may ask for."""
    array = _opened(file, written)[name]
    array.flags.writeable = False
    return array
