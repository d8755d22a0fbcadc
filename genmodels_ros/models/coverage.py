"""How much of a reference a sample reaches, by nearest neighbours in a feature space."""

import torch
from torch import Tensor


def neighbour_radius(features: Tensor, k: int = 5) -> Tensor:
    """Distance [N] of each row of `features` [N, F] to its k-th nearest other row. Raises ValueError for N <= k."""
    if len(features) <= k:
        raise ValueError(f"{k} neighbours need more than {k} rows, got {len(features)}")
    return torch.cdist(features, features).kthvalue(k + 1, dim=1).values  # the row itself is the first


def coverage(reference: Tensor, radius: Tensor, sample: Tensor) -> float:
    """Share of `reference` [N, F] with a row of `sample` [M, F] within its `radius` [N] (Naeem et al. 2020, eq. 4).

    Near 1 - 2^-k for two samples of one distribution with N = M; near 0 when the sample has collapsed.
    """
    return float((torch.cdist(reference, sample).amin(dim=1) <= radius).float().mean())
