import pytest
import torch

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.vae.latent_space import direction, spherical, straight


def draws(count: int, size: int = 64) -> torch.Tensor:
    return torch.randn(count, size, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("way", [straight, spherical])
def test_ways_begin_and_end_where_they_should_and_step_evenly(way):
    a, b = draws(2)
    path = way(a, b, 9)
    torch.testing.assert_close(path[0], a)
    torch.testing.assert_close(path[-1], b, atol=1e-5, rtol=1e-5)
    steps = path.diff(dim=0).norm(dim=1)
    assert steps.max() / steps.min() < 1.05


def test_the_arc_keeps_the_norm_that_the_line_loses():
    a, b = torch.nn.functional.normalize(draws(2), dim=1)
    assert straight(a, b, 3)[1].norm() < 0.8
    torch.testing.assert_close(spherical(a, b, 7).norm(dim=1), torch.ones(7))


def test_there_is_a_way_between_parallel_and_opposite_points():
    a = draws(1)[0]
    for b in (a, 2 * a, -a):
        assert spherical(a, b, 5).isfinite().all()


def test_a_direction_moves_the_means_of_two_groups_onto_each_other():
    z, has = draws(50, 3), torch.arange(50) % 3 == 0
    z[has] += torch.tensor([5.0, 0.0, 0.0])
    torch.testing.assert_close((z[~has] + direction(z, has)).mean(0), z[has].mean(0), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("has", [[True] * 4, [False] * 4])
def test_one_group_has_no_direction(has):
    with pytest.raises(GenModelsError) as error:
        direction(draws(4), torch.tensor(has))
    assert error.value.code is ErrorCode.INVALID_DATA
