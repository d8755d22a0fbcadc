"""How alike a predicted and a true image are: in structure, in features and in sharpness, as each alone can be won."""

from itertools import pairwise

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from genmodels_ros.models.image_features import SEED, WIDTHS


def ssim(first: np.ndarray, second: np.ndarray) -> float:
    """Mean structural similarity of two images [H, W, 3] uint8, in [-1, 1] (Wang et al. 2004, eq. 13).

    Gaussian windows of 11 x 11 with a deviation of 1.5 pixels; each channel by itself.
    """
    a, b = first.astype(np.float64), second.astype(np.float64)
    blur = lambda values: cv2.GaussianBlur(values, (11, 11), 1.5)[5:-5, 5:-5]  # noqa: E731
    mean_a, mean_b = blur(a), blur(b)
    var_a, var_b = blur(a * a) - mean_a**2, blur(b * b) - mean_b**2
    covariance = blur(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    luminance = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    return float((luminance * (2 * covariance + c2) / (var_a + var_b + c2)).mean())


def sharpness(image: np.ndarray) -> float:
    """Mean size of the differences between neighbours of an image [H, W, 3] uint8, in levels of 255."""
    grey = image.astype(np.float64).mean(-1)
    return float(np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean())


class FeatureDistance:
    """Distance of two images in the features of a fixed network, place by place (Zhang et al. 2018, eq. 1, all w = 1).

    The network is image_distance.py's: convolutions of random weights drawn from one seed, never trained, here with
    ReLU and the first layer at full resolution. It is no judge of meaning and no figure compares with a published
    LPIPS; a figure means something beside the others of its table.
    """

    def __init__(self):
        rng = torch.Generator().manual_seed(SEED)
        self.weights = [torch.randn(b, a, 4, 4, generator=rng) / (16 * a) ** 0.5 for a, b in pairwise(WIDTHS)]

    @torch.no_grad()
    def __call__(self, first: np.ndarray, second: np.ndarray) -> float:
        """Of two images [H, W, 3] uint8: 0 for the same one, at most 4 a layer."""
        pairs = zip(self._features(first), self._features(second), strict=True)
        return float(sum((a - b).square().sum(1).mean() for a, b in pairs))

    def _features(self, image: np.ndarray) -> list[Tensor]:
        h, layers = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 127.5 - 1, []
        for stride, weight in zip((1, 2, 2), self.weights, strict=True):
            h = F.relu(F.conv2d(h, weight, stride=stride, padding=1))
            layers.append(F.normalize(h, dim=1, eps=1e-6))
        return layers
