"""The densities of the toys are those of their samples."""

import math

import pytest
import torch

from genmodels_ros.data.toys import TOYS, toy
from genmodels_ros.errors import ErrorCode, GenModelsError


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(params=TOYS)
def made(request):
    return toy(request.param)


def middles(cells: int, side: float) -> tuple[torch.Tensor, float]:
    """Centres of cells² squares over [-side, side]² and the area of one."""
    width = 2 * side / cells
    axis = (torch.arange(cells, dtype=torch.float64) + 0.5) * width - side
    return torch.cartesian_prod(axis, axis), width**2


def test_the_density_integrates_to_one(made):
    points, area = middles(200, 5.0)
    assert abs(made.log_prob(points).exp().sum() * area - 1) < 1e-6


def test_samples_fall_where_the_density_says(made):
    """Shares of 20,000 samples in 16 cells against the density's integral over them: within five standard errors."""
    count, cells, fine = 20_000, 4, 50
    x = made.sample(count, seeded())
    points, area = middles(cells * fine, 5.0)
    rows = (points / 2.5 + 2).floor().clamp(0, 3).long()
    mass = torch.zeros(16, dtype=torch.float64)
    mass.index_add_(0, rows[:, 0] * 4 + rows[:, 1], made.log_prob(points).exp() * area)
    where = (x / 2.5 + 2).floor().clamp(0, 3).long()
    share = torch.bincount(where[:, 0] * 4 + where[:, 1], minlength=16) / count
    error = (mass * (1 - mass) / count).clamp(min=0).sqrt()
    assert ((share - mass).abs() < 5 * error + 1e-4).all()


def test_a_seed_reproduces_samples_and_another_does_not(made):
    assert torch.equal(made.sample(9, seeded(1)), made.sample(9, seeded(1)))
    assert not torch.equal(made.sample(9, seeded(1)), made.sample(9, seeded(2)))


def test_the_integral_over_the_moons_has_converged(monkeypatch):
    x = toy("two_moons").sample(100, seeded()).double()
    coarse = toy("two_moons").log_prob(x)
    monkeypatch.setattr("genmodels_ros.data.toys.ARC_NODES", 500)
    torch.testing.assert_close(toy("two_moons").log_prob(x), coarse, atol=1e-10, rtol=0)


def test_the_board_is_two_coloured():
    log_prob = toy("checkerboard").log_prob(torch.tensor([[-3.0, -3.0], [-1.0, -3.0], [-1.0, -1.0], [5.0, 5.0]]))
    assert log_prob.tolist() == pytest.approx([-math.log(32), -math.inf, -math.log(32), -math.inf])


def test_an_unknown_name_is_told_what_there_is():
    with pytest.raises(GenModelsError, match="two_moons") as error:
        toy("spirals")
    assert error.value.code is ErrorCode.INVALID_DATA
