"""Classical augmentation of colour, light and noise with OpenCV: the bar that a generative one has to clear.

The operations and their usual ranges are those of the common libraries (colour jitter, random gamma, Gaussian noise and
blur); geometry is left alone, so that labels hold as the augmenter's do.
"""

from dataclasses import dataclass

import cv2
import numpy as np


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
        x = _recoloured(image, rng.uniform(*self.saturation), rng.uniform(-self.hue, self.hue))
        x = np.clip(x * _log_uniform(self.exposure, rng), 0, 1) ** _log_uniform(self.gamma, rng)
        mean = x.mean()
        x = mean + (x - mean) * rng.uniform(*self.contrast)
        if self.blur:
            x = cv2.GaussianBlur(x, (0, 0), rng.uniform(0.1, self.blur))
        if self.noise:
            x = x + rng.uniform(0, self.noise) * rng.standard_normal(x.shape, dtype=np.float32)
        return np.rint(np.clip(x, 0, 1) * 255).astype(np.uint8)


COLOUR = {"saturation": (0.5, 1.5), "hue": 0.05}
POLICIES = {
    "mild jitter": Policy((0.6, 1.4), (0.6, 1.4), **COLOUR),
    "strong jitter": Policy((0.2, 1.8), (0.2, 1.8), (0.0, 2.0), 0.1),
    "jitter, gamma": Policy((0.4, 1.6), (0.4, 1.6), **COLOUR, gamma=(0.4, 2.5)),
    "jitter, noise": Policy((0.3, 1.6), (0.4, 1.6), **COLOUR, noise=0.1),
    "dark, noise": Policy((0.08, 1.0), (0.4, 1.2), **COLOUR, gamma=(0.7, 1.6), noise=0.08),
    "everything": Policy((0.08, 1.8), (0.1, 1.5), (0.0, 1.5), 0.05, (0.4, 2.5), 0.12, 1.5),
}


def _recoloured(image: np.ndarray, saturation: float, hue: float) -> np.ndarray:
    """float32 [H, W, 3] in [0, 1]."""
    hsv = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0] + 360 * hue) % 360
    hsv[..., 1] = np.clip(hsv[..., 1] * saturation, 0, 1)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)


def _log_uniform(limits: tuple[float, float], rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(*np.log(limits))))
