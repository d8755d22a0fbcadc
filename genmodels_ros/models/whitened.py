"""A family's model of what is left of a vector when its linear relations are taken out.

x' = L⁻¹ (x - mean) / spread,  correlation matrix = L Lᵀ (Cholesky);  log p(x) = log p'(x') - Σ log spread_i L_ii

Coordinate i of x' is what x_i tells beyond the best linear guess from x_1 … x_{i-1}. Two sensors that agree to a
thousandth become one broad and one narrow direction, both of unit variance: a network sees them with the same ease.
"""

import torch
from torch import Tensor, nn

from genmodels_ros.models.standardised import SMALLEST_SPREAD, Standardised

RIDGE = 1e-6  # of the correlations: no direction is taken for narrower than a thousandth of a standard deviation


class Whitened(nn.Module):
    """Densities of x [N, D] in the data's units; `inner` models x'."""

    described: dict = {}  # noqa: RUF012  replaced, never changed

    def __init__(self, inner: Standardised):
        super().__init__()
        self.inner = inner
        D = len(inner.centre)
        self.register_buffer("mean", torch.zeros(D))
        self.register_buffer("spread", torch.ones(D))
        self.register_buffer("unmix", torch.eye(D))  # L⁻¹

    @classmethod
    def from_config(cls, config: dict) -> "Whitened":
        """The model of a checkpoint's card; keys that start with `data_` describe the data and are kept."""
        model = cls(Standardised.from_config(config))
        model.described = model.inner.described
        return model

    @property
    def card_config(self) -> dict:
        """For a checkpoint's card."""
        return {**self.inner.card_config, **self.described}

    @torch.no_grad()
    def measure(self, x: Tensor) -> None:
        """Takes mean, spread and correlations from x [N, D]; a column that never changes keeps its units."""
        x = x.double()
        deviation = x.std(dim=0, correction=0)
        mean, spread = x.mean(dim=0), torch.where(deviation > SMALLEST_SPREAD, deviation, 1.0)
        scaled = (x - mean) / spread
        correlation = scaled.T @ scaled / len(x)
        alive = (deviation > SMALLEST_SPREAD).double()
        correlation = correlation + torch.diag(1 - alive) + RIDGE * torch.eye(len(mean), dtype=torch.float64)
        eye = torch.eye(len(mean), dtype=torch.float64)
        unmix = torch.linalg.solve_triangular(torch.linalg.cholesky(correlation), eye, upper=False)
        for name, value in (("mean", mean), ("spread", spread), ("unmix", unmix)):
            getattr(self, name).copy_(value)

    def white(self, x: Tensor) -> Tensor:
        """x' [N, D]."""
        return ((x - self.mean) / self.spread) @ self.unmix.T

    def log_prob(self, x: Tensor, *, rng: torch.Generator | None = None) -> Tensor:
        """[N] nats, what it is worth says the family's `likelihood`; a row of infinities raises NOT_FINITE."""
        return self.log_prob_of_white(self.white(x), rng=rng)

    def log_prob_of_white(self, white: Tensor, *, rng: torch.Generator | None = None) -> Tensor:
        """The same of x' [N, D]."""
        return self.inner.log_prob(white, rng=rng) - self.spread.log().sum() + self.unmix.diagonal().log().sum()

    def precision(self) -> Tensor:
        """Inverse covariance [D, D] of x."""
        scaled = self.unmix.double() / self.spread.double()
        return scaled.T @ scaled
