"""What a picture generator has to beat: itself untrained, a Gaussian mixture of coarse pixels, the mean picture."""

import cv2
import numpy as np
import torch

from genmodels_ros.data.vectors import Vectors
from genmodels_ros.device import generator
from genmodels_ros.models.gan.synthesis import ImageSynthesisGAN
from genmodels_ros.pipelines.camera.synthesis import ImageSynthesizer
from genmodels_ros.training.fitting import FitOptions, fit

COARSE, COMPONENTS = (6, 8), 16  # pixels that the mixture paints, and its Gaussians
BLUR = 3  # pixels


def untrained(synthesizer: ImageSynthesizer, count: int, seed: int) -> np.ndarray:
    """uint8 [count, H, W, 3] of the same network with the weights that a run starts from."""
    torch.manual_seed(seed)
    model = ImageSynthesisGAN.from_config(synthesizer.card.config)
    fresh = ImageSynthesizer(model, synthesizer.card, device="cpu", mark=False)
    return np.stack([one.image for one in fresh.sample(count, seed=seed)])


def mixture(known: np.ndarray, count: int, seed: int) -> np.ndarray:
    """uint8 [count, H, W, 3] drawn from the package's Gaussian mixture of coarse pixels, and enlarged: light, colour
    and layout without a contour. known: what it is fitted to, [N, H, W, 3]."""
    size = known.shape[2:0:-1]
    coarse = np.stack([cv2.resize(image, COARSE[::-1], interpolation=cv2.INTER_AREA) for image in known])
    settings = {"components": COMPONENTS, "covariance": "tied", "restarts": 1}
    data = Vectors(torch.from_numpy(coarse.reshape(len(coarse), -1)).float())
    model = fit("mixture", data, settings, FitOptions(seed=seed, device="cpu")).model
    drawn = np.asarray(model.sample(count, rng=generator(seed))).reshape(count, *COARSE, 3)
    drawn = np.clip(np.rint(drawn), 0, 255).astype(np.uint8)
    return np.stack([cv2.resize(image, size, interpolation=cv2.INTER_CUBIC) for image in drawn])


def blurred_mean(known: np.ndarray, count: int) -> np.ndarray:
    """uint8 [count, H, W, 3]: the mean picture, every time."""
    mean = cv2.GaussianBlur(known.mean(axis=0), (0, 0), BLUR)
    return np.repeat(np.rint(mean).astype(np.uint8)[None], count, axis=0)
