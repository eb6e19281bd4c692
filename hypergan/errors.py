"""Errors that a user can fix; each message is one sentence that says what to do."""


class HyperGANError(Exception):
    """Base of the package's errors; the command line prints it and exits with code 2."""


class TargetError(HyperGANError):
    """The target network has something that cannot be generated."""


class DataError(HyperGANError):
    """A data set is missing, damaged or of the wrong kind."""


class SettingsError(HyperGANError):
    """An unknown name or a setting out of range."""


class RecordError(HyperGANError):
    """A record is missing, damaged, made with other settings, or of another version."""


class TrainingError(HyperGANError):
    """Training diverged, or a checkpoint does not belong to the run that asks for it."""


class StorageError(HyperGANError):
    """A file or folder cannot be written."""


def require_at_least(least: float, **values: float | None) -> None:
    """Refuse settings that are NaN or below a bound; None means not set.

    >>> require_at_least(1, epochs=0)
    Traceback (most recent call last):
        ...
    hypergan.errors.SettingsError: epochs is 0; it must be 1 or more

    Raises:
        SettingsError: Names the first setting that is refused.
    """
    for name, value in values.items():
        if value is not None and not value >= least:
            raise SettingsError(f"{name} is {value}; it must be {least} or more")
