import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hypergan import checkout
from hypergan.checkout import COMMIT, code_of, commit, same_code
from hypergan.paths import PROJECT

ASK = "from hypergan.checkout import commit; print(commit())"


@pytest.fixture
def repository(tmp_path):
    """Another repository, with a commit and a folder of the package's name."""
    folder = tmp_path / "other"
    (folder / "hypergan").mkdir(parents=True)
    (folder / "hypergan" / "__init__.py").touch()
    settings = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "."], [*settings, "commit", "-q", "-m", "one"]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder


def head(folder):
    command = ["git", "-C", folder, "rev-parse", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def asked_in(folder, package=None):
    """What the package, or a copy of it elsewhere, names as its commit in a folder."""
    command = [sys.executable, "-P", "-c", ASK]
    environment = os.environ | {"PYTHONPATH": str(package or PROJECT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def installed(tmp_path):
    """The package without its checkout, as from a wheel."""
    folder = tmp_path / "site-packages"
    shutil.copytree(PROJECT / "hypergan", folder / "hypergan")
    return folder


def test_another_repository_in_the_environment_is_not_named(repository, monkeypatch):
    named = commit()
    assert COMMIT.fullmatch(named)
    monkeypatch.setenv("GIT_DIR", str(repository / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(repository))
    assert commit() == named != head(repository)


def test_what_is_installed_names_no_commit(installed, repository):
    assert asked_in(repository, installed) == "unknown"


def test_files_inside_another_repository_name_no_commit(repository):
    shutil.copytree(PROJECT / "hypergan", repository / "inner" / "hypergan")
    shutil.copy(PROJECT / "pyproject.toml", repository / "inner")
    assert asked_in(repository / "inner", repository / "inner") == "unknown"


def test_a_run_begun_with_other_code_is_not_of_its_last_commit(repository, monkeypatch):
    monkeypatch.setattr(checkout, "PROJECT", Path(repository))
    one, other = head(repository), "0" * 40
    assert code_of([one]) == code_of([one, one]) == one
    assert code_of([f"{one}-dirty"]) == f"{one}-dirty"
    for before in (other, f"{one}-dirty"):
        assert code_of([before, one]) == f"{one}-dirty"
    assert code_of(["unknown", one]) == "unknown"


def test_no_option_of_git_comes_from_a_record(repository, monkeypatch, tmp_path):
    monkeypatch.setattr(checkout, "PROJECT", Path(repository))
    one, evil = head(repository), tmp_path / "evil"
    assert same_code(one, one)
    for odd in (f"--output={evil}", "HEAD", "unknown", f"{one}-dirty", f"{one}\n", "", one[:12]):
        assert not same_code(one, odd)
        assert not same_code(odd, one)
    assert not same_code(one, "0" * 40)
    assert not evil.exists()
