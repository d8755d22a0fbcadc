"""Finds the mark of watermark.py without the original, and says how probable such a find is in an image without one.

The image is reduced to what could be the mark: the band's frequencies, contrast evened out, the tile's repetitions
added up, and of each frequency only its phase kept (phase-only matched filter, Horner and Gianino 1984). A key's phases
are uniform and independent, so their correlation with those of any image that knows nothing of the key has mean 0 and
variance 1, and is normal but for a lighter tail. That holds whatever the image shows; nothing is fitted.

Looked for where `embed` puts it, with half of the probability allowed, and, with the other half, at every shift of the
tile, also mirrored and at half and double size: a crop or a picture of half the size still tells.
"""

from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np

from genmodels_ros.pipelines.camera.watermark_pattern import KEY, TILE, band, on_tile, phases

MAX_FALSE_ALARM = 1e-7  # ten times rarer than the 1e-6 promised, so that a count can show that it holds
WINDOW = 7  # pixels; detail is what differs from the mean of so many, and contrast the mean of detail
EVEN = 2.0  # grey levels: weaker contrast is not amplified
SEARCHED = 1024  # pixels a side: enough of a large image to find the mark anywhere in it
VIEWS = 4
PLACES = VIEWS * TILE * TILE  # that the search looks at
MIN_PIXELS = 64 * 64  # what is smaller has no room for a mark: half of the marked ones would be missed


@dataclass(frozen=True)
class Detection:
    """score: the correlation, in standard deviations, at the place where it is least probable without the mark
    is_synthetic: false_alarm <= MAX_FALSE_ALARM
    false_alarm: probability that an image without the mark reaches as much at any of the places that were looked at
    decidable: False for an image so small that nothing found says nothing
    """

    score: float
    is_synthetic: bool
    false_alarm: float
    decidable: bool = True


def detect(image: np.ndarray, *, key: str = KEY) -> Detection:
    """Looks for the mark of `key` in uint8 [H, W, 3] RGB, or [H, W] grey."""
    score = aligned_score(image_phases(image), key)
    false_alarm = 2 * tail(score)
    if false_alarm > MAX_FALSE_ALARM:
        best = max(float(shifted_scores(view, key).max()) for view in views(image))
        searched = 2 * tail(best) * PLACES
        if searched < false_alarm:
            score, false_alarm = best, searched
    found = false_alarm <= MAX_FALSE_ALARM
    return Detection(score, found, min(1.0, false_alarm), found or image.shape[0] * image.shape[1] >= MIN_PIXELS)


def tail(score: float) -> float:
    """Probability that a standard normal variable exceeds `score`."""
    return 0.5 * erfc(score / sqrt(2))


def views(image: np.ndarray) -> list[np.ndarray]:
    """The phases of the image's middle as it is, mirrored, at double and at half size: what the search looks at."""
    import cv2

    middle = tuple(slice(max(0, (side - SEARCHED) // 2), (side + SEARCHED) // 2) for side in image.shape[:2])
    grey = grey_levels(image[middle])
    height, width = grey.shape
    double = cv2.resize(grey, (2 * width, 2 * height), interpolation=cv2.INTER_CUBIC)
    half = cv2.resize(grey, (-(-width // 2), -(-height // 2)), interpolation=cv2.INTER_AREA)
    return [image_phases(view) for view in (grey, grey[:, ::-1], double, half)]


def image_phases(image: np.ndarray) -> np.ndarray:
    """complex64 [frequencies of the band] of magnitude 1, or 0 where the image has nothing."""
    spectrum = image_spectrum(grey_levels(image))
    size = np.abs(spectrum)
    return np.divide(spectrum, size, where=size > 1e-4, out=np.zeros_like(spectrum))


def aligned_score(image: np.ndarray, key: str) -> float:
    """Standard normal if `image`, the phases of an image, has no mark."""
    return float(np.vdot(phases(key), image).real) / _deviation(image)


def shifted_scores(image: np.ndarray, key: str) -> np.ndarray:
    """[TILE, TILE]: the score at every cyclic shift of the tile, each standard normal without the mark."""
    return shift_correlations(image, phases(key))


def shift_correlations(image: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """[..., TILE, TILE]: the same for the phases of keys, [..., frequencies of the band]."""
    return on_tile(np.conj(wanted) * image) * (TILE * TILE / 2 / _deviation(image))


def grey_levels(image: np.ndarray) -> np.ndarray:
    """uint8 [H, W], contiguous"""
    import cv2

    single = image.ndim == 2 or image.shape[2] == 1
    grey = image.reshape(image.shape[:2]) if single else cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
    return np.ascontiguousarray(grey)


def image_spectrum(grey: np.ndarray) -> np.ndarray:
    """complex64 [frequencies of the band] of uint8 [H, W], contrast evened out.

    Detail is divided by the contrast around it, twice: once for contrast alike, and once more because a mark of equal
    strength everywhere is best looked for where its host is quiet.
    """
    import cv2

    mean = cv2.blur(grey, (WINDOW, WINDOW))
    detail = cv2.subtract(grey, mean, dtype=cv2.CV_32F)
    contrast = cv2.boxFilter(cv2.absdiff(grey, mean), cv2.CV_32F, (WINDOW, WINDOW)) + EVEN
    evened = cv2.divide(detail, cv2.multiply(contrast, contrast))
    return np.fft.rfft2(_folded(evened))[band()].astype(np.complex64, copy=False)


def _deviation(image: np.ndarray) -> float:
    return sqrt(max(np.count_nonzero(image), 1) / 2)


def _folded(values: np.ndarray) -> np.ndarray:
    """[TILE, TILE]: sum of the tile's repetitions; what an image lacks of one counts as 0."""
    total = np.zeros((TILE, TILE), np.float32)
    for top in range(0, values.shape[0], TILE):
        for left in range(0, values.shape[1], TILE):
            part = values[top : top + TILE, left : left + TILE]
            total[: part.shape[0], : part.shape[1]] += part
    return total
