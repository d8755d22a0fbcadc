import pytest
import torch

from genmodels_ros.evaluation.distribution.frechet import frechet_distance, gaussian_frechet_distance


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_of_gaussians_with_common_axes_it_is_the_closed_form():
    """|m1 - m2|² + sum (s1 - s2)², also when both are turned together."""
    s1, s2, shift = torch.tensor([[1.0, 2.0, 0.5], [3.0, 0.1, 0.5], [0.3, -1.0, 2.0]]).double()
    turn = torch.linalg.qr(normal(3, 3))[0]
    one, two = (turn @ torch.diag(s**2) @ turn.T for s in (s1, s2))
    found = gaussian_frechet_distance(torch.zeros(3).double(), one, shift, two)
    assert found == pytest.approx(float(shift.square().sum() + (s1 - s2).square().sum()), rel=1e-9)


def test_of_any_two_gaussians_it_is_that_of_the_definition():
    """tr (S1 S2)^½ from the eigenvalues of the product, which is not symmetric."""
    a, b = normal(4, 4), normal(4, 4, seed=1)
    one, two = a @ a.T, b @ b.T
    root = torch.linalg.eigvals(one @ two).sqrt().sum().real
    mean = torch.zeros(4).double()
    assert gaussian_frechet_distance(mean, one, mean, two) == pytest.approx(
        float(one.trace() + two.trace() - 2 * root), rel=1e-9
    )


def test_a_sample_is_at_no_distance_from_itself_and_at_the_shift_from_its_shifted_self():
    x = normal(300, 5)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(x, x + 2) == pytest.approx(20, rel=1e-9)


def test_fewer_rows_than_columns_are_no_error():
    assert frechet_distance(normal(5, 20), normal(6, 20, seed=1)) > 0
