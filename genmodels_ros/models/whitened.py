"""A family's model of what is left of a vector when its linear relations are taken out.

x' = L⁻¹ (x - mean) / spread,  correlation matrix = L Lᵀ (Cholesky);  log p(x) = log p'(x') - Σ log spread_i L_ii

Coordinate i of x' is what x_i tells beyond the best linear guess from x_1 … x_{i-1}. Two sensors that agree to a
thousandth become one broad and one narrow direction, both of unit variance: a network sees them with the same ease.

Columns may be taken as given. They come first in the order, so that the rest of x' is what the other columns tell
beyond them, and are the condition of the family: log p(rest | given), the sum over the rest alone.
"""

import torch
from torch import Tensor, nn

from genmodels_ros.models.standardised import SMALLEST_SPREAD, Standardised

RIDGE = 1e-6  # of the correlations: no direction is taken for narrower than a thousandth of a standard deviation


class Whitened(nn.Module):
    """Densities of x [N, D] in the data's units; `inner` models the rest of x' under the given part."""

    described: dict = {}  # noqa: RUF012  replaced, never changed

    def __init__(self, inner: Standardised):
        super().__init__()
        self.inner = inner
        self.given = len(inner.condition_centre)  # C
        D = self.given + len(inner.centre)
        self.register_buffer("order", torch.arange(D))
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
    def measure(self, x: Tensor, given: list[int] | None = None) -> None:
        """Takes mean, spread and correlations from x [N, D]; a column that never changes keeps its units.

        given: the C columns taken as given.
        """
        given = given or []
        rest = [column for column in range(x.shape[1]) if column not in set(given)]
        self.order.copy_(torch.tensor([*given, *rest]))
        x = x[:, self.order].double()
        deviation = x.std(dim=0, correction=0)
        changes = deviation > SMALLEST_SPREAD
        mean, spread = x.mean(dim=0), torch.where(changes, deviation, 1.0)
        scaled = (x - mean) / spread
        correlation = scaled.T @ scaled / len(x) + torch.diag((~changes).double() + RIDGE)
        eye = torch.eye(len(mean), dtype=torch.float64)
        unmix = torch.linalg.solve_triangular(torch.linalg.cholesky(correlation), eye, upper=False)
        for name, value in (("mean", mean), ("spread", spread), ("unmix", unmix)):
            getattr(self, name).copy_(value)

    def white(self, x: Tensor) -> Tensor:
        """x' [N, D], the given part first."""
        return ((x[:, self.order] - self.mean) / self.spread) @ self.unmix.T

    def log_prob(self, x: Tensor, *, rng: torch.Generator | None = None) -> Tensor:
        """[N] nats, of the rest under the given part; raises NOT_FINITE for infinities."""
        return self.log_prob_of_white(self.white(x), rng=rng)

    def log_prob_of_white(self, white: Tensor, *, rng: torch.Generator | None = None) -> Tensor:
        """The same of x' [N, D]."""
        C = self.given
        condition = white[:, :C] if C else None
        slopes = self.unmix.diagonal()[C:].log() - self.spread[C:].log()
        return self.inner.log_prob(white[:, C:], condition, rng=rng) + slopes.sum()

    def precision(self) -> Tensor:
        """Curvature [D, D] of -log p in x, were x' Gaussian: without a given part the inverse covariance of x."""
        rest = (self.unmix.double() / self.spread.double())[self.given :]
        back = self.order.argsort()
        return (rest.T @ rest)[back][:, back]
