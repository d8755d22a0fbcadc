"""The laws of a normalizing flow: exact inverse and log-determinant, a density of mass one, no leaks, all mixed."""

import pytest
import torch

from genmodels_ros.data.vectors import Vectors
from genmodels_ros.models.flow import NormalizingFlow
from genmodels_ros.models.flow.model import variable_orders
from genmodels_ros.models.standardised import Standardised
from genmodels_ros.training.fitting import FitOptions, descend

KINDS = [(structure, transform) for structure in ("coupling", "autoregressive") for transform in ("affine", "spline")]


def flow(structure: str, transform: str, D: int, C: int = 0, disorder: float = 0.15, **settings) -> NormalizingFlow:
    """With weights away from where they start, in float64."""
    torch.manual_seed(0)
    config = {"dimension": D, "condition_dimension": C, "structure": structure, "transform": transform, "width": 32}
    made = NormalizingFlow.from_config(config | settings).double()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter += disorder * torch.randn_like(parameter)
    return made.requires_grad_(False)


def numbers(*shape: int, scale: float = 1.0, seed: int = 1) -> torch.Tensor:
    return scale * torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize(("structure", "transform"), KINDS)
@pytest.mark.parametrize(("D", "C"), [(1, 2), (2, 0), (5, 3)])
def test_inverse_and_log_determinant_are_exact_at_and_beyond_the_bound(structure, transform, D, C):
    made = flow(structure, transform, D, C, disorder=0.1)
    x = torch.cat([numbers(8, D, scale=2.0), torch.full((2, D), 4.0, dtype=torch.float64), numbers(3, D, scale=9.0)])
    c = numbers(len(x), C) if C else None
    z, log_det = made(x, c)
    back, log_det_back = made.inverse(z, c)
    torch.testing.assert_close(back, x, atol=1e-6, rtol=0)
    torch.testing.assert_close(log_det_back, -log_det, atol=1e-6, rtol=0)
    for row in range(len(x)):
        jacobian = torch.autograd.functional.jacobian(
            lambda v, row=row: made(v[None], None if c is None else c[row : row + 1])[0][0], x[row]
        )
        torch.testing.assert_close(jacobian.det().abs().log(), log_det[row], atol=1e-6, rtol=0)


@pytest.mark.parametrize(("structure", "transform"), KINDS)
@pytest.mark.parametrize("C", [0, 2])
def test_the_density_integrates_to_one(structure, transform, C):
    """Change of variables, on a grid over the plane, whatever the condition."""
    made = flow(structure, transform, 2, C, disorder=0.08, layers=2)
    side = torch.linspace(-9, 9, 181, dtype=torch.float64)
    grid = torch.cartesian_prod(side, side)
    condition = torch.tensor([0.7, -0.4], dtype=torch.float64).expand(len(grid), C) if C else None
    mass = made.log_prob(grid, condition).exp().sum() * (side[1] - side[0]) ** 2
    assert abs(float(mass) - 1) < 5e-3


@pytest.mark.parametrize("transform", ["affine", "spline"])
def test_an_autoregressive_layer_does_not_look_ahead(transform):
    made = flow("autoregressive", transform, 4, 2, layers=1)
    x, c = numbers(1, 4), numbers(1, 2)
    jacobian = torch.autograd.functional.jacobian(lambda v: made(v[None], c)[0][0], x[0])
    assert torch.equal(jacobian.triu(1), torch.zeros_like(jacobian).triu(1))
    assert (jacobian.tril(-1).abs().sum(1)[1:] > 0).all()
    over_condition = torch.autograd.functional.jacobian(lambda v: made(x, v[None])[0][0], c[0])
    assert (over_condition.abs().amax(1) > 0).all()


@pytest.mark.parametrize(("structure", "transform"), KINDS)
def test_through_all_layers_every_variable_acts_on_every_other(structure, transform):
    made = flow(structure, transform, 5, layers=6)
    jacobian = torch.autograd.functional.jacobian(lambda v: made(v[None])[0][0], numbers(5, scale=0.5))
    assert (jacobian.abs() > 0).all()


def test_orders_are_permutations_and_each_second_one_reverses():
    orders = variable_orders(6, 7)
    assert torch.equal(orders.sort(dim=1).values, torch.arange(6).expand(7, 6))
    assert torch.equal(orders[1], torch.arange(6).flip(0)) and len({tuple(o.tolist()) for o in orders[::2]}) > 2


@pytest.mark.parametrize(("structure", "transform"), KINDS)
def test_untrained_it_is_nearly_the_identity(structure, transform):
    made = flow(structure, transform, 4, disorder=0.0)
    x = numbers(50, 4)
    z, log_det = made(x)
    torch.testing.assert_close(z.sort(dim=1).values, x.sort(dim=1).values, atol=0.15, rtol=0)
    torch.testing.assert_close(log_det, torch.zeros(50, dtype=torch.float64), atol=0.3, rtol=0)


@pytest.mark.parametrize(("structure", "transform"), KINDS)
@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_extremes_stay_finite(structure, transform, scale):
    made = flow(structure, transform, 4, disorder=0.05).float()
    x = numbers(20, 4, scale=scale).float()
    assert made.log_prob(x).isfinite().all() and made.decode(x).isfinite().all()
    torch.testing.assert_close(made.decode(made.encode(x)), x, rtol=1e-3, atol=1e-3 * max(scale, 1))


def test_samples_follow_the_density():
    """The share of samples in a half-plane equals the integral of the density there."""
    made = flow("coupling", "spline", 2, disorder=0.08, layers=2)
    drawn = made.sample(10_000, rng=torch.Generator().manual_seed(0))
    side = torch.linspace(-8, 8, 201, dtype=torch.float64)
    grid = torch.cartesian_prod(side, side)
    density = made.log_prob(grid).exp() * (side[1] - side[0]) ** 2
    assert abs(float((drawn[:, 0] > 0.5).double().mean() - density[grid[:, 0] > 0.5].sum())) < 0.02


def test_fitted_to_two_moons_it_beats_a_gaussian():
    rng = torch.Generator().manual_seed(0)
    angle = torch.pi * torch.rand(2000, generator=rng)
    upper = torch.rand(2000, generator=rng) > 0.5
    moons = torch.stack([angle.cos(), angle.sin()], 1) * torch.where(upper, 1, -1)[:, None]
    moons = moons + torch.where(upper[:, None], torch.tensor([0.0, 0.0]), torch.tensor([1.0, 0.5]))
    data = Vectors(moons + 0.1 * torch.randn(2000, 2, generator=rng), None, (2,))
    torch.manual_seed(0)
    model = Standardised.of_family("flow", {"dimension": 2, "layers": 3, "width": 32})
    model.measure(data.x)
    descend(model, data, data[torch.arange(200)], FitOptions(steps=150, learning_rate=5e-3, looks=2), rng)
    gaussian = torch.distributions.MultivariateNormal(data.x.mean(0), data.x.T.cov())
    with torch.no_grad():
        assert model.log_prob(data.x).mean() > gaussian.log_prob(data.x).mean() + 0.4
