"""K weighted Gaussians by their Cholesky factors: every density in logarithms, every condition exact.

    p(v) = sum_k w_k N(v; mu_k, L_k L_k^T),    log N = -|u|²/2 - sum_j log L_jj - J/2 log 2π,    u = L^-1 (v - mu)

With v = (c, x), c first, the factor falls into blocks and conditioning needs no inverse:

    L = [[L_c, 0], [L_xc, L_x]]      c ~ N(mu_c, L_c L_c^T),      x | c ~ N(mu_x + L_xc u_c, L_x L_x^T)
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from genmodels_ros.sampling.normal import LOG_2PI


@dataclass(frozen=True)
class Gaussians:
    """log_weights [K]; means [K, J]; factors [K, J, J] (full), [1, J, J] (tied) or [K, J] (diag: standard deviations).

    Arguments `v` may hold the first m <= J columns only: what is said then is said of their marginal.
    """

    log_weights: Tensor
    means: Tensor
    factors: Tensor

    def __len__(self) -> int:
        return len(self.means)

    @property
    def diagonal(self) -> bool:
        return self.factors.ndim == 2

    @property
    def each(self) -> Tensor:
        """The factors, one for every component (tied: the same one, not copied)."""
        return self.factors.expand(len(self), *self.factors.shape[1:])

    def covariances(self) -> Tensor:
        """[K, J, J]."""
        factors = self.each.diag_embed() if self.diagonal else self.each
        return factors @ factors.mT

    def whiten(self, v: Tensor, k: int) -> Tensor:
        """u [N, m] of component k for v [N, m]."""
        m = v.shape[1]
        away, factor = v - self.means[k, :m], self.each[k]
        if self.diagonal:
            return away / factor[:m]
        return torch.linalg.solve_triangular(factor[:m, :m], away.mT, upper=False).mT

    def log_joint(self, v: Tensor) -> Tensor:
        """log w_k + log N_k(v) [N, K] for v [N, m]."""
        m = v.shape[1]
        scales = self.each if self.diagonal else self.each.diagonal(dim1=-2, dim2=-1)
        norms = self.log_weights - scales[:, :m].log().sum(-1) - 0.5 * m * LOG_2PI
        squares = torch.stack([self.whiten(v, k).square().sum(-1) for k in range(len(self))], dim=-1)
        return norms - 0.5 * squares

    def log_prob(self, v: Tensor) -> Tensor:
        """[N] nats."""
        return self.log_joint(v).logsumexp(-1)

    def responsibilities(self, v: Tensor) -> Tensor:
        """p(k | v) [N, K]."""
        return self.log_joint(v).softmax(-1)

    def conditional_means(self, c: Tensor) -> Tensor:
        """E[x | c, k] [N, K, J - m] for c [N, m]."""
        m = c.shape[1]
        if self.diagonal:
            return self.means[:, m:].expand(len(c), -1, -1)
        return torch.stack(
            [self.means[k, m:] + self.whiten(c, k) @ self.each[k, m:, :m].mT for k in range(len(self))], dim=1
        )

    def conditional_factors(self, m: int) -> Tensor:
        """Factors of x | c, k, the same for every c: [K, J - m, J - m], or [K, J - m] where diagonal."""
        return self.each[:, m:] if self.diagonal else self.each[:, m:, m:]
