"""Densities held against closed forms and laws, in float64: how far off is the arithmetic itself, before any fitting?

mixture   log p(x), log p(x | c) and log p of the toys, against torch.distributions and the toys' own formulas
flow      x = f⁻¹(f(x)); log |det df/dx| against that of autograd's Jacobian; the density's integral, in the plane
"""

import torch
from torch import Tensor
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from genmodels_ros.data.toys import toy
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.models.family import Family
from genmodels_ros.models.flow import NormalizingFlow
from genmodels_ros.models.mixture import GaussianMixture
from genmodels_ros.models.mixture.gaussians import Gaussians

POINTS = 1000
SCATTER = 0.1  # deviation of the noise on a new flow's weights: it starts near the identity, which proves nothing
BARS = {"log p": 1e-5, "inverse": 1e-6, "log det": 1e-6}


def closed_form_table(seed: int = 0) -> Table:
    rng = torch.Generator().manual_seed(seed)
    rows = [
        ("mixture", "log p, 5 full Gaussians in 4-D", joint_error(rng), BARS["log p"]),
        ("mixture", "log p(x | c), the same, 2 of 4 given", conditional_error(rng), BARS["log p"]),
        *(("mixture", f"log p, {name}", toy_error(name, rng), BARS["log p"]) for name in ("eight_gaussians", "grid")),
    ]
    for structure in ("coupling", "autoregressive"):
        for transform in ("affine", "spline"):
            flow, name = scattered_flow(rng, structure=structure, transform=transform), f"{structure}, {transform}"
            rows.append(("flow", f"f⁻¹(f(x)), {name}", inverse_error(flow, rng), BARS["inverse"]))
            rows.append(("flow", f"log det, {name}", log_determinant_error(flow, rng), BARS["log det"]))
    return Table(
        f"Densities against closed forms, float64, {POINTS} points",
        ("family", "what", "largest error", "bar"),
        tuple((family, what, f"{error:.1e}", f"{bar:.0e}") for family, what, error, bar in rows),
    )


def joint_error(rng: torch.Generator) -> float:
    """Largest |log p - torch.distributions'|."""
    gaussians, reference = _random_mixture(rng)
    x = _points(gaussians, rng)
    return _largest(_mixture(gaussians, 0).log_prob(x) - reference.log_prob(x))


def conditional_error(rng: torch.Generator) -> float:
    """log p(c, x) - log p(c), the marginal's covariance being a block of the joint's."""
    gaussians, reference = _random_mixture(rng)
    v = _points(gaussians, rng)
    c, x = v[:, :2], v[:, 2:]
    marginal = _torch_mixture(gaussians.log_weights, gaussians.means[:, :2], gaussians.covariances()[:, :2, :2])
    return _largest(_mixture(gaussians, 2).log_prob(x, c) - (reference.log_prob(v) - marginal.log_prob(c)))


def toy_error(name: str, rng: torch.Generator) -> float:
    made = toy(name)
    K = len(made.centres)
    weights = torch.full((K,), 1 / K, dtype=torch.float64).log()
    factors = made.deviation * torch.eye(2, dtype=torch.float64).expand(K, 2, 2)
    x = made.sample(POINTS, rng).double()
    return _largest(_mixture(Gaussians(weights, made.centres, factors), 0).log_prob(x) - made.log_prob(x))


def scattered_flow(rng: torch.Generator, dimension: int = 4, **settings) -> Family:
    """In float64, its weights moved at random."""
    flow = NormalizingFlow.from_config({"dimension": dimension, **settings}).double()
    with torch.no_grad():
        for weight in flow.parameters():
            weight += SCATTER * torch.randn(weight.shape, generator=rng, dtype=weight.dtype)
    return flow


@torch.no_grad()
def inverse_error(flow: Family, rng: torch.Generator) -> float:
    x = torch.randn(POINTS, flow.config.dimension, generator=rng, dtype=torch.float64)
    return _largest(flow.decode(flow.encode(x)) - x)


def log_determinant_error(flow: Family, rng: torch.Generator) -> float:
    """log det = log p(x) - log N(f(x); 0, I)."""
    x = torch.randn(POINTS, flow.config.dimension, generator=rng, dtype=torch.float64)
    jacobian = torch.func.vmap(torch.func.jacrev(lambda row: flow.encode(row[None])[0]))(x)
    base = MultivariateNormal(torch.zeros(x.shape[1]).double(), torch.eye(x.shape[1]).double())
    with torch.no_grad():
        stated = flow.log_prob(x) - base.log_prob(flow.encode(x))
    return _largest(stated - torch.linalg.slogdet(jacobian).logabsdet)


def _random_mixture(rng: torch.Generator, K: int = 5, J: int = 4) -> tuple[Gaussians, MixtureSameFamily]:
    weights = torch.rand(K, generator=rng, dtype=torch.float64).log_softmax(0)
    means = 3 * torch.randn(K, J, generator=rng, dtype=torch.float64)
    a = torch.randn(K, J, J, generator=rng, dtype=torch.float64)
    factors = torch.linalg.cholesky(a @ a.mT + 0.1 * torch.eye(J))
    gaussians = Gaussians(weights, means, factors)
    return gaussians, _torch_mixture(weights, means, gaussians.covariances())


def _torch_mixture(log_weights: Tensor, means: Tensor, covariances: Tensor) -> MixtureSameFamily:
    return MixtureSameFamily(Categorical(logits=log_weights), MultivariateNormal(means, covariances))


def _points(gaussians: Gaussians, rng: torch.Generator) -> Tensor:
    """Wider than the mixture, so that its tails are asked, too."""
    J = gaussians.means.shape[1]
    return 5 * torch.randn(POINTS, J, generator=rng, dtype=torch.float64)


def _mixture(gaussians: Gaussians, condition_dimension: int) -> GaussianMixture:
    J = gaussians.means.shape[1]
    config = {"dimension": J - condition_dimension, "condition_dimension": condition_dimension}
    model = GaussianMixture.from_config(config).double()
    model.take(gaussians)
    return model


def _largest(error: Tensor) -> float:
    return float(error.detach().abs().max())
