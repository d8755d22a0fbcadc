"""Kernel inception distance without Inception: how far two sets of images are apart in the features of a fixed network.

The features are those of models/image_features.py: a figure means something beside the others of its table, above all
beside the distance between two halves of real images.
"""

import numpy as np
import torch
from torch import Tensor

from genmodels_ros.models.image_features import image_features


def features(images: np.ndarray) -> Tensor:
    """uint8 [N, H, W, 3] → [N, F]; see `image_features`."""
    return image_features(torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2))


def kernel_distance(first: Tensor, second: Tensor, scale: Tensor | None = None) -> float:
    """Unbiased squared maximum mean discrepancy with the kernel (x·y / F + 1)³ (Binkowski et al. 2018), x1000.

    features [N, F] and [M, F], standardised over `scale` (over both when None): distances that are to be compared need
    the same. Around 0, and possibly below it, for two samples of one distribution.
    """
    reference = torch.cat([first, second]) if scale is None else scale
    deviation, centre = reference.std(dim=0).clamp(min=1e-6), reference.mean(dim=0)
    x, y = ((part - centre) / deviation for part in (first, second))
    n, m = len(x), len(y)
    within_x = (_kernel(x, x).sum() - _kernel(x, x).diagonal().sum()) / (n * (n - 1))
    within_y = (_kernel(y, y).sum() - _kernel(y, y).diagonal().sum()) / (m * (m - 1))
    return float(1000 * (within_x + within_y - 2 * _kernel(x, y).mean()))


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    return (x.double() @ y.double().T / x.shape[1] + 1) ** 3
