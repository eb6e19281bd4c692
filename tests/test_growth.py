"""Reading many records takes no more memory than reading some, and time in proportion."""

import pytest
from growth import made, measured


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A folder of a thousand records."""
    folder = tmp_path_factory.mktemp("many")
    made(folder, 1_000)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("job", ["list", "claims"])
def test_ten_times_the_records_take_no_more_memory(job, own_runs, many):
    before = measured(job, own_runs)
    seconds, megabytes = measured(job, many)
    assert megabytes < before[1] + 50  # they have 27 MB of text and 300 MB of arrays
    assert seconds < before[0] + 10  # of one core
