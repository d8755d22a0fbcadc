"""An invisible mark that tells, from the pixels alone, that an image is synthetic.

marked = embed(image)
detect(marked)  # Detection(score=22.6, is_synthetic=True, false_alarm=2e-113)

Spread spectrum with a key (Cox et al. 1997), informed by the image (Miller, Doerr, Cox 2004): every frequency of a band
is turned towards the phase that the key gives it, where little is needed for it more than where much is. What is added
to the luma is a tile of noise, repeated over the image, weaker where the image is smooth and weaker all over in an
image that is smooth all over. Its energy is bounded whatever the image: the peak signal-to-noise ratio is MIN_PSNR or
more.
"""

import numpy as np

from genmodels_ros.pipelines.camera.watermark_detection import Detection, detect, grey_levels, image_spectrum
from genmodels_ros.pipelines.camera.watermark_pattern import KEY, TILE, normalised, on_tile, phases, tile

__all__ = ["KEY", "MIN_PSNR", "Detection", "detect", "embed"]

MIN_PSNR = 42.0  # dB
MAX_ENERGY = 255**2 / 10 ** (MIN_PSNR / 10)  # squared grey levels a sample
STRENGTH = 1.9  # grey levels, root mean square over an image with texture to hide in
PLAIN = 0.8  # the same in an image without: what is smooth (fog) shows the mark as grain, and needs less of it
BY_TEXTURE = 0.2  # times the mean of `_texture`: how it rises from PLAIN to STRENGTH
CELL = 8  # pixels; the strength of the mark follows the texture at this scale
SMOOTH, ROUGH = 0.9, 1.3  # least and greatest weight, before they are brought to STRENGTH
INFORMED = 100_000  # pixels; larger images hold so much of the key's own tile that it need not be fitted to them


def embed(image: np.ndarray, *, key: str = KEY) -> np.ndarray:
    """A marked copy of uint8 [H, W, 3] RGB, or [H, W] grey. The same image and key give the same copy."""
    image = np.ascontiguousarray(image)
    grey = grey_levels(image)
    pattern = tile(key) if grey.size > INFORMED else _fitted(grey, key)
    texture, marked = _texture(grey), np.empty_like(image)
    weights = normalised(np.minimum(SMOOTH + texture / CELL, ROUGH))
    strength = min(STRENGTH, PLAIN + BY_TEXTURE * float(texture.mean()) + (STRENGTH - PLAIN) * _saturated(grey))
    allowed = MAX_ENERGY * grey.size
    while (energy := _add(image, pattern, strength * weights, marked)) > allowed:  # rare: weights met the tile's peaks
        strength *= 0.98 * (allowed / energy) ** 0.5
    return marked


def _fitted(grey: np.ndarray, key: str) -> np.ndarray:
    """float32 [TILE, TILE], root mean square 1: what turns the image's own phases towards the key's.

    Only the part of the key's phase across the image's turns it, and what is needed grows with the frequency's size.
    """
    spectrum, wanted = image_spectrum(grey), phases(key)
    size = np.abs(spectrum)
    mean = float(size.mean())
    if mean == 0:
        return tile(key)
    along = np.maximum((np.conj(spectrum) * wanted).real, 0) / (size + 0.1 * mean) ** 2
    return normalised(on_tile((wanted - spectrum * along) / (size + mean)))


def _add(image: np.ndarray, pattern: np.ndarray, weights: np.ndarray, marked: np.ndarray) -> float:
    """Writes the marked image, a tile's height at a time; returns the energy added, before pixels are full or empty."""
    import cv2

    height, width = image.shape[:2]
    channels, energy = image.size // (height * width), 0.0
    strip = np.ascontiguousarray(np.tile(pattern, -(-width // TILE))[:, :width])
    for top in range(0, height, TILE):
        rows = slice(top, min(top + TILE, height))
        weight = cv2.resize(weights[top // CELL : -(-rows.stop // CELL)], (width, rows.stop - top))
        parts = []
        for sign in (1, -1):  # bytes that saturate, added and taken away, are many times as fast as floats
            part = cv2.multiply(strip[: rows.stop - top], weight, scale=sign, dtype=cv2.CV_8U)
            energy += cv2.norm(part, cv2.NORM_L2SQR)
            parts.append(part.reshape(image[rows].shape) if channels == 1 else cv2.merge([part] * channels))
        marked[rows] = cv2.subtract(cv2.add(image[rows], parts[0]), parts[1]).reshape(image[rows].shape)
    return energy


def _texture(grey: np.ndarray) -> np.ndarray:
    """float32 [ceil(H / CELL), ceil(W / CELL)]: mean difference to the surrounding 5 pixels, in grey levels."""
    import cv2

    detail = cv2.absdiff(grey, cv2.blur(grey, (5, 5)))
    size = tuple(-(-side // CELL) for side in grey.shape[::-1])
    return cv2.resize(detail, size, interpolation=cv2.INTER_AREA).astype(np.float32)


def _saturated(grey: np.ndarray) -> float:
    """Share of the pixels that are black or white: those keep half of a mark, and hide it."""
    import cv2

    return 1 - cv2.countNonZero(cv2.inRange(grey, 1, 254)) / grey.size
