"""Libraries that only a part of the package needs, see ``optional-dependencies`` in pyproject."""

from importlib.util import find_spec

from hypergan.errors import SettingsError


def need(*modules: str, extra: str) -> None:
    """Say which extra to install, before an import fails.

    Args:
        modules: What is going to be imported.
        extra: What brings it.

    Raises:
        SettingsError: If one of them is not there.
    """
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise SettingsError(
            f"{', '.join(missing)} is not installed, which the library alone does not need and "
            f"this does; run pip install --editable '.[{extra}]' in the package's folder"
        )
