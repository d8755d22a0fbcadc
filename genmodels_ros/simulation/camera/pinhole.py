"""What follows from the size and the field of view of a camera without distortion."""

import math


class Pinhole:
    """For dataclasses with width, height [pixels] and horizontal_fov [rad]."""

    width: int
    height: int
    horizontal_fov: float

    @property
    def focal_length(self) -> float:
        """Pixels, the same along x and y."""
        return self.width / 2 / math.tan(self.horizontal_fov / 2)

    @property
    def vertical_fov(self) -> float:
        """rad."""
        return 2 * math.atan(self.height / 2 / self.focal_length)
