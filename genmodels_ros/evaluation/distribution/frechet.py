"""Fréchet distance: two samples compared as if both were Gaussians (Dowson and Landau 1982, FID: Heusel et al. 2017).

The features are the caller's, and a figure belongs to them: models/image_features.py for pictures, the standardised
columns for vectors. With few samples it is biased upwards, about as F / N: compare figures of equal N, beside the
distance between two real samples.
"""

import torch
from torch import Tensor


def frechet_distance(first: Tensor, second: Tensor) -> float:
    """Squared distance of features [N, F] and [M, F]."""
    return gaussian_frechet_distance(*_moments(first), *_moments(second))


def gaussian_frechet_distance(mean_1: Tensor, covariance_1: Tensor, mean_2: Tensor, covariance_2: Tensor) -> float:
    """|m1 - m2|² + tr(S1 + S2 - 2 (S1^½ S2 S1^½)^½), of means [F] and covariances [F, F]."""
    root = _root(covariance_1)
    cross = torch.linalg.eigvalsh(root @ covariance_2 @ root).clamp(min=0).sqrt().sum()
    return float((mean_1 - mean_2).square().sum() + covariance_1.trace() + covariance_2.trace() - 2 * cross)


def _moments(features: Tensor) -> tuple[Tensor, Tensor]:
    features = features.double()
    return features.mean(dim=0), torch.atleast_2d(features.T.cov())


def _root(covariance: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(covariance)
    return vectors * values.clamp(min=0).sqrt() @ vectors.T
