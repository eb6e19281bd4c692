"""The git checkout that contains the package."""

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from hypergan.paths import PROJECT

COMMIT = re.compile(r"[0-9a-f]{40}(-dirty)?|unknown")
"""How a record names its code: a commit, with "-dirty" if the package has uncommitted changes."""


def commit() -> str:
    """The checkout's commit, see :data:`COMMIT`; "unknown" if the package is not in one."""
    if not Path(__file__).is_relative_to(PROJECT):  # installed; the working folder is the user's
        return "unknown"
    try:
        if git("rev-parse", "--show-prefix") or not git("ls-files", "--", "hypergan"):
            return "unknown"  # a larger repository, or one that does not track the package
        dirty = git("status", "--porcelain", "--", "hypergan")
        return git("rev-parse", "HEAD") + ("-dirty" if dirty else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def same_code(one: str, other: str) -> bool:
    """Whether the package is identical at two commits; never for "-dirty" or "unknown"."""
    if not all(re.fullmatch("[0-9a-f]{40}", commit) for commit in (one, other)):
        return False
    if one == other:
        return True
    try:
        git("diff", "--quiet", "--end-of-options", one, other, "--", "hypergan")
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def code_of(commits: Sequence[str]) -> str:
    """The last of a run's commits: with "-dirty" if the package was another before, or "unknown".

    So a run that was begun with code that no commit holds is not taken for one of its last commit.
    """
    if "unknown" in commits:
        return "unknown"
    last = commits[-1]
    alike = all(one == last or same_code(one, last) for one in commits)
    return last if alike else f"{last.removesuffix('-dirty')}-dirty"


def git(*arguments: str) -> str:
    """Output of a git command in this checkout, even if the environment names another repository.

    Raises:
        OSError: If git is not installed.
        subprocess.CalledProcessError: If the command fails.
    """
    environment = {name: v for name, v in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-C", str(PROJECT), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()
