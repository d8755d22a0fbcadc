"""Pictures as the vectors that evaluation/distribution compares: KID and the like without Inception.

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
