"""Expectation-maximisation of a Gaussian mixture (Dempster, Laird & Rubin 1977; Bishop 2006, sec. 9.2.2), in float64.

    E   r_nk = softmax_k(log w_k + log N_k(v_n))
    M   N_k = sum_n r_nk,  w_k = N_k / N,  mu_k = sum_n r_nk v_n / N_k,
        Sigma_k = sum_n r_nk (v_n - mu_k)(v_n - mu_k)^T / N_k + λ I

Without the regulariser λ the log-likelihood cannot fall; with it a step may lose about λ: `run` ends before such a one.
"""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.mixture.gaussians import Gaussians
from genmodels_ros.training.families.k_means import k_means

TOLERANCE = 1e-6  # nats a row; a smaller gain is the end
DEAD = 0.1  # rows; a component that answers for fewer is put elsewhere
THINNEST = 1e-10  # standard deviation in the family's units; what is thinner is rounding
REVIVALS = 10  # a run, at most


@dataclass(frozen=True)
class Rules:
    """covariance: full, diag or tied; regularisation: λ."""

    covariance: str = "full"
    regularisation: float = 1e-6


@dataclass(frozen=True)
class Run:
    """log_likelihoods: mean over the rows, before the first step and after each; never falling. revived: components
    moved; converged: whether the gain fell below the tolerance.
    """

    gaussians: Gaussians
    log_likelihoods: tuple[float, ...]
    converged: bool
    revived: int = 0

    def bic(self, rows: int) -> float:
        """Bayesian information criterion (Schwarz 1978), lower is better."""
        return -2 * rows * self.log_likelihoods[-1] + free_parameters(self.gaussians) * math.log(rows)


def run(data: Tensor, start: Gaussians, rules: Rules, steps: int, tolerance: float = TOLERANCE) -> Run:
    """At most `steps` steps from `start` on data [N, J] float64. Raises GenModelsError(INVALID_DATA) as `maximise`."""
    best = gaussians = start
    seen, revived, tries = [], 0, 0
    for _ in range(steps + 1):
        log_joint = gaussians.log_joint(data)
        density = log_joint.logsumexp(-1)
        level = float(density.mean())
        gain = level - seen[-1] if seen else math.inf
        if gain >= 0:
            best = gaussians
            seen.append(level)
        if gain < tolerance:
            return Run(best, tuple(seen), True, revived)
        gaussians = maximise(data, log_joint.softmax(-1), rules)
        if tries < REVIVALS and (dead := gaussians.log_weights.exp() * len(data) < DEAD).any():
            tries += 1
            moved = maximise(data, _revived(gaussians, dead, data, density).responsibilities(data), rules)
            if moved.log_prob(data).mean() > gaussians.log_prob(data).mean():
                gaussians, revived = moved, revived + int(dead.sum())
    return Run(best, tuple(seen), False, revived)


def maximise(data: Tensor, responsibilities: Tensor, rules: Rules) -> Gaussians:
    """The M-step, of responsibilities [N, K].

    Raises GenModelsError(INVALID_DATA) where a covariance has no Cholesky factor.
    """
    counts = responsibilities.sum(0) + 10 * torch.finfo(data.dtype).eps
    means = responsibilities.mT @ data / counts[:, None]
    weights = (counts / counts.sum()).log()
    if rules.covariance == "diag":
        squares = [responsibilities[:, k] @ (data - mean).square() / counts[k] for k, mean in enumerate(means)]
        return Gaussians(weights, means, _roots(torch.stack(squares) + rules.regularisation))
    scatter = torch.stack([(responsibilities[:, k, None] * (data - m)).mT @ (data - m) for k, m in enumerate(means)])
    if rules.covariance == "tied":
        covariances = scatter.sum(0, keepdim=True) / counts.sum()
    else:
        covariances = scatter / counts[:, None, None]
    covariances.diagonal(dim1=-2, dim2=-1).add_(rules.regularisation)
    return Gaussians(weights, means, _roots(covariances))


def spread_start(data: Tensor, components: int, rules: Rules, rng: torch.Generator) -> Gaussians:
    """From k-means. Raises GenModelsError(INVALID_DATA) for fewer rows than components."""
    if components > len(data):
        raise GenModelsError(
            ErrorCode.INVALID_DATA, f"{len(data)} rows cannot feed {components} components: ask for fewer, or 0."
        )
    member = torch.nn.functional.one_hot(k_means(data, components, rng), components).to(data)
    return maximise(data, member, rules)


def free_parameters(gaussians: Gaussians) -> int:
    """Of weights, means and covariances."""
    K, J = gaussians.means.shape
    factors = K * J if gaussians.diagonal else len(gaussians.factors) * J * (J + 1) // 2
    return K - 1 + K * J + factors


def _revived(gaussians: Gaussians, dead: Tensor, data: Tensor, density: Tensor) -> Gaussians:
    """Dead components go to the rows explained worst, half as wide as the heaviest one, with the weight of a row."""
    count = int(dead.sum())
    means, factors = gaussians.means.clone(), gaussians.factors.clone()
    means[dead] = data[density.topk(count, largest=False).indices]
    if len(factors) == len(means):
        factors[dead] = 0.5 * gaussians.factors[gaussians.log_weights.argmax()]
    weights = torch.where(dead, 1 / len(data), gaussians.log_weights.exp())
    return replace(gaussians, log_weights=(weights / weights.sum()).log(), means=means, factors=factors)


def _roots(covariances: Tensor) -> Tensor:
    """Cholesky factors of [*, J, J], square roots of variances [K, J]."""
    if covariances.ndim == 2:
        factors = widths = covariances.sqrt()
    else:
        factors, failed = torch.linalg.cholesky_ex(covariances)
        widths = factors.diagonal(dim1=-2, dim2=-1).where(failed[:, None] == 0, 0.0)
    if not (widths > THINNEST).all():
        raise GenModelsError(
            ErrorCode.INVALID_DATA,
            "A component has no width in some direction: raise `regularisation`, or leave out constant columns.",
        )
    return factors
