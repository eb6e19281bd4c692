"""What may be installed besides the package: libraries that only part of it needs, and plug-ins.

The libraries are the ``optional-dependencies`` in pyproject.toml.
"""

from collections.abc import Iterable
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import Any

from hypergan.errors import SettingsError


def need(*modules: str, extra: str) -> None:
    """Check that optional modules are installed, before an import fails.

    Args:
        modules: Modules that will be imported.
        extra: The extra that installs them.

    Raises:
        SettingsError: If one is missing; says which extra to install.
    """
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise SettingsError(
            f"{', '.join(missing)} is not installed, an optional dependency that is needed here; "
            f"run pip install --editable '.[{extra}]' in the package's folder"
        )


def plugged_in(group: str, known: Iterable[str]) -> dict[str, Any]:
    """What installed packages add as entry points of a group, by name.

    Raises:
        SettingsError: If one cannot be imported, or has a name that is taken.
    """
    found: dict[str, Any] = {}
    for point in entry_points(group=group):
        package = point.dist.name if point.dist else "an installed package"
        where = f"the entry point {point.name!r} in {group} of {package}"
        if point.name in {*known, *found}:
            raise SettingsError(f"{where} has a name that is taken; rename it or uninstall that")
        try:
            found[point.name] = point.load()
        except Exception as error:  # whatever somebody else's code raises
            raise SettingsError(
                f"{where} cannot be loaded ({type(error).__name__}: {error}); mend or uninstall it"
            ) from error
    return found
