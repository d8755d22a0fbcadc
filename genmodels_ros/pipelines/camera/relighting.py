"""A picture under a soft lamp from one side, its materials and edges as they were.

lit = relight(image, side="left", stops=1.5)

Light as the augmenter's styles have it, without their haze, noise and tints: `augment(..., lighting_only=True)`.
"""

import numpy as np
import torch

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.gan.bilateral import image_rows
from genmodels_ros.models.gan.relighting import SIDES, Relighting
from genmodels_ros.pipelines.camera.image_translation import BAND, as_batch, checked_image

MOST_STOPS = 4.0


@torch.inference_mode()
def relight(image: np.ndarray, *, side: str, stops: float = 1.0, size: float = 0.5) -> np.ndarray:
    """uint8 [H, W, 3] RGB or [H, W] grey → uint8 [H, W, 3], `stops` brighter at `side` than on the far side.

    side: one of SIDES; stops: in (0, MOST_STOPS], two are four times the light; size: of the lamp, in sides of the
    image, above 0. A plain multiplication: it knows no depth and casts no shadow.
    Raises GenModelsError: INVALID_IMAGE; UNKNOWN_STYLE for another side; INVALID_SCALING for stops or a size outside.
    """
    if side not in SIDES:
        raise GenModelsError(ErrorCode.UNKNOWN_STYLE, f"Unknown side {side!r}; known: {', '.join(SIDES)}.")
    if not (0 < stops <= MOST_STOPS and 0 < size < np.inf):
        raise GenModelsError(
            ErrorCode.INVALID_SCALING, f"stops must be in (0, {MOST_STOPS}] and size above 0, got {stops} and {size}."
        )
    image = checked_image(image)
    height, width = image.shape[:2]
    light, rows, result = Relighting.soft_light(side, stops=stops, size=size), image_rows(height), np.empty_like(image)
    step = max(1, BAND // width)
    for first in range(0, height, step):
        band = slice(first, first + step)
        lit = light.apply(as_batch(torch.from_numpy(image[band])), rows[band])
        result[band] = lit[0].mul_(255).round_().permute(1, 2, 0).to(torch.uint8).numpy()
    return result
