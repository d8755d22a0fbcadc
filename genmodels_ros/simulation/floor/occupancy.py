"""A grid of free and occupied cells: rasterising solids, sampling free points, shortest paths between them."""

import heapq
import math
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from genmodels_ros.simulation.solids import Solid

SEARCHED_WHOLE, COARSER = 100_000, 4  # cells; A* in Python expands some 100,000 cells a second
NEIGHBOURS = tuple((i, j, math.hypot(i, j)) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j)


@dataclass(frozen=True)
class OccupancyGrid:
    """occupied: bool [rows (y), columns (x)]; origin: map coordinates (x, y) of cell (0, 0)'s lower corner, m."""

    occupied: np.ndarray
    resolution: float
    origin: tuple[float, float]

    @cached_property
    def distance(self) -> np.ndarray:
        """Distance of each cell's middle from the nearest occupied cell, m; the outside counts as occupied."""
        free = np.pad(~self.occupied, 1).astype(np.uint8)
        return cv2.distanceTransform(free, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1] * self.resolution

    def reachable(self, clearance: float) -> np.ndarray:
        """bool [rows, columns]: the largest connected region at least `clearance` m away from anything."""
        count, regions, statistics, _ = cv2.connectedComponentsWithStats(
            self._open(clearance).astype(np.uint8), connectivity=4
        )
        if count < 2:
            return np.zeros_like(self.occupied)
        return regions == 1 + np.argmax(statistics[1:, cv2.CC_STAT_AREA])

    def _open(self, clearance: float) -> np.ndarray:
        return ~self.occupied & (self.distance >= clearance)

    def cell(self, point) -> tuple[int, int]:
        """(row, column) of a map point, clipped to the grid."""
        column, row = ((np.asarray(point)[:2] - self.origin) / self.resolution).astype(int)
        rows, columns = self.occupied.shape
        return min(max(int(row), 0), rows - 1), min(max(int(column), 0), columns - 1)

    def point(self, cell) -> np.ndarray:
        """Map coordinates (x, y) of a cell's middle."""
        row, column = cell
        return np.array(self.origin) + self.resolution * (np.array([column, row]) + 0.5)

    def sample(self, rng: np.random.Generator, count: int, clearance: float = 0.3) -> np.ndarray:
        """[count, 2] map points within the largest region of that clearance; [0, 2] where there is none."""
        cells = np.argwhere(self.reachable(clearance))
        if len(cells) == 0:
            return np.zeros((0, 2))
        chosen = cells[rng.integers(len(cells), size=count)]
        jitter = rng.uniform(0, 1, size=(count, 2))
        return np.array(self.origin) + self.resolution * (chosen[:, ::-1] + jitter)

    def shortest_path(self, start, goal, clearance: float = 0.3) -> np.ndarray | None:
        """[P, 2] map points from start to goal, straightened (A*, Hart et al. 1968); None where there is no way.

        On a grid of more than SEARCHED_WHOLE cells it is sought near the shortest way on a coarser grid, and may be a
        little longer than the shortest.
        """
        open_cells = self._open(clearance)
        first, last = self.cell(start), self.cell(goal)
        open_cells[first] = open_cells[last] = True
        _, regions = cv2.connectedComponents(open_cells.astype(np.uint8), connectivity=4)
        if regions[first] != regions[last]:
            return None
        cells = None if open_cells.size <= SEARCHED_WHOLE else _a_star(_corridor(open_cells, first, last), first, last)
        cells = cells or _a_star(open_cells, first, last)
        points = [np.asarray(start, float)[:2], *[self.point(c) for c in cells[1:-1]], np.asarray(goal, float)[:2]]
        return np.array(self._straighten(points, open_cells))

    def _straighten(self, points: list, open_cells: np.ndarray) -> list:
        kept = [points[0]]
        index = 0
        while index < len(points) - 1:
            ahead = len(points) - 1
            while ahead > index + 1 and not self._sees(points[index], points[ahead], open_cells):
                ahead = max(index + 1, ahead - max(1, (ahead - index) // 8))
            kept.append(points[ahead])
            index = ahead
        return kept

    def _sees(self, a: np.ndarray, b: np.ndarray, open_cells: np.ndarray) -> bool:
        count = int(np.linalg.norm(b - a) / (0.5 * self.resolution)) + 2
        line = a + np.linspace(0, 1, count)[:, None] * (b - a)
        columns, rows = ((line - self.origin) / self.resolution).astype(int).T
        return bool(open_cells[rows, columns].all())


def _corridor(open_cells: np.ndarray, first: tuple, last: tuple) -> np.ndarray:
    """The open cells near the shortest way on a grid COARSER times as coarse, whose cells are open where any of theirs
    is: on the fine one there need not be a way among them."""
    rows, columns = (-(-size // COARSER) for size in open_cells.shape)
    padded = np.zeros((rows * COARSER, columns * COARSER), bool)
    padded[: open_cells.shape[0], : open_cells.shape[1]] = open_cells
    coarse = padded.reshape(rows, COARSER, columns, COARSER).any(axis=(1, 3))
    way = _a_star(coarse, *((row // COARSER, column // COARSER) for row, column in (first, last)))
    near = np.zeros((rows, columns), np.uint8)
    near[tuple(np.array(way).T)] = 1
    near = cv2.dilate(near, np.ones((5, 5), np.uint8)).repeat(COARSER, axis=0).repeat(COARSER, axis=1)
    return open_cells & near[: open_cells.shape[0], : open_cells.shape[1]].astype(bool)


def _a_star(open_cells: np.ndarray, first: tuple, last: tuple) -> list | None:
    rows, columns = open_cells.shape
    is_open = open_cells.tolist()
    cost, parent, queue = {first: 0.0}, {first: None}, [(0.0, first)]
    while queue:
        _, cell = heapq.heappop(queue)
        if cell == last:
            path = []
            while cell is not None:
                path.append(cell)
                cell = parent[cell]
            return path[::-1]
        for i, j, step in NEIGHBOURS:
            row, column = cell[0] + i, cell[1] + j
            if not (0 <= row < rows and 0 <= column < columns and is_open[row][column]):
                continue
            if i and j and not (is_open[row][cell[1]] and is_open[cell[0]][column]):
                continue  # no squeezing between two corners
            reached = cost[cell] + step
            if reached < cost.get((row, column), math.inf):
                cost[row, column], parent[row, column] = reached, cell
                estimate = math.hypot(row - last[0], column - last[1])
                heapq.heappush(queue, (reached + estimate, (row, column)))
    return None


def rasterise(solids: list[Solid], bounds: tuple, resolution: float) -> OccupancyGrid:
    """The grid over bounds (x_min, y_min, x_max, y_max), m: a cell is occupied where a solid reaches into it."""
    x_min, y_min, x_max, y_max = bounds
    columns, rows = math.ceil((x_max - x_min) / resolution), math.ceil((y_max - y_min) / resolution)
    occupied = np.zeros((rows, columns), bool)
    for solid in solids:
        reach = math.hypot(solid.dims[0], solid.dims[1]) / 2 + resolution
        low = np.floor((np.array(solid.center[:2]) - reach - (x_min, y_min)) / resolution).astype(int)
        high = np.ceil((np.array(solid.center[:2]) + reach - (x_min, y_min)) / resolution).astype(int)
        (c0, r0), (c1, r1) = np.clip(low, 0, (columns, rows)), np.clip(high, 0, (columns, rows))
        y, x = np.mgrid[r0:r1, c0:c1] * resolution + resolution / 2
        x, y = x + x_min - solid.center[0], y + y_min - solid.center[1]
        c, s = math.cos(solid.yaw), math.sin(solid.yaw)
        u, v = np.abs(c * x + s * y), np.abs(-s * x + c * y)
        rim = resolution / 2 * (abs(c) + abs(s))  # how far a cell reaches along the solid's axes
        if solid.shape == "box":
            inside = (u <= solid.dims[0] / 2 + rim) & (v <= solid.dims[1] / 2 + rim)
        else:
            inside = np.hypot(u, v) <= solid.dims[0] / 2 + resolution / 2
        occupied[r0:r1, c0:c1] |= inside
    return OccupancyGrid(occupied, resolution, (x_min, y_min))
