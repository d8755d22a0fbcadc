"""Pictures of a floor: from a corner as it is, or from above with a drive on it and what was imagined on the way."""

import math
from collections.abc import Sequence

import cv2
import numpy as np

from genmodels_ros.simulation.camera.picture_camera import PictureCamera, view_from_above, view_of_floor
from genmodels_ros.simulation.scenes import WorldDescription
from genmodels_ros.simulation.world import World

PAPER, INK, SOFT = (247, 247, 245), (45, 48, 54), (120, 126, 134)
DRIVEN, ROUTE, BEST = (22, 96, 190), (110, 110, 118), (15, 118, 70)
OUTSIDE = (-100.0, -100.0, 0.0)  # where a base is parked that should not be in the picture
SHIFT = 4  # OpenCV draws at 1/16 of a pixel


def draw_floor(description: WorldDescription, base_pose=None, size: tuple[int, int] = (1280, 720)) -> np.ndarray:
    """uint8 RGB [H, W, 3]: all rooms from a corner, with the base at (x, y, yaw) if it is to be seen."""
    world = World(description, base_pose=base_pose or OUTSIDE)
    camera = PictureCamera(world.model, *size)
    try:
        return camera.take(world.data, view_of_floor(description.floor.bounds), shadows=False)
    finally:
        camera.close()


def draw_drive(
    description: WorldDescription,
    path: np.ndarray,
    route: np.ndarray | None = None,
    imagined: Sequence[tuple] = (),
    notes: Sequence[str] = (),
    size: tuple[int, int] = (1280, 720),
) -> np.ndarray:
    """uint8 RGB [H, W, 3]: the floor from above with a drive on it, and a legend.

    path: [P, 3] driven poses; route: [K, 2] that was meant; both in the map, m and rad. imagined: moments (pose [3],
    points [N, T, 2] of N rollouts in base_link at that pose, risk [N] of each from 0 to 1, index of the chosen one).
    notes: lines under the legend.
    """
    sheet = _FloorSheet(description, size)
    for walker in description.floor.walkers:
        sheet.dotted(np.array(walker.waypoints), tuple(int(200 * c) for c in walker.color))
    if route is not None:
        sheet.dashed(np.asarray(route), ROUTE)
    sheet.rollouts(imagined)
    sheet.line(np.asarray(path)[:, :2], (255, 255, 255), 7)
    sheet.line(np.asarray(path)[:, :2], DRIVEN, 4)
    sheet.headings(np.asarray(path), DRIVEN)
    sheet.disc(path[0], 0.2, (255, 255, 255), DRIVEN)
    sheet.disc(path[-1] if route is None else route[-1], 0.2, (255, 214, 90), (150, 110, 0))
    return sheet.with_legend(notes)


class _FloorSheet:
    """A map picture with drawing in metres."""

    MARGIN, LEGEND = 24, 330

    def __init__(self, description: WorldDescription, size: tuple[int, int]):
        self._size = size
        width, height = size[0] - self.LEGEND - self.MARGIN, size[1] - 2 * self.MARGIN
        x0, y0, x1, y1 = description.floor.bounds
        self._scale = min(width / (x1 - x0), height / (y1 - y0))
        self._shape = (round((x1 - x0) * self._scale), round((y1 - y0) * self._scale))
        self._corner = np.array([x0, y1])
        self.map = _map_picture(description, self._shape)

    def _pixels(self, points) -> np.ndarray:
        points = np.asarray(points, float).reshape(-1, 2)
        pixels = (points - self._corner) * (self._scale, -self._scale)
        return np.round(pixels * 2**SHIFT).astype(np.int32).reshape(-1, 1, 2)

    def line(self, points, color, thickness: int) -> None:
        cv2.polylines(self.map, [self._pixels(points)], False, color, thickness, cv2.LINE_AA, SHIFT)

    def _pieces(self, points, step: float):
        """Points every `step` metres along a polyline."""
        marks = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
        at = np.arange(0, marks[-1], step)
        return np.stack([np.interp(at, marks, points[:, axis]) for axis in (0, 1)], axis=1)

    def dotted(self, points, color) -> None:
        for pixel in self._pixels(self._pieces(points, 0.14)):
            cv2.circle(self.map, tuple(map(int, pixel[0])), 2 << SHIFT, color, -1, cv2.LINE_AA, SHIFT)

    def dashed(self, points, color) -> None:
        pieces = self._pieces(points, 0.1)
        for index in range(0, len(pieces) - 1, 2):
            self.line(pieces[index : index + 2], color, 2)

    def disc(self, point, radius: float, color, edge) -> None:
        pixel = tuple(map(int, self._pixels(np.asarray(point)[:2])[0, 0]))
        size = int(radius * self._scale * 2**SHIFT)
        cv2.circle(self.map, pixel, size, color, -1, cv2.LINE_AA, SHIFT)
        cv2.circle(self.map, pixel, size, edge, 2, cv2.LINE_AA, SHIFT)

    def headings(self, path: np.ndarray, color) -> None:
        """Arrow heads along a path, one every metre."""
        marks = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(path[:, :2], axis=0), axis=1))])
        for mark in np.arange(0.8, marks[-1], 1.0):
            x, y, yaw = path[np.searchsorted(marks, mark)]
            turn = np.array([[math.cos(yaw), -math.sin(yaw)], [math.sin(yaw), math.cos(yaw)]])
            corners = np.array([(0.16, 0.0), (-0.08, 0.11), (-0.08, -0.11)]) @ turn.T + (x, y)
            cv2.fillPoly(self.map, [self._pixels(corners)], color, cv2.LINE_AA, SHIFT)

    def rollouts(self, imagined: Sequence[tuple]) -> None:
        layer = self.map.copy()
        for pose, points, risk, _ in imagined:
            for line, probability in sorted(zip(points, risk, strict=True), key=lambda pair: pair[1]):
                pixels = self._pixels(_in_map(pose, line))
                cv2.polylines(layer, [pixels], False, risk_color(float(probability)), 2, cv2.LINE_AA, SHIFT)
        self.map = cv2.addWeighted(layer, 0.6, self.map, 0.4, 0)
        for pose, points, _, best in imagined:
            self.line(_in_map(pose, points[best]), BEST, 3)
            self.disc(pose, 0.07, BEST, (255, 255, 255))

    def with_legend(self, notes: Sequence[str]) -> np.ndarray:
        sheet = np.full((self._size[1], self._size[0], 3), PAPER, np.uint8)
        top = (self._size[1] - self._shape[1]) // 2
        left = (self._size[0] - self.LEGEND - self._shape[0]) // 2
        sheet[top : top + self._shape[1], left : left + self._shape[0]] = self.map
        x, y = self._size[0] - self.LEGEND + 4, top + 26
        rows = [("driven", DRIVEN, 4), ("route on the map", ROUTE, 2), ("imagined: chosen", BEST, 3)]
        rows += [("imagined: safe", risk_color(0.0), 2), ("imagined: likely to collide", risk_color(1.0), 2)]
        for text, color, thickness in rows:
            cv2.line(sheet, (x, y - 6), (x + 38, y - 6), color, thickness, cv2.LINE_AA)
            _write(sheet, text, (x + 52, y), INK)
            y += 34
        for index in range(5):
            cv2.circle(sheet, (x + 3 + 8 * index, y - 6), 2, (160, 60, 50), -1, cv2.LINE_AA)
        _write(sheet, "ways of people", (x + 52, y), INK)
        y += 50
        for note in notes:
            _write(sheet, note, (x, y), SOFT)
            y += 28
        return sheet


def _map_picture(description: WorldDescription, shape: tuple[int, int]) -> np.ndarray:
    """The floor from above without perspective, paled so that lines stand out."""
    world = World(description, base_pose=OUTSIDE)
    camera = PictureCamera(world.model, *shape)
    bounds = description.floor.bounds
    try:
        picture = camera.take(world.data, view_from_above(bounds), bounds[3] - bounds[1], shadows=False)
    finally:
        camera.close()
    return cv2.addWeighted(picture, 0.72, np.full_like(picture, 255), 0.28, 0)


def _in_map(pose, points: np.ndarray) -> np.ndarray:
    c, s = math.cos(pose[2]), math.sin(pose[2])
    start = np.zeros((1, 2))
    return np.concatenate([start, points]) @ np.array([[c, s], [-s, c]]) + np.asarray(pose)[:2]


def risk_color(probability: float) -> tuple[int, int, int]:
    """Green over amber to red."""
    stops = np.array([(60, 160, 90), (235, 170, 40), (205, 45, 45)], float)
    position = min(max(probability, 0.0), 1.0) * 2
    low = min(int(position), 1)
    mixed = stops[low] + (position - low) * (stops[low + 1] - stops[low])
    return tuple(int(c) for c in mixed)


def _write(sheet: np.ndarray, text: str, at: tuple[int, int], color) -> None:
    cv2.putText(sheet, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.52, color, 1, cv2.LINE_AA)
