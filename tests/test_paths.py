import os
import time

import pytest

from hypergan import paths
from hypergan.errors import StorageError
from hypergan.paths import abandoned, downloads, require_seal, runs, write_sealed, write_whole


class KilledError(BaseException):
    """Stands for the kill."""


def text(content):
    return lambda temporary: temporary.write_text(content)


@pytest.fixture
def killed(monkeypatch):
    """Writing stops before the temporary file is whole, and nobody cleans up."""

    def write(path):
        def stop(temporary):
            temporary.write_text("half")
            raise KilledError

        with monkeypatch.context() as patch:
            patch.setattr(paths.Path, "unlink", lambda *_, **__: None)
            with pytest.raises(KilledError):
                write_whole(path, stop)

    return write


def test_what_is_written_is_on_the_disk_before_it_replaces_the_old(tmp_path, monkeypatch):
    done = []
    monkeypatch.setattr(os, "fsync", lambda _: done.append("sync"))
    replace = paths.Path.replace
    monkeypatch.setattr(
        paths.Path, "replace", lambda *names: (done.append("replace"), replace(*names))
    )
    write_whole(tmp_path / "file", text("new"))
    assert done == ["sync", "replace", "sync"]  # the file, its name, the folder
    assert (tmp_path / "file").read_text() == "new"


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_umask_is_honoured(umask, mode, tmp_path):
    before = os.umask(umask)
    try:
        write_whole(tmp_path / "file", text(""))
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == mode


def test_a_kill_leaves_the_old_file_and_the_next_run_removes_the_new_one(tmp_path, killed):
    file = tmp_path / "file"
    write_whole(file, text("old"))
    killed(file)
    assert file.read_text() == "old"
    (left,) = set(tmp_path.iterdir()) - {file}
    write_whole(file, text("new"))
    assert left.exists()  # it might be being written
    os.utime(left, (0, time.time() - 2 * 3600))
    assert abandoned(tmp_path) == [left]
    write_whole(file, text("newer"))
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_that_is_being_filled_is_not_abandoned(tmp_path):
    folder = tmp_path / ".folder.01234567.part"
    (folder / "raw").mkdir(parents=True)
    (folder / "raw" / "images").touch()
    past = time.time() - 2 * 3600
    for path in (folder, folder / "raw"):
        os.utime(path, (0, past))
    assert abandoned(tmp_path.parent, f"{tmp_path.name}/.*.part") == []
    os.utime(folder / "raw" / "images", (0, past))
    assert abandoned(tmp_path) == [folder]
    paths.remove([folder])
    assert not folder.exists()


@pytest.mark.parametrize("folder", [runs, downloads])
def test_the_home_of_nobody_is_refused(folder, monkeypatch):
    for name in ("HYPERGAN_RUNS", "HYPERGAN_DATA"):
        monkeypatch.setenv(name, "~no-such-user/x")
    with pytest.raises(StorageError, match="of an unknown user; name a folder"):
        folder()


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    def full(temporary):
        raise OSError(28, "No space left on device")

    with pytest.raises(StorageError, match="cannot write .*file: .*No space left.*; free some"):
        write_whole(tmp_path / "file", full)
    assert not list(tmp_path.iterdir())


def test_every_altered_byte_is_noticed(tmp_path):
    file = tmp_path / "file"
    write_sealed(file, text("some content"))
    require_seal(file)
    content = file.read_bytes()
    altered = [
        content[:i] + bytes([content[i] ^ bit]) + content[i + 1 :]
        for i in range(len(content))
        for bit in (1, 0x20, 0x80)
    ]
    for damaged in [*altered, content[:-1], content + b"x", content[:64], content[:10], b""]:
        file.write_bytes(damaged)
        with pytest.raises(ValueError, match="checksum"):
            require_seal(file)
