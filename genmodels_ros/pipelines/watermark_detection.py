"""Finds the mark of watermark.py without the original, and says how probable such a find is in an image without one.

The image is reduced to what could be the mark: the band's frequencies, contrast evened out, the tile's repetitions
added up, and of each frequency only its phase kept (phase-only matched filter, Horner and Gianino 1984). A key's phases
are uniform and independent, so their correlation with those of any image that knows nothing of the key has mean 0 and
variance 1, and is normal but for a lighter tail. That holds whatever the image shows; nothing is fitted.

Looked for where `embed` puts it, with half of the probability allowed, and, with the other half, at every shift of the
tile and at half and double size: a crop or a picture of half the size still tells.
"""

from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np

from genmodels_ros.pipelines.watermark_pattern import KEY, TILE, band, on_tile, phases

MAX_FALSE_ALARM = 1e-6
SCALES = (1.0, 2.0, 0.5)  # of the search
WINDOW = 7  # pixels; detail is what differs from the mean of so many, and contrast the mean of detail
EVEN = 2.0  # grey levels: weaker contrast is not amplified
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
        best = max(float(shifted_scores(image_phases(image, scale), key).max()) for scale in SCALES)
        searched = 2 * tail(best) * TILE * TILE * len(SCALES)
        if searched < false_alarm:
            score, false_alarm = best, searched
    found = false_alarm <= MAX_FALSE_ALARM
    return Detection(score, found, min(1.0, false_alarm), found or image.shape[0] * image.shape[1] >= MIN_PIXELS)


def tail(score: float) -> float:
    """Probability that a standard normal variable exceeds `score`."""
    return 0.5 * erfc(score / sqrt(2))


def image_phases(image: np.ndarray, scale: float = 1.0) -> np.ndarray:
    """complex [frequencies of the band] of magnitude 1, or 0 where the image has nothing; `scale` resizes it first."""
    spectrum = image_spectrum(grey_levels(image, scale))
    size = np.abs(spectrum)
    return np.divide(spectrum, size, where=size > 1e-4, out=np.zeros_like(spectrum))


def aligned_score(image: np.ndarray, key: str) -> float:
    """Standard normal if `image`, the phases of an image, has no mark."""
    return float(np.vdot(phases(key), image).real) / _deviation(image)


def shifted_scores(image: np.ndarray, key: str) -> np.ndarray:
    """[TILE, TILE]: the score at every cyclic shift of the tile, each standard normal without the mark."""
    return on_tile(np.conj(phases(key)) * image) * (TILE * TILE / 2 / _deviation(image))


def grey_levels(image: np.ndarray, scale: float = 1.0) -> np.ndarray:
    """uint8 [H, W], resized by `scale`."""
    import cv2

    single = image.ndim == 2 or image.shape[2] == 1
    grey = np.ascontiguousarray(image.reshape(image.shape[:2])) if single else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    if scale == 1:
        return grey
    size = tuple(max(1, round(side * scale)) for side in grey.shape[::-1])
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)


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
