"""Floors of real buildings: pieces of maps, or rebuilt from CARMEN logs whose poses were corrected.

Of a log's scans and poses, a cell is free where beams passed it and few ended in it; what no beam reached counts as
solid, so a robot and its beams stay where the real one has been. A floor is a piece of the building around a random
place: one that the robot drove through, or a free one of the map.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from genmodels_ros.data.recordings import Scan, open_recording
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.simulation.floor.layouts import random_walkers
from genmodels_ros.simulation.floor.map_floors import piece_of_map
from genmodels_ros.simulation.floor.occupancy import OccupancyGrid
from genmodels_ros.simulation.floor.plan import Bounds, FloorPlan, plan_from_occupancy

LOGS, MAPS = "*-corrected.log*", "*.yaml"
HELD_OUT = ("intel",)  # the real sequential logs that the model is measured on come from there
RESOLUTION = 0.05  # [m]
REACH = 8.0  # how far a beam is trusted, m
ENDED = 0.3  # a cell is occupied from this share of beams that end there
GAP = 3  # cells: what is narrower, such as single beams through a window, counts as solid
SIZE = (16.0, 24.0)  # of a floor's sides, m
LEAST_AREA = 15.0  # m² free for a robot
SUBPIXEL = 4  # bits, of polygons


@dataclass(frozen=True)
class Building:
    """Scans and the robot's pose [N, 3] at each, in a frame whose axes are along most of the walls."""

    name: str
    scans: tuple[Scan, ...]
    poses: np.ndarray


def building_name(source: Path) -> str:
    """The name of the building: a map's, or what comes before "-corrected" in a log's."""
    return source.stem if source.suffix == ".yaml" else source.name.split("-corrected")[0]


def building_sources(folder: Path, hold_out: tuple[str, ...] | None = None) -> list[Path]:
    """The logs *-corrected.log(.gz), then the maps *.yaml of a folder, without the buildings held out.

    hold_out: names of buildings (building_name), HELD_OUT by default.
    Raises GenModelsError(NO_OBSERVATION) if none is left, or if a name to hold out is none of the folder's.
    """
    sources = [*sorted(Path(folder).glob(LOGS)), *sorted(Path(folder).glob(MAPS))]
    names = {building_name(source) for source in sources}
    for name in hold_out or ():
        if name not in names:
            raise GenModelsError(
                ErrorCode.NO_OBSERVATION, f"{folder} has no building {name!r} to hold out, but {sorted(names)}."
            )
    kept = [source for source in sources if building_name(source) not in (HELD_OUT if hold_out is None else hold_out)]
    if not kept:
        raise GenModelsError(
            ErrorCode.NO_OBSERVATION,
            f"{folder} has no log {LOGS} and no map {MAPS} of a building that is not held out: give some.",
        )
    return kept


@lru_cache(maxsize=8)
def read_building(log: Path) -> Building:
    """The building of a log. Raises GenModelsError(NO_OBSERVATION) if it cannot be read."""
    recording = open_recording(log)
    poses = np.stack([odometry.pose for odometry in recording.odometry])
    turn = -_wall_direction(recording.scans, poses)
    c, s = np.cos(turn), np.sin(turn)
    positions = poses[:, :2] @ np.array([[c, s], [-s, c]])
    return Building(building_name(log), recording.scans, np.column_stack([positions, poses[:, 2] + turn]))


def recorded_floor_plan(source: Path, rng: np.random.Generator, num_walkers: int) -> FloorPlan:
    """A piece of the building of a log or map, with people and robots on its free ways.

    16 to 24 m a side, or as large as a smaller map, and closed at its border. Raises GenModelsError(NO_OBSERVATION) if
    the source cannot be read or shows no place with LEAST_AREA m² of free floor.
    """
    for _ in range(20):
        is_map = source.suffix == ".yaml"
        piece = _closed(piece_of_map(source, rng, SIZE)) if is_map else _piece_of_log(source, rng)
        if piece.reachable(0.3).sum() * piece.resolution**2 >= LEAST_AREA:
            plan = plan_from_occupancy(piece.occupied, piece.resolution, piece.origin)
            return plan.with_walkers(random_walkers(plan, rng, num_walkers))
    raise GenModelsError(ErrorCode.NO_OBSERVATION, f"{source} shows too little free floor to drive on: use another.")


def _piece_of_log(log: Path, rng: np.random.Generator) -> OccupancyGrid:
    """The cells around a random one of the places that the robot drove through."""
    building = read_building(log)
    middle = building.poses[rng.integers(len(building.poses)), :2]
    half = rng.uniform(*SIZE, size=2) / 2
    return occupancy_of(building, (*(middle - half), *(middle + half)))


def _closed(grid: OccupancyGrid) -> OccupancyGrid:
    """Solid at its border and everywhere but in its largest free region."""
    occupied = grid.occupied.copy()
    occupied[[0, -1]] = occupied[:, [0, -1]] = True
    return replace(grid, occupied=~replace(grid, occupied=occupied).reachable(0.0))


def occupancy_of(building: Building, bounds: Bounds, resolution: float = RESOLUTION) -> OccupancyGrid:
    """The grid over bounds (x_min, y_min, x_max, y_max), m: solid but for the largest region that beams passed."""
    origin = np.array(bounds[:2])
    columns, rows = np.ceil((np.array(bounds[2:]) - origin) / resolution).astype(int)
    passed, ended = np.zeros((rows, columns), np.float32), np.zeros((rows, columns), np.float32)
    for scan, pose in zip(building.scans, building.poses, strict=True):
        if (pose[:2] < origin - REACH).any() or (pose[:2] > bounds[2:] + np.full(2, REACH)).any():
            continue
        ranges = np.where(np.isfinite(scan.ranges), np.minimum(scan.ranges, REACH), 0.0)
        angles = pose[2] + scan.angles
        ends = pose[:2] + ranges[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        _count_passed(passed, np.concatenate([pose[None, :2], ends]), origin, resolution)
        _count_ended(ended, ends[(ranges > 0) & (ranges < REACH)], origin, resolution)
    free = (passed > 0) & (ended < ENDED * passed)
    free = cv2.morphologyEx(free.astype(np.uint8), cv2.MORPH_OPEN, np.ones((GAP, GAP), np.uint8)) > 0
    return _closed(OccupancyGrid(~free, resolution, tuple(origin.tolist())))


def _count_passed(passed: np.ndarray, polygon: np.ndarray, origin: np.ndarray, resolution: float) -> None:
    """Adds one to every cell within the area that a scan saw, what lies between two beams included."""
    cells = (polygon - origin) / resolution - 0.5
    low = np.maximum(np.floor(cells.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(cells.max(axis=0)).astype(int) + 1, passed.shape[::-1])
    if (low >= high).any():
        return
    seen = np.zeros((high - low)[::-1], np.uint8)
    corners = np.round((cells - low) * 2**SUBPIXEL).astype(np.int32)
    cv2.fillPoly(seen, [corners], 1, shift=SUBPIXEL)
    passed[low[1] : high[1], low[0] : high[0]] += seen


def _count_ended(ended: np.ndarray, ends: np.ndarray, origin: np.ndarray, resolution: float) -> None:
    """Adds one to every cell in which a beam of the scan ended."""
    cells = np.unique(np.floor((ends - origin) / resolution).astype(int), axis=0)
    inside = ((cells >= 0) & (cells < ended.shape[::-1])).all(axis=1)
    ended[cells[inside, 1], cells[inside, 0]] += 1


def _wall_direction(scans: tuple[Scan, ...], poses: np.ndarray) -> float:
    """The direction of most walls modulo a quarter turn, rad: the mean over pieces between neighbouring hits."""
    total = 0j
    for scan, pose in zip(scans, poses, strict=True):
        ends = np.where(scan.ranges < REACH, scan.ranges, np.nan) * np.exp(1j * (pose[2] + scan.angles))
        pieces = np.diff(ends)
        pieces = pieces[np.abs(pieces) < 0.3]  # NaN is not below
        total += (np.abs(pieces) * np.exp(4j * np.angle(pieces))).sum()
    return float(np.angle(total) / 4)
