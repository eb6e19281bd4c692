"""Libraries that only part of the package needs: ``optional-dependencies`` in pyproject.toml."""

from importlib.util import find_spec

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
