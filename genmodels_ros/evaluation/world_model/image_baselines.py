"""Predictions of images that need no training: repeat the last one, or let its motion go on."""

import cv2
import numpy as np


def constant_flow(before: np.ndarray, last: np.ndarray, interval: float, seconds: np.ndarray) -> list[np.ndarray]:
    """The images at `seconds` [T] after `last` if every place kept its motion since `before`, `interval` s earlier.

    Images [H, W, 3] uint8. The motion is DIS optical flow (Kroeger et al. 2016); it is put together over the steps, so
    that what grows goes on growing. Beyond the border the image is mirrored.
    """
    grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (last, before)]
    if min(last.shape[:2]) < 24:  # smaller than the flow's pyramid
        return [last] * len(seconds)
    rate = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(*grey, None) / max(interval, 1e-3)
    height, width = last.shape[:2]
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float32)
    displacement, images = np.zeros_like(grid), []
    for duration in np.diff(seconds, prepend=0.0):
        flow = (rate * duration).astype(np.float32)
        displacement = flow + _at(displacement, grid + flow, cv2.BORDER_REPLICATE)
        images.append(_at(last, grid + displacement, cv2.BORDER_REFLECT))
    return images


def _at(values: np.ndarray, places: np.ndarray, border: int) -> np.ndarray:
    return cv2.remap(values, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderMode=border)
