import pytest
import torch

from hypergan.baselines.flows import Coupling, Flow


@pytest.fixture
def vectors(generator):
    return torch.randn(3, 5, generator=generator, dtype=torch.float64)


def jacobians(function, vectors):
    """The Jacobian of a map of each vector to a vector of its length, (N, D, D)."""
    whole = torch.autograd.functional.jacobian(function, vectors)
    return torch.stack([whole[i, :, i] for i in range(len(vectors))])


def test_a_steps_log_determinant_is_that_of_its_jacobian(vectors, generator):
    step = Coupling(5, 7).double()
    kept = torch.rand(3, 5, generator=generator) > 0.5
    _, log_det = step(vectors, kept)
    expected = jacobians(lambda v: step(v, kept)[0], vectors).det().abs().log()
    assert (expected != 0).any()
    torch.testing.assert_close(log_det, expected)


def test_a_chains_log_determinant_is_that_of_its_jacobian(vectors):
    flow = Flow(5, steps=3, hidden=7).double()

    def move(inputs):
        return flow(inputs, torch.Generator().manual_seed(1))

    _, log_det = move(vectors)
    expected = jacobians(lambda inputs: move(inputs)[0], vectors).det().abs().log()
    torch.testing.assert_close(log_det, expected)


def test_a_step_moves_only_what_the_mask_does_not_keep(vectors):
    kept = torch.tensor([True, False, True, False, False]).expand(3, 5)
    moved, _ = Coupling(5, 7).double()(vectors, kept)
    assert torch.equal(moved[kept], vectors[kept])
    assert (moved[~kept] != vectors[~kept]).all()


def test_without_steps_a_flow_is_the_identity(vectors):
    moved, log_det = Flow(5, steps=0, hidden=7)(vectors)
    assert torch.equal(moved, vectors)
    assert torch.equal(log_det, torch.zeros(3, dtype=torch.float64))


def test_masks_come_from_the_generator_and_differ_between_vectors():
    flow = Flow(40, steps=1, hidden=3)
    ones = torch.ones(2, 40)
    first, again = (flow(ones, torch.Generator().manual_seed(2))[0] for _ in range(2))
    assert torch.equal(first, again)
    unmoved = first == 1
    assert (unmoved[0] != unmoved[1]).any()
    assert 20 < unmoved.sum() < 60
