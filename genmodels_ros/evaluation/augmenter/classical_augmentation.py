"""Classical augmentation of colour, light and noise: the bar that a generative one has to clear.

The operations and their usual ranges are those of the common libraries (colour jitter, random gamma, Gaussian noise and
blur); geometry is left alone, so that labels hold as the augmenter's do.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch

from genmodels_ros.training.camera.colour_changes import contrasted, noisy, recoloured
from genmodels_ros.training.camera.segmentation import as_tensor


@dataclass(frozen=True)
class Policy:
    """Ranges of random numbers, drawn anew for each image.

    exposure, gamma: factor and exponent, log-uniform; contrast, saturation: factors around the mean and around grey;
    hue: ± turns; noise: largest standard deviation, image in [0, 1]; blur: largest deviation in pixels
    """

    exposure: tuple[float, float] = (1.0, 1.0)
    contrast: tuple[float, float] = (1.0, 1.0)
    saturation: tuple[float, float] = (1.0, 1.0)
    hue: float = 0.0
    gamma: tuple[float, float] = (1.0, 1.0)
    noise: float = 0.0
    blur: float = 0.0

    def __call__(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """uint8 [H, W, 3] → uint8 [H, W, 3]."""
        one = torch.ones(1)
        saturation, hue = one * rng.uniform(*self.saturation), one * 2 * torch.pi * rng.uniform(-self.hue, self.hue)
        x = recoloured(as_tensor(image[None]), hue, saturation)
        x = (x * _log_uniform(self.exposure, rng)).clamp(0, 1) ** _log_uniform(self.gamma, rng)
        x = contrasted(x, one * rng.uniform(*self.contrast))
        if self.blur:
            x = _blurred(x, rng.uniform(0.1, self.blur))
        if self.noise:
            level = one * rng.uniform(0, self.noise)
            x = noisy(x, level, torch.from_numpy(rng.standard_normal(x.shape, dtype=np.float32)))
        return (x[0].clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()


COLOUR = {"saturation": (0.5, 1.5), "hue": 0.05}
POLICIES = {
    "mild jitter": Policy((0.6, 1.4), (0.6, 1.4), **COLOUR),
    "strong jitter": Policy((0.2, 1.8), (0.2, 1.8), (0.0, 2.0), 0.1),
    "jitter, gamma": Policy((0.4, 1.6), (0.4, 1.6), **COLOUR, gamma=(0.4, 2.5)),
    "jitter, noise": Policy((0.3, 1.6), (0.4, 1.6), **COLOUR, noise=0.1),
    "dark, noise": Policy((0.08, 1.0), (0.4, 1.2), **COLOUR, gamma=(0.7, 1.6), noise=0.08),
    "everything": Policy((0.08, 1.8), (0.1, 1.5), (0.0, 1.5), 0.05, (0.4, 2.5), 0.12, 1.5),
}


def _blurred(images: torch.Tensor, sigma: float) -> torch.Tensor:
    """One image, [1, 3, H, W]; sigma in pixels."""
    rows = cv2.GaussianBlur(images[0].permute(1, 2, 0).contiguous().numpy(), (0, 0), sigma)
    return torch.from_numpy(rows).permute(2, 0, 1)[None]


def _log_uniform(limits: tuple[float, float], rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(*np.log(limits))))
