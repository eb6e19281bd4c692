"""Where things lie, and how files are written: whole or not at all."""

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hypergan.errors import StorageError

_CHECKOUT = Path(__file__).resolve().parents[1]
PROJECT = _CHECKOUT if (_CHECKOUT / "pyproject.toml").exists() else Path.cwd()
"""The checkout, or the working folder where the package was installed without one."""


def downloads() -> Path:
    """Root of the data sets: ``HYPERGAN_DATA``, by default ``data/downloads``."""
    return Path(os.environ.get("HYPERGAN_DATA") or PROJECT / "data" / "downloads").expanduser()


def runs() -> Path:
    """Where new records are written: ``HYPERGAN_RUNS``, by default ``runs`` (ignored by git)."""
    return Path(os.environ.get("HYPERGAN_RUNS") or PROJECT / "runs").expanduser()


def published() -> Path:
    """The committed records, ``data/records``."""
    return PROJECT / "data" / "records"


def make_folder(folder: Path) -> Path:
    """Create a folder with its parents, and find out now whether files can be written there.

    Raises:
        StorageError: If not.
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
    """Write a file whole or not at all: ``write`` fills a temporary file that then takes the name.

    A kill or a full disk leaves the previous file as it was.

    Raises:
        StorageError: If the folder cannot be written to or the disk is full.
    """
    make_folder(path.parent)
    temporary = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        write(temporary)
        temporary.chmod(0o644)
        temporary.replace(path)
    except (OSError, RuntimeError) as error:  # torch.save reports a full disk as RuntimeError
        raise StorageError(
            f"cannot write {path}: {error}; free some space or change the folder's permissions"
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a lock file inside the block; another process that asks for it waits.

    The system releases the lock when its holder ends in whatever way, so that none is ever stale.
    The file stays: were it deleted, two processes could hold two files of that name.
    """
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def sha256(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
