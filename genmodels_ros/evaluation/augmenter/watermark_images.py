"""Pictures to mark, pictures that are hard on a detector, and what happens to pictures on their way."""

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from genmodels_ros.data.images import open_images
from genmodels_ros.evaluation.options import BenchOptions

FRAME_SEED = 710_000  # scenes that no training shard was drawn from
TUBS = "camera/*.tar.gz"


def pictures(options: BenchOptions, count: int) -> dict[str, list[np.ndarray]]:
    """Kind → `count` pictures, uint8 [H, W, 3]: of the simulated camera, and of each recording in `options.data`."""
    from genmodels_ros.simulation.camera.frames import camera_frames

    frames = [rgb for rgb, _, _ in camera_frames(count=count, seed=FRAME_SEED + options.seed)]
    height, width = frames[0].shape[:2]
    kinds = {f"simulated {width}x{height}": frames}
    for tub in sorted(Path(options.data).glob(TUBS)) if options.data is not None else []:
        source = open_images(tub)
        images = [item.image for item in source.images() if item.image is not None]
        chosen = images[:: max(1, len(images) // count)][:count]
        height, width = chosen[0].shape[:2]
        kinds[f"{tub.name.removesuffix('.tar.gz')} {width}x{height}"] = chosen
    return kinds


def difficult_images(seed: int) -> list[np.ndarray]:
    """Stripes, checkerboards, noise, ramps and plain colours, uint8 [H, W, 3], of sizes from 64x64 to 320x240."""
    rng = np.random.default_rng(seed)
    return [
        np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
        for height, width in ((64, 64), (120, 160), (240, 320))
        for grey in _patterns(height, width, rng)
    ]


def _patterns(height: int, width: int, rng) -> Iterator[np.ndarray]:
    y, x = np.mgrid[:height, :width]
    for period in (2, 3, 4, 5, 6, 8, 11, 16, 32):
        for pattern in (x // period, y // period, x // period + y // period, (x + y) // period):
            yield 255 * (pattern % 2)
    for sigma in (3, 20, 70):
        yield rng.normal(128, sigma, (height, width))
    yield 255 * x / width
    yield np.full((height, width), 77)


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])


def _resized(image: np.ndarray, scale: float) -> np.ndarray:
    size = round(image.shape[1] * scale), round(image.shape[0] * scale)
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


def _noisy(image: np.ndarray, sigma: float) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, sigma, image.shape)
    return np.clip(image + noise, 0, 255).round().astype(np.uint8)


JOURNEYS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "as it is": lambda image: image,
    "JPEG 95": lambda image: jpeg(image, 95),
    "JPEG 75": lambda image: jpeg(image, 75),
    "JPEG 50": lambda image: jpeg(image, 50),
    "JPEG 25": lambda image: jpeg(image, 25),
    "grey": lambda image: cv2.cvtColor(image, cv2.COLOR_RGB2GRAY),
    "half as bright": lambda image: (image * 0.5).astype(np.uint8),
    "brighter by half, then full": lambda image: np.clip(image * 1.5, 0, 255).astype(np.uint8),
    "blurred, sigma 1 pixel": lambda image: cv2.GaussianBlur(image, (0, 0), 1),
    "noise, sigma 5": lambda image: _noisy(image, 5),
    "crop of 3/4 by 3/4": lambda image: image[image.shape[0] // 7 :, image.shape[1] // 7 :][
        : image.shape[0] * 3 // 4, : image.shape[1] * 3 // 4
    ],
    "half size": lambda image: _resized(image, 0.5),
    "half size, JPEG 75": lambda image: jpeg(_resized(image, 0.5), 75),
    "double size": lambda image: _resized(image, 2),
    "0.8 of its size": lambda image: _resized(image, 0.8),
    "mirrored": lambda image: image[:, ::-1],
    "turned by 2 degrees": lambda image: cv2.warpAffine(
        image,
        cv2.getRotationMatrix2D((image.shape[1] / 2, image.shape[0] / 2), 2, 1),
        image.shape[1::-1],
        borderMode=cv2.BORDER_REFLECT,
    ),
}
