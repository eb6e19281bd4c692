"""Records: one cell's results, as JSON with its arrays beside it.

New records are written to ``runs/``; :func:`promote` copies finished ones to ``data/records``,
which is published. Readers look in the first, then in the second.
"""

import hashlib
import json
import math
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache, cached_property, lru_cache, partial
from pathlib import Path
from statistics import median
from typing import Annotated, Any, ClassVar, Final, Literal

import numpy as np
from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from hypergan.data.datasets import DATASETS
from hypergan.errors import RecordError
from hypergan.evaluation.stages import Arrays
from hypergan.experiments import held
from hypergan.experiments.held import Stored
from hypergan.experiments.methods import require_known, resolved, settings_for
from hypergan.experiments.values import (
    STRICT,
    Commit,
    Config,
    Environment,
    History,
    Metrics,
    NotNegative,
    Seed,
    Sha256,
    Whole,
    first_of,
)
from hypergan.kinds import require_kinds
from hypergan.paths import PROJECT, published, runs, sha256, write_text, write_whole

RECORD_VERSION: Final = 2
"""Raised when a record's keys change. Version 2 added :attr:`Record.environment`."""


@dataclass(frozen=True)
class Cell:
    """One method on one data set with one seed in one profile.

    The profile "published" stands for the one in which pages show the method on the data set.

    Raises:
        SettingsError: If a name is unknown or the seed is invalid.
    """

    method: str
    dataset: str
    seed: Seed = 0
    profile: str = "lite"

    def __post_init__(self) -> None:
        """Refuse unknown names at once."""
        require_kinds(Cell, vars(self))
        profile = resolved(self.profile, self.method, self.dataset)
        object.__setattr__(self, "profile", profile)
        require_known(self.method, self.dataset, self.profile)

    @classmethod
    def at(cls, path: Path) -> "Cell":
        """The cell of a record's path below a folder of records."""
        profile, dataset, method, seed = path.with_suffix("").parts
        return cls(method, dataset, int(seed.removeprefix("seed")), profile)

    @property
    def path(self) -> Path:
        """The path of its record below a folder of records."""
        return Path(self.profile, self.dataset, self.method, f"seed{self.seed}.json")

    @property
    def fingerprint(self) -> str:
        """What it depends on besides its seed: if that changes, the cell is run again."""
        settings = settings_for(self.method, self.dataset, self.profile)
        return json.dumps([RECORD_VERSION, settings.as_dict()], sort_keys=True)

    @property
    def name(self) -> str:
        """Its name, such as ``lite/mnist/hypergan/seed0``: the path of its record."""
        return self.path.with_suffix("").as_posix()

    @property
    def command(self) -> str:
        """The command that makes its record."""
        return (
            f"python -m hypergan run {self.method} {self.dataset} "
            f"--seed {self.seed} --profile {self.profile}"
        )


@dataclass(frozen=True)
class Record:
    """The results of a cell, and everything they came from.

    Attributes:
        record_version: :data:`RECORD_VERSION` of the code that wrote it.
        method: Method's name.
        dataset: Data set's name.
        seed: Seed of all randomness.
        profile: Profile's name.
        config: The settings, :meth:`hypergan.experiments.settings.Settings.as_dict`.
        commit: Commit of the code that finished the run, with "-dirty" if files differed from it,
            or the code that began the run did.
        data_sha256: Hash of each file read.
        versions: Versions of Python and the libraries.
        device: Where it ran, and where it was begun if that was another processor.
        wall_seconds: Time spent on training and evaluation, across interruptions.
        peak_memory_bytes: Largest resident memory of the process (of the GPU, where one was used).
        stand_in: Whether an embedded stand-in took the place of the data set.
        history: One row per epoch.
        metrics: See :func:`hypergan.evaluation.classification.evaluate_classifier` and
            :func:`hypergan.evaluation.regression.evaluate_regression`.
        arrays_sha256: Hash of the arrays' file beside the record.
        environment: What its digits depend on, and the hash of what was evaluated, see
            :func:`hypergan.experiments.provenance.environment`; empty in version 1.
    """

    __pydantic_config__ = STRICT

    record_version: Literal[1, 2]
    method: str
    dataset: str
    seed: Seed
    profile: str
    config: Config
    commit: Commit
    data_sha256: dict[str, Sha256]
    versions: dict[str, str]
    device: Annotated[str, Field(min_length=1)]
    wall_seconds: NotNegative
    peak_memory_bytes: Whole
    stand_in: bool
    history: History
    metrics: Metrics
    arrays_sha256: Sha256
    environment: Environment = field(default_factory=dict)

    path: ClassVar[Path | None] = None
    """Its file, once it has one; not part of what is stored."""

    def lying_at(self, path: Path) -> "Record":
        """The same, with its path."""
        object.__setattr__(self, "path", path)
        return self

    @cached_property
    def arrays(self) -> Stored:
        """The arrays beside it, each read when it is asked for, and not held for long.

        Raises:
            RecordError: If they are missing or have been altered, now or later.
        """
        self.require_arrays()
        return held.Arrays(self.require_arrays)

    def require_arrays(self) -> Path:
        """The file of the arrays, whose hash it knows.

        Raises:
            RecordError: If it is missing or has been altered.
        """
        state, file = "are missing", self.path and self.path.with_suffix(".npz")
        try:
            if file and _digest(file, file.stat().st_mtime_ns) == self.arrays_sha256:
                return file
            state = "were altered"
        except FileNotFoundError:
            pass
        except OSError as error:
            state = f"cannot be read ({error.strerror})"
        raise RecordError(
            f"the arrays {file} {state}; run the cell again with `{self.cell.command} --force`"
        )

    @property
    def on_cpu(self) -> bool:
        """Whether it was made on a CPU: times on a GPU do not compare with those."""
        return self.device.startswith("cpu")

    @property
    def minutes(self) -> float:
        """Minutes that the run took."""
        return self.wall_seconds / 60

    @property
    def training_seconds(self) -> float:
        """Seconds of them that training took."""
        return float(sum(row["seconds"] for row in self.history))

    @property
    def steady_minutes(self) -> float:
        """Minutes of training without stalls: those of the median epoch times their number."""
        return len(self.history) * median(row["seconds"] for row in self.history) / 60

    @property
    def full_size(self) -> int:
        """Networks in its full ensemble: 100, or all that the method has."""
        return max(map(int, self.metrics["accuracy"]))

    @property
    def cell(self) -> Cell:
        """The cell that it belongs to."""
        return Cell(self.method, self.dataset, self.seed, self.profile)


_SEED = re.compile("seed(0|[1-9][0-9]*)")
_FORM = TypeAdapter(Record)
_REMEMBERED = 200
"""Records kept parsed in memory, as claims, figures and tables ask for the same ones."""

_VALID: set[str] = set()
"""Hashes of the texts that were found valid: to validate one takes longer than to parse it."""

_COMMON: dict[Path, dict[str, Any]] = {}
"""What the seeds of a cell have in common, by their folder, is held in memory once."""

SUMS = "SHA256SUMS"
"""The file, in the folder of the published records, with the sha256 of each."""

_SEAL, _ZEROS = "record_sha256", "0" * 64
"""The key below ``environment`` of the sha256 of the record's own text, which is taken with zeros
in place of the sha256. Older records have none; it is no part of what is read."""

_AGAIN = "delete it and run its cell again"


def write(record: Record, arrays: Arrays, path: Path) -> Record:
    """Write a record and its arrays, the record last: if it exists, both are complete.

    Where there was a record before, a kill between the two leaves it with the new arrays; it is
    then refused as altered, and the run goes on from what it had saved.

    Returns:
        The record as written, with the arrays' hash and rounded numbers.

    Raises:
        RecordError: If a number is NaN or infinite.
        StorageError: If the files cannot be written.
    """

    def save_arrays(temporary: Path) -> None:
        with temporary.open("wb") as file:  # np.savez would add a suffix to a name
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]

    write_whole(path.with_suffix(".npz"), save_arrays)
    content = _rounded(asdict(record) | {"arrays_sha256": sha256(path.with_suffix(".npz"))})
    sealed = content | {"environment": content["environment"] | {_SEAL: _ZEROS}}
    try:
        text = json.dumps(sealed, indent=1, allow_nan=False) + "\n"
    except ValueError as error:
        raise RecordError(
            f"{record.cell.path} came out with NaN or infinite values, so no record is written; "
            "look at the run's loss and lower its learning rate"
        ) from error
    write_text(path, _resealed(text, _ZEROS, _hash(text)))
    return Record(**content).lying_at(path)


def _resealed(text: str, old: str, new: str) -> str:
    """A record's text with another sha256 of itself."""
    return text.replace(f'"{_SEAL}": "{old}"', f'"{_SEAL}": "{new}"')


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def read(path: Path) -> Record:
    """Read a record, which is trusted only in its proper place and only if it is whole.

    Raises:
        RecordError: If it is missing, damaged, altered, another cell's, or of another record
            version.
        SettingsError: If there is no such cell.
    """
    try:
        if path.exists() and not path.is_file():
            raise ValueError("it is not a file")
        text = path.read_bytes().decode()
        digest = _hash(text)
        is_published = _require_listed(path, digest)
        content = _parsed(text)
    except FileNotFoundError as error:
        raise RecordError(f"there is no record {path}; see `python -m hypergan list`") from error
    except (OSError, ValueError, RecursionError) as error:
        raise RecordError(f"the record {path} is damaged ({error}); {_AGAIN}") from error
    version = content.get("record_version") if isinstance(content, dict) else None
    if type(version) is not int or version not in range(1, RECORD_VERSION + 1):
        newer = isinstance(version, int) and version > RECORD_VERSION
        raise RecordError(
            f"the record {path} is of version {version}, this code reads versions up to "
            f"{RECORD_VERSION}; {'update hypergan to read it' if newer else 'run its cell again'}"
        )
    try:
        if digest not in _VALID:
            if not is_published:
                _require_unaltered(text, content)
            _FORM.validate_json(text)
            _VALID.add(digest)
        content.get("environment", {}).pop(_SEAL, None)
        if ("environment" in content) != (version != 1):
            raise ValueError("environment: added in version 2")
    except ValidationError as error:
        raise RecordError(f"the record {path} is damaged ({first_of(error)}); {_AGAIN}") from None
    except ValueError as error:
        raise RecordError(f"the record {path} is damaged ({error}); {_AGAIN}") from None
    common = _COMMON.setdefault(path.parent, {})
    for name in ("config", "versions", "data_sha256"):
        if common.setdefault(name, content[name]) == content[name]:
            content[name] = common[name]
    if isinstance(content["history"], list):  # a text's content is parsed once for several records
        content["history"] = held.Rows(content["history"])
    record = Record(**content).lying_at(path)
    if path.parts[-4:] != record.cell.path.parts:
        raise RecordError(
            f"the record {path} belongs to {record.cell.path}; move it there, or delete it"
        )
    if ("accuracy" in record.metrics) != (DATASETS[record.dataset].task == "classification"):
        raise RecordError(
            f"the record {path} is damaged (metrics: those of another task); {_AGAIN}"
        )
    return record


@cache
def _digest(file: Path, _written: int) -> str:
    """The sha256 of a file as it was written at some time."""
    return sha256(file)


@lru_cache(maxsize=_REMEMBERED)
def _parsed(text: str) -> Any:
    return from_json(text, allow_inf_nan=False)


def _require_unaltered(text: str, content: dict[str, Any]) -> None:
    """Hold a record's text to the sha256 of itself; one without may at least repeat no key.

    Raises:
        ValueError: If it was altered.
    """
    environment = content.get("environment")
    seal = environment.get(_SEAL) if isinstance(environment, dict) else None
    if seal is None:
        json.loads(text, object_pairs_hook=_each_once)
    elif _hash(_resealed(text, seal, _ZEROS)) != seal:
        raise ValueError(f"it was altered: its sha256 is not its {_SEAL}")


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError(f"a key is repeated in {', '.join(name for name, _ in pairs)}")
    return content


def _require_listed(path: Path, digest: str) -> bool:
    """Hold a record to :data:`SUMS` in its folder of records; False if there is no such file.

    Raises:
        RecordError: If another sha256 is listed, or none.
    """
    if len(path.parts) < 4 or not (file := path.parents[3] / SUMS).exists():
        return False
    listed = _sums(file, file.stat().st_mtime_ns).get(path.relative_to(file.parent).as_posix())
    if listed is None:
        raise RecordError(
            f"{file} does not list {path}; publish it with `python -m hypergan promote`"
        )
    if listed != digest:
        raise RecordError(
            f"the record {path} is not the published one: {file} has another sha256; restore both "
            "with `git checkout`"
        )
    return True


@lru_cache(maxsize=8)
def _sums(file: Path, _written: int) -> dict[str, str]:
    """The sha256 that a file of :data:`SUMS` lists, by path."""
    rows = (line.partition("  ") for line in file.read_text(encoding="utf-8").splitlines())
    return {name: digest for digest, _, name in rows}


def forget() -> None:
    """Forget all records and their arrays, as if the process had just started."""
    _parsed.cache_clear()
    _digest.cache_clear()
    _sums.cache_clear()
    _COMMON.clear()
    held.forget()
    _VALID.clear()


def schema_path(version: int) -> Path:
    """Where the JSON schema of a record version is published."""
    return PROJECT / "data" / f"record-{version}.schema.json"


def schema(version: int) -> dict[str, Any]:
    """The JSON schema of a record version, as :func:`read` enforces it."""
    form = _FORM.json_schema()
    form["properties"]["record_version"] = {"const": version}
    if version == 1:
        del form["properties"]["environment"], form["$defs"]["Origin"]
    else:
        form["required"].append("environment")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **form}


def find(cell: Cell, folders: Sequence[Path] | None = None) -> Record | None:
    """A cell's record; None if it was never run.

    Args:
        cell: The cell.
        folders: Folders of records in order of precedence; by default ``runs/``, then the
            published ones.

    Raises:
        RecordError: If it exists but is damaged, of another version, another cell's, without its
            arrays, or made with settings other than the current ones.
    """
    for folder in folders or _folders():
        path = folder / cell.path
        try:
            there = path.exists()
        except OSError as error:
            raise RecordError(
                f"cannot look for {path} ({error.strerror}); change the folder's permissions"
            ) from error
        if there:
            record = read(path)
            check(record)
            record.require_arrays()
            return record
    return None


def check(record: Record) -> None:
    """Refuse a record that was not made with the current settings.

    Raises:
        RecordError: It says what differs and how to run the cell again.
    """
    cell = record.cell
    settings = settings_for(cell.method, cell.dataset, cell.profile)
    own = _rounded(settings.as_dict())
    if own == record.config:
        return
    asked, found = flat(own), flat(record.config)
    differing = [name for name in asked | found if asked.get(name) != found.get(name)]
    if differing:
        name = differing[0]
        raise RecordError(
            f"the record {record.path} was made with other settings ({name} {found.get(name)!r}, "
            f"now {asked.get(name)!r}); run the cell again with `{cell.command} --force`"
        )


def paths(folder: Path) -> Iterator[Path]:
    """Every record below a folder, in order."""
    yield from sorted(
        path for path in folder.glob("*/*/*/seed*.json") if _SEED.fullmatch(path.stem)
    )


def seeds(cell: Cell, folders: Sequence[Path] | None = None) -> list[int]:
    """The seeds for which a cell like this one has a record, usable or not; see :func:`find`."""
    found = [(folder / cell.path).parent.glob("seed*.json") for folder in folders or _folders()]
    matches = {_SEED.fullmatch(path.stem) for paths in found for path in paths}
    return sorted({int(match[1]) for match in matches if match and int(match[1]) < 2**63})


def _folders() -> Sequence[Path]:
    return runs(), published()


def promote(path: Path) -> Path:
    """Copy a finished record from ``runs/`` to the published ones, and list it in :data:`SUMS`.

    A kill in between leaves a record that is refused until it is promoted again.

    Raises:
        RecordError: If it was not made with the current settings; if it is of the profile smoke or
            of stand-in data, as published numbers come from real ones; or if it names no commit, or
            one with "-dirty", as readers need its code.
    """
    record = read(path)
    check(record)
    record.require_arrays()
    if record.profile == "smoke":
        raise RecordError(f"{path} is of the profile smoke, a check; promote records of others")
    if record.stand_in:
        raise RecordError(f"{path} was made on stand-in data; promote records of real data")
    if record.commit == "unknown" or record.commit.endswith("-dirty"):
        raise RecordError(
            f"{path} was made by code that is not committed ({record.commit}); commit the changes "
            f"in a checkout of git and run the cell again with `{record.cell.command} --force`"
        )
    destination = published() / record.cell.path
    for suffix in (".npz", ".json"):  # the record last, as in `write`
        copy = partial(shutil.copyfile, path.with_suffix(suffix))
        write_whole(destination.with_suffix(suffix), copy)
    file = published() / SUMS
    sums = _sums(file, file.stat().st_mtime_ns) if file.exists() else {}
    sums = sums | {record.cell.path.as_posix(): sha256(destination)}
    there = sorted(name for name in sums if (published() / name).exists())
    write_text(file, "".join(f"{sums[name]}  {name}\n" for name in there))
    _sums.cache_clear()  # two changes may bear the same time
    return destination


def _rounded(content: Any) -> Any:
    """Floats to six significant digits: more is noise in a diff."""
    if isinstance(content, float):
        return float(f"{content:.6g}") if math.isfinite(content) else content
    if isinstance(content, dict):
        return {key: _rounded(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_rounded(value) for value in content]
    return content


def flat(content: Any, name: str = "") -> dict[str, Any]:
    """Nested settings or metrics as one dictionary, by names joined with slashes."""
    if isinstance(content, dict | list):
        pairs = content.items() if isinstance(content, dict) else enumerate(content)
        parts = (flat(value, f"{name}/{key}" if name else str(key)) for key, value in pairs)
        return {key: value for part in parts for key, value in part.items()}
    return {name: content}


if __name__ == "__main__":
    for version in range(1, RECORD_VERSION + 1):
        schema_path(version).write_text(json.dumps(schema(version), indent=1) + "\n")
