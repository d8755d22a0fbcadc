"""Floors from maps as nav2_map_server saves them: a .yaml beside an image of free, occupied and unknown cells.

http://wiki.ros.org/map_server, "Map format". Only what the map calls free is floor; the unknown counts as solid. The
origin's yaw turns the whole map and matters to no floor: it is left out.
"""

import math
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import yaml

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.simulation.floor.occupancy import OccupancyGrid
from genmodels_ros.simulation.floor.plan import FloorPlan, plan_from_occupancy

FREE = 0.25  # threshold of maps that give none
UNKNOWN = 205  # what savers write for it, though their own threshold would take it for free


@lru_cache(maxsize=8)
def read_map(path: Path) -> OccupancyGrid:
    """The map of a .yaml in its own frame. Raises GenModelsError(NO_OBSERVATION) if it or its image cannot be read."""
    try:
        settings = yaml.safe_load(Path(path).read_text())
        image, resolution = Path(path).parent / settings["image"], float(settings["resolution"])
        x, y = (float(value) for value in settings["origin"][:2])
        free, negate = float(settings.get("free_thresh", FREE)), bool(settings.get("negate", 0))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise _bad(path, f"needs image, resolution and origin ({error})") from error
    if not (resolution > 0 and all(math.isfinite(value) for value in (resolution, x, y))):
        raise _bad(path, "needs a positive resolution and a finite origin")
    cells = cv2.imread(str(image), cv2.IMREAD_GRAYSCALE)
    if cells is None:
        raise _bad(path, f"its image {image.name} cannot be read")
    cells = 255 - cells if negate else cells
    solid = (1.0 - cells / 255.0 >= free) | (cells == UNKNOWN)
    return OccupancyGrid(np.flipud(solid).copy(), resolution, (x, y))


def plan_from_map(path: Path) -> FloorPlan:
    """The whole map as a floor, without people. Raises GenModelsError(NO_OBSERVATION) as read_map does."""
    grid = read_map(Path(path))
    return plan_from_occupancy(grid.occupied, grid.resolution, grid.origin)


def piece_of_map(path: Path, rng: np.random.Generator, size: tuple[float, float]) -> OccupancyGrid:
    """The cells of the map around a random free place: between size[0] and size[1] m a side, where it is as large."""
    grid = read_map(Path(path))
    middle = grid.sample(rng, 1, 0.3)
    if len(middle) == 0:
        raise _bad(path, "shows no floor that a robot fits on")
    half = rng.uniform(*size, size=2) / 2
    low, high = grid.cell(middle[0] - half), grid.cell(middle[0] + half)
    rows, columns = slice(low[0], high[0] + 1), slice(low[1], high[1] + 1)
    corner = grid.point(low) - grid.resolution / 2
    return OccupancyGrid(grid.occupied[rows, columns], grid.resolution, tuple(corner.tolist()))


def _bad(path: Path, why: str) -> GenModelsError:
    return GenModelsError(ErrorCode.NO_OBSERVATION, f"{path} is no map to use: {why}; save it with map_saver_cli.")
