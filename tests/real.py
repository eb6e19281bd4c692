"""The mark of tests on real data."""

import os

import pytest

from hypergan.paths import downloads


def real(folder: str):
    """Mark a test of the real files, skipped where they are not."""
    here = bool(os.environ.get("HYPERGAN_DATA")) and (downloads() / folder).is_dir()
    skip = pytest.mark.skipif(not here, reason=f"HYPERGAN_DATA has no {folder}")
    return lambda test: pytest.mark.real(skip(test))
