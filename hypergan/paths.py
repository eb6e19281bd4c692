"""Where files are kept, and how they are written: whole or not at all."""

import hashlib
import json
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import IO, Any

from hypergan.errors import StorageError

_CHECKOUT = Path(__file__).resolve().parents[1]
PROJECT = _CHECKOUT if (_CHECKOUT / "pyproject.toml").exists() else Path.cwd()
"""The checkout, or the working folder if the package was installed without one."""


PART = ".part"
"""Suffix of temporary files and folders, whose names begin with a dot."""

UNFINISHED = f".*.{'[0-9a-f]' * 8}{PART}"
"""Pattern of the files that :func:`write_whole` fills."""


def downloads() -> Path:
    """Root of the data sets: ``HYPERGAN_DATA``, by default ``data/downloads``."""
    return _named("HYPERGAN_DATA", PROJECT / "data" / "downloads")


def runs() -> Path:
    """Where new records are written: ``HYPERGAN_RUNS``, by default ``runs`` (ignored by git)."""
    return _named("HYPERGAN_RUNS", PROJECT / "runs")


def _named(variable: str, default: Path) -> Path:
    """The folder that a variable of the environment names, where it is set.

    Raises:
        StorageError: If it is the home of a user whom the system does not know.
    """
    name = os.environ.get(variable)
    try:
        return Path(name).expanduser() if name else default
    except RuntimeError as error:
        raise StorageError(f"{variable} is {name!r}, of an unknown user; name a folder") from error


def published() -> Path:
    """The committed records, ``data/records``."""
    return PROJECT / "data" / "records"


def make_folder(folder: Path) -> Path:
    """Create a folder and its parents, and check that files can be written there.

    Raises:
        StorageError: If they cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise StorageError(
            f"cannot write to {folder}: {error.strerror}; free some space, change its permissions, "
            "or choose another folder with HYPERGAN_RUNS (records) or HYPERGAN_DATA (data sets)"
        ) from error
    return folder


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file whole or not at all: ``write`` fills a temporary file, which is then renamed.

    A kill, a full disk or a power cut leaves the previous file intact. Temporary files left by
    earlier kills are removed.

    Raises:
        StorageError: If the folder cannot be written to or the disk is full.
    """
    make_folder(path.parent)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PART}")
    try:
        temporary.touch(exist_ok=False)
        mode = temporary.stat().st_mode  # as the umask sets it; `write` may change it
        write(temporary)
        temporary.chmod(mode)
        _sync(temporary)
        temporary.replace(path)
        _sync(path.parent)
    except (OSError, RuntimeError) as error:  # torch.save reports a full disk as RuntimeError
        raise StorageError(
            f"cannot write {path}: {error}; free some space or change the folder's permissions"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    remove(abandoned(path.parent, UNFINISHED.replace("*", escape(path.name), 1)))


def write_text(path: Path, text: str) -> None:
    """Write a text file like :func:`write_whole`."""
    write_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def write_described(path: Path, made: dict[str, Any]) -> dict[str, Any]:
    """Write a file's sha256, and how it was made, to a JSON file beside it; return its content."""
    content = {"sha256": sha256(path)} | made
    write_text(path.with_suffix(".json"), json.dumps(content, indent=1) + "\n")
    return content


def described(path: Path) -> dict[str, Any]:
    """What :func:`write_described` wrote beside a file.

    Raises:
        ValueError: If that is damaged, or the file has another sha256.
    """
    made = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    if not isinstance(made, dict) or made.get("sha256") != sha256(path):
        raise ValueError("it is not the file that the JSON file beside it describes")
    return made


def abandoned(folder: Path, pattern: str = UNFINISHED) -> list[Path]:
    """Temporary files and folders not written to for an hour: their writer is dead.

    Args:
        folder: The folder to search.
        pattern: Pattern of their names, which no other program's match; begin it with ``**/`` to
            search subfolders too.
    """
    before = time.time() - 3600
    found = []
    for path in folder.glob(pattern):
        with suppress(FileNotFoundError):  # its writer has just finished
            if all(part.stat().st_mtime < before for part in (path, *path.rglob("*"))):
                found.append(path)
    return sorted(found)


def remove(paths: list[Path]) -> None:
    """Remove files and folders; skip those that are gone or cannot be removed."""
    for path in paths:
        with suppress(OSError):
            path.unlink() if path.is_file() else shutil.rmtree(path)


def _sync(path: Path) -> None:
    """Flush a file, or a folder's entries, to disk."""
    with suppress(PermissionError):  # a folder, on systems that cannot open folders
        handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_sealed(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file like :func:`write_whole`, with the sha256 of its content at its end.

    Readers of zip archives, such as ``torch.load``, ignore what follows the content; nor do they
    notice altered bytes, hence the sha256.
    """

    def sealed(temporary: Path) -> None:
        write(temporary)
        digest = sha256(temporary)
        with temporary.open("a", encoding="ascii") as file:
            file.write(digest)

    write_whole(path, sealed)


def require_seal(path: Path) -> None:
    """Check a file of :func:`write_sealed` against the sha256 at its end.

    Raises:
        ValueError: If they differ.
    """
    digest, length = hashlib.sha256(), path.stat().st_size - 64
    with path.open("rb") as file:
        while length > 0 and (chunk := file.read(min(length, 2**20))):
            digest.update(chunk)
            length -= len(chunk)
        if file.read() != digest.hexdigest().encode():
            raise ValueError("its content does not match its checksum")


@contextmanager
def exclusive(path: Path, waiting: str = "") -> Iterator[None]:
    """Hold a lock file inside the block; other processes wait for it, and say so if they can.

    The system releases the lock however its holder ends, so it is never stale. The file stays: if
    it were deleted, two processes could each hold a file of that name.
    """
    with path.open("w") as file:
        if not _lock(file, wait=False):
            if waiting:
                print(waiting, file=sys.stderr, flush=True)
            _lock(file, wait=True)
        yield


if sys.platform == "win32":

    def _lock(file: IO[str], *, wait: bool) -> bool:
        """Take the lock, or return False; when waiting, a call tries ten times, a second apart."""
        import msvcrt

        while True:
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
                return True
            except OSError:
                if not wait:
                    return False

else:

    def _lock(file: IO[str], *, wait: bool) -> bool:
        """Take the lock, or return False."""
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True


def sha256(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
