"""The checkout that the package lies in, as git knows it."""

import os
import re
import subprocess
from pathlib import Path

from hypergan.paths import PROJECT

COMMIT = re.compile(r"[0-9a-f]{40}(-dirty)?|unknown")
"""What a record names as its code: a commit, with "-dirty" where the package differs from it."""


def commit() -> str:
    """The checkout's commit, see :data:`COMMIT`; "unknown" where the package is not in one."""
    if not Path(__file__).is_relative_to(PROJECT):  # installed; the working folder is the user's
        return "unknown"
    try:
        if git("rev-parse", "--show-prefix") or not git("ls-files", "--", "hypergan"):
            return "unknown"  # a repository around the files, or beside them
        dirty = git("status", "--porcelain", "--", "hypergan")
        return git("rev-parse", "HEAD") + ("-dirty" if dirty else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def same_code(one: str, other: str) -> bool:
    """Whether the package is the same at two commits; one with changes on top never is."""
    if not all(re.fullmatch("[0-9a-f]{40}", commit) for commit in (one, other)):
        return False
    if one == other:
        return True
    try:
        git("diff", "--quiet", "--end-of-options", one, other, "--", "hypergan")
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def git(*arguments: str) -> str:
    """What a command of git says in the checkout, whatever repository the environment names.

    Raises:
        OSError: If there is no git.
        subprocess.CalledProcessError: If it fails.
    """
    environment = {name: v for name, v in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-C", str(PROJECT), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()
