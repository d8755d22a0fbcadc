"""The Gaussian mixture (McLachlan & Peel 2000), conditioned as Gaussian mixture regression does it (Calinon 2016): over
condition and x jointly, which for a given condition is a mixture over x with other weights and means.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from genmodels_ros.models.family import Family, FamilyConfig
from genmodels_ros.models.mixture.gaussians import Gaussians

COVARIANCES = ("full", "diag", "tied")


@dataclass(frozen=True)
class GaussianMixtureConfig(FamilyConfig):
    """components: K, 0 for the number of least BIC among 1 to most_components; covariance: one of COVARIANCES

    regularisation: added to every variance, in the family's units; restarts: of k-means++, for each K tried.
    """

    components: int = 0
    covariance: str = "full"
    regularisation: float = 1e-6
    restarts: int = 3
    most_components: int = 40

    def check(self) -> None:
        self.within("components", 0, 10_000)
        self.one_of("covariance", COVARIANCES)
        self.within("regularisation", 0.0, 1.0)
        self.within("restarts", 1, 1000)
        self.within("most_components", 1, 10_000)


class GaussianMixture(Family):
    """Standard normal until it is given its Gaussians, whose J = C + D columns are (condition, x).

    Training has no gradients: training/families/expectation_maximisation.py.
    """

    Config = GaussianMixtureConfig
    likelihood = "exact"

    def __init__(self, config: GaussianMixtureConfig):
        super().__init__(config)
        K, J = max(1, config.components), config.condition_dimension + config.dimension
        shape = {"full": (K, J), "tied": (1, J), "diag": (K, J)}[config.covariance]
        ones = torch.ones(shape)
        self.register_buffer("log_weights", torch.full((K,), 1 / K).log())
        self.register_buffer("means", torch.zeros(K, J))
        self.register_buffer("factors", ones if config.covariance == "diag" else ones.diag_embed())

    @property
    def gaussians(self) -> Gaussians:
        return Gaussians(self.log_weights, self.means, self.factors)

    def take(self, gaussians: Gaussians) -> None:
        """Replaces the Gaussians, in this model's precision and on its device; their number goes to the config."""
        self.config = replace(self.config, components=len(gaussians))
        for name in ("log_weights", "means", "factors"):
            setattr(self, name, getattr(gaussians, name).to(getattr(self, name)))

    def log_prob(self, x: Tensor, condition: Tensor | None = None, *, rng: torch.Generator | None = None) -> Tensor:
        """log p(c, x) - log p(c); nothing is drawn."""
        if condition is None:
            return self.gaussians.log_prob(x)
        return self.gaussians.log_prob(torch.cat([condition, x], dim=-1)) - self.gaussians.log_prob(condition)

    def responsibilities(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """p(k | x, c) [N, K]: which component a row comes from."""
        return self.gaussians.responsibilities(x if condition is None else torch.cat([condition, x], dim=-1))

    def sample(self, n: int, condition: Tensor | None = None, *, rng: torch.Generator) -> Tensor:
        weights, means, factors = self.conditional(self.means.new_empty(n, 0) if condition is None else condition)
        uniform = torch.rand(n, 1, generator=rng, dtype=means.dtype).to(means.device)
        which = (weights.cumsum(-1) < uniform).sum(-1).clamp(max=len(factors) - 1)
        eps = torch.randn(n, means.shape[-1], generator=rng, dtype=means.dtype).to(means.device)
        x = means[torch.arange(n, device=means.device), which]
        for k in which.unique().tolist():
            mine = which == k
            x[mine] += eps[mine] * factors[k] if factors.ndim == 2 else eps[mine] @ factors[k].mT
        return x

    def conditional(self, condition: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """p(x | c) as a mixture: weights [N, K], means [N, K, D], and factors [K, D, D] or, diagonal, [K, D]."""
        gaussians = self.gaussians
        return (
            gaussians.responsibilities(condition),
            gaussians.conditional_means(condition),
            gaussians.conditional_factors(condition.shape[1]),
        )

    def moments(self, condition: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Mean [N, D] and covariance [N, D, D] of p(x | c), N = 1 without a condition."""
        weights, means, factors = self.conditional(self.means.new_empty(1, 0) if condition is None else condition)
        within = (factors.diag_embed() if factors.ndim == 2 else factors).unsqueeze(0)
        mean = torch.einsum("nk,nkd->nd", weights, means)
        away = means - mean[:, None]
        spread = (within @ within.mT) + away[..., :, None] * away[..., None, :]
        return mean, torch.einsum("nk,nkde->nde", weights, spread)
