"""Random holes to learn completion from: boxes, and strokes as of a broad brush (Yu et al. 2019, section 3.4)."""

import numpy as np

MOST_SHAPES = 3
BOX_SHARE = 0.4
BOX_SIDES = (0.12, 0.55)  # of the image's side
STROKE_RADIUS = (0.03, 0.11)
STROKE_LENGTH = (0.1, 0.35)
MAX_STROKES = 8
LARGEST = 0.4  # share of the image: beyond it little is left to learn from


def random_hole(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """bool [height, width], True inside: a few shapes, from one pixel to LARGEST of the image, borders included."""
    hole = np.zeros((height, width), bool)
    for _ in range(rng.integers(1, MOST_SHAPES + 1)):
        draw = _box if rng.random() < BOX_SHARE else _strokes
        hole |= draw(height, width, rng)
    return hole if 0 < hole.mean() <= LARGEST else random_hole(height, width, rng)


def _box(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Its centre lies anywhere, so that some boxes reach over the border."""
    rows, columns = rng.uniform(*BOX_SIDES, 2) * (height, width)
    y, x = rng.uniform(0, 1, 2) * (height, width)
    return (np.abs(np.arange(height)[:, None] - y) < rows / 2) & (np.abs(np.arange(width) - x) < columns / 2)


def _strokes(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """A walk of the brush that turns a little at each corner."""
    side = min(height, width)
    radius = side * rng.uniform(*STROKE_RADIUS)
    place, heading = rng.uniform(0, 1, 2) * (height, width), rng.uniform(0, 2 * np.pi)
    hole = np.zeros((height, width), bool)
    for _ in range(rng.integers(1, MAX_STROKES + 1)):
        heading += rng.normal(0, 0.8)
        way = side * rng.uniform(*STROKE_LENGTH) * np.array([np.sin(heading), np.cos(heading)])
        hole |= _distance_to_segment(height, width, place, way) < radius
        place = np.clip(place + way, 0, (height, width))
    return hole


def _distance_to_segment(height: int, width: int, start: np.ndarray, way: np.ndarray) -> np.ndarray:
    """Of every pixel [height, width] to the piece of a line that leads from `start` along `way`, in pixels."""
    y, x = np.arange(height)[:, None] - start[0], np.arange(width) - start[1]
    along = np.clip((y * way[0] + x * way[1]) / (way @ way), 0, 1)
    return np.hypot(y - along * way[0], x - along * way[1])
