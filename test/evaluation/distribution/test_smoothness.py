import pytest
import torch

from genmodels_ros.evaluation.distribution.smoothness import STEPS, interpolation_smoothness
from genmodels_ros.models.vae.latent_space import spherical


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_a_linear_decoder_goes_straight_at_the_speed_of_its_matrix():
    a, first, second = normal(3, 5), normal(40, 3, seed=1), normal(40, 3, seed=2)
    found = interpolation_smoothness(lambda z: z @ a, first, second)
    speed = ((second - first) @ a).square().sum(-1).mean()
    assert found.path_length == pytest.approx(float(speed)) and found.detour == pytest.approx(1)
    assert found.largest_step == pytest.approx(1 / STEPS)


def test_a_decoder_that_jumps_is_found_out():
    found = interpolation_smoothness(
        lambda z: (z > 0.3).double(), torch.zeros(4, 1).double(), torch.ones(4, 1).double()
    )
    assert found.largest_step == pytest.approx(1) and found.path_length == pytest.approx(STEPS)


def test_a_quarter_of_a_circle_is_half_pi_over_root_two_of_its_chord():
    first, second = torch.tensor([[1.0, 0.0]]).double(), torch.tensor([[0.0, 1.0]]).double()
    found = interpolation_smoothness(lambda z: z, first, second, way=spherical)
    assert found.detour == pytest.approx(torch.pi / 2 / 2**0.5, rel=1e-3)


def test_lengths_are_in_units_of_the_scale():
    first, second = normal(5, 2), normal(5, 2, seed=1)
    one, ten = (interpolation_smoothness(lambda z: z, first, second, s) for s in (1.0, torch.tensor([10.0, 10.0])))
    assert ten.path_length == pytest.approx(one.path_length / 100)
