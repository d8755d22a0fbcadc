"""Maximum mean discrepancy (Gretton et al. 2012): how far two samples are apart in the features of a kernel.

Unbiased (their eq. 3): around 0, and as often below it, for two samples of one distribution.
"""

from collections.abc import Callable

import torch
from torch import Tensor

ROWS_AT_ONCE = 1024


def squared_discrepancy(first: Tensor, second: Tensor, kernel: Callable[[Tensor, Tensor], Tensor]) -> float:
    """MMD² of [N, F] and [M, F]; kernel([n, F], [m, F]) → [n, m]."""
    n, m = len(first), len(second)
    x, y = first.double(), second.double()
    within_x = (_sum(x, x, kernel) - _diagonal(x, kernel)) / (n * (n - 1))
    within_y = (_sum(y, y, kernel) - _diagonal(y, kernel)) / (m * (m - 1))
    return within_x + within_y - 2 * _sum(x, y, kernel) / (n * m)


def gaussian_discrepancy(first: Tensor, second: Tensor, bandwidth: float) -> float:
    """MMD² by exp(-|x - y|² / (2 bandwidth²)): 0 for one distribution alone, as the kernel is characteristic."""
    return squared_discrepancy(first, second, lambda x, y: (-_squares(x, y) / (2 * bandwidth**2)).exp())


def median_distance(reference: Tensor, rows: int = 1000) -> float:
    """The usual bandwidth: median distance between two of the first `rows` of reference [N, F]."""
    return float(torch.pdist(reference[:rows].double()).median())


def kernel_distance(first: Tensor, second: Tensor, scale: Tensor | None = None) -> float:
    """MMD² x1000 by (x·y / F + 1)³, which is KID (Binkowski et al. 2018) in the caller's features [N, F], [M, F].

    They are standardised over `scale` (over both when None): distances that are to be compared need the same.
    """
    reference = torch.cat([first, second]) if scale is None else scale
    deviation, centre = reference.std(dim=0).clamp(min=1e-6), reference.mean(dim=0)
    x, y = ((part - centre) / deviation for part in (first, second))
    return 1000 * squared_discrepancy(x, y, lambda a, b: (a @ b.T / a.shape[1] + 1) ** 3)


def _squares(x: Tensor, y: Tensor) -> Tensor:
    return torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist").square()


def _sum(x: Tensor, y: Tensor, kernel) -> float:
    return float(sum(kernel(part, y).sum() for part in x.split(ROWS_AT_ONCE)))


def _diagonal(x: Tensor, kernel) -> float:
    return float(sum(kernel(row, row).sum() for row in x.split(1)))
