import random
import time

import numpy as np
import pytest
import torch

from hypergan.evaluation.stages import Stages


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


def drawing(generator):
    """A stage that takes randomness and finds all kinds of values."""

    def work():
        number = torch.rand((), generator=generator).item()
        array = np.array([number, 2.5], dtype=np.float16)
        return {"number": number, "none": None, "by": {"1": 2}}, {"array": array}

    return work


def forbidden():
    raise AssertionError("done twice")


def same(one, other):
    return one[0] == other[0] and all(np.array_equal(one[1][k], other[1][k]) for k in one[1])


def test_what_was_done_is_taken_over_with_its_randomness(generator, tmp_path):
    path = tmp_path / "stages"
    stages = Stages(generator, path)
    first, second = (stages.do(name, drawing(generator)) for name in ("one", "two"))
    assert not same(first, second)
    after = generator.get_state()
    again = Stages(generator.manual_seed(0), path)
    assert same(again.do("one", forbidden), first)
    assert same(again.do("two", forbidden), second)
    assert torch.equal(generator.get_state(), after)


def test_a_stage_that_began_elsewhere_is_done_again(generator, tmp_path):
    first = Stages(generator, tmp_path / "stages").do("one", drawing(generator))
    later = Stages(generator, tmp_path / "stages").do("one", drawing(generator))
    assert not same(first, later)


def test_a_stage_of_another_subject_is_done_again(generator, tmp_path):
    path = tmp_path / "stages"
    Stages(generator, path, "one posterior").do("one", lambda: ({"of": "one"}, {}))
    generator.manual_seed(0)
    found, _ = Stages(generator, path, "another").do("one", lambda: ({"of": "another"}, {}))
    assert found == {"of": "another"}


def test_a_damaged_file_is_as_good_as_none(generator, tmp_path):
    path = tmp_path / "stages"
    first = Stages(generator, path).do("one", drawing(generator))
    path.write_bytes(path.read_bytes()[:100])
    stages = Stages(generator.manual_seed(0), path)
    assert stages.done == {}
    assert same(stages.do("one", drawing(generator)), first)


def test_a_hundred_altered_bytes_give_no_other_result(generator, tmp_path):
    path = tmp_path / "stages"
    first = Stages(generator, path).do("one", drawing(generator))
    content, places = path.read_bytes(), random.Random(0)
    for place in places.sample(range(len(content)), 100):
        damaged = bytearray(content)
        damaged[place] ^= places.randrange(1, 256)
        path.write_bytes(damaged)
        assert Stages(generator, path).done == {}
    path.write_bytes(content)
    assert same(Stages(generator.manual_seed(0), path).do("one", forbidden), first)


def test_the_time_of_a_stage_counts_once_it_was_done(generator, tmp_path):
    def slow():
        time.sleep(0.1)
        return {}, {}

    Stages(generator, tmp_path / "stages").do("one", slow)
    resumed = Stages(generator, tmp_path / "stages")
    resumed.do("one", forbidden)
    assert resumed.seconds >= 0.1


def test_without_a_file_nothing_is_kept(generator):
    stages = Stages(generator)
    first = stages.do("one", drawing(generator))
    generator.manual_seed(0)
    assert same(stages.do("one", drawing(generator)), first)
