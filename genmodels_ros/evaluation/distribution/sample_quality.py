"""Are made samples like real ones (precision, density), and are all kinds of real ones among them (recall, coverage)?

Improved precision and recall: Kynkäänniemi et al. 2019; density and coverage: Naeem et al. 2020. All by balls around
each point that reach to its k-th neighbour of the same set, in features that the caller
chooses (pictures: models/image_features.py).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from genmodels_ros.models.coverage import coverage, neighbour_radius

NEIGHBOURS = 5


@dataclass(frozen=True)
class SampleQuality:
    """All but density lie in [0, 1]; density is near 1 for two samples of one distribution."""

    precision: float
    recall: float
    density: float
    coverage: float


def sample_quality(real: Tensor, made: Tensor, k: int = NEIGHBOURS) -> SampleQuality:
    """Features [N, F] and [M, F], standardised over the real ones first."""
    mean, deviation = real.mean(0), real.std(0).clamp(min=1e-6)
    real, made = (real - mean) / deviation, (made - mean) / deviation
    real_radius, made_radius = neighbour_radius(real, k), neighbour_radius(made, k)
    distances = torch.cdist(real, made)
    inside = distances <= real_radius[:, None]  # made j within the ball of real i
    return SampleQuality(
        precision=float(inside.any(0).float().mean()),
        recall=float((distances <= made_radius[None]).any(1).float().mean()),
        density=float(inside.float().sum(0).mean() / k),
        coverage=coverage(real, real_radius, made),
    )
