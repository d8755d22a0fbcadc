"""A wide lens of a cheap camera: which direction each of its pixels looks in.

Between a pinhole (r = tan theta) and an equidistant fisheye (r = theta): r = tan(theta)^(1-m) theta^m up to a scale
that puts the given angle into the picture's corner. theta is from the optical axis. Kannala and Brandt 2006 name both.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

HEIGHT, WIDTH = 120, 160
RENDERED_HEIGHT, RENDERED_WIDTH = 192, 256  # of the pinhole picture that the lens bends


@dataclass(frozen=True)
class Lens:
    """corner: angle between the optical axis and the picture's corners, rad; fisheye: m above, 0 to 1."""

    corner: float
    fisheye: float

    @cached_property
    def directions(self) -> np.ndarray:
        """[HEIGHT, WIDTH, 2]: where a pixel looks at depth 1, x to the right and y down."""
        columns, rows = np.meshgrid(np.arange(WIDTH) + 0.5 - WIDTH / 2, np.arange(HEIGHT) + 0.5 - HEIGHT / 2)
        radius = np.hypot(columns, rows)
        table = np.linspace(1e-6, self.corner, 512)
        bent = np.tan(table) ** (1 - self.fisheye) * table**self.fisheye
        theta = np.interp(radius * bent[-1] / (math.hypot(WIDTH, HEIGHT) / 2), bent, table)
        scale = np.tan(theta) / radius
        return np.stack([columns * scale, rows * scale], axis=-1)

    @property
    def rendered_vertical_fov(self) -> float:
        """Of the pinhole picture that holds all of this lens's, rad."""
        return 2 * math.atan(math.sin(math.atan2(HEIGHT, WIDTH)) * math.tan(self.corner))

    @cached_property
    def _source(self) -> tuple[np.ndarray, np.ndarray]:
        """Column and row of each pixel in the pinhole picture, float32."""
        focal = RENDERED_HEIGHT / 2 / math.tan(self.rendered_vertical_fov / 2)
        middle = np.array([RENDERED_WIDTH, RENDERED_HEIGHT]) / 2 - 0.5
        places = (self.directions * focal + middle).astype(np.float32)
        return np.ascontiguousarray(places[..., 0]), np.ascontiguousarray(places[..., 1])

    def bend(self, rendered: np.ndarray) -> np.ndarray:
        """The pinhole picture [RENDERED_HEIGHT, RENDERED_WIDTH, 3] as this lens shows it, [HEIGHT, WIDTH, 3]."""
        return cv2.remap(rendered, *self._source, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def pick(self, rendered: np.ndarray) -> np.ndarray:
        """The same for labels: the nearest pixel's."""
        return cv2.remap(rendered, *self._source, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)


def random_lens(rng: np.random.Generator) -> Lens:
    """About 85 to 125 degrees from the left edge to the right one."""
    return Lens(corner=math.radians(rng.uniform(52, 68)), fisheye=float(rng.uniform(0, 1)))
