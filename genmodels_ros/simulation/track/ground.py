"""The floor of a track, seen from above: a picture of it, and what each of its pixels is.

Three families: a printed mat (road, white borders, dashed centre line, on a coloured mat that lies on a floor), lines
of tape on a bare floor, and a bare floor whose lane is marked by cups or cones that stand on it (track_world.py).
"""

from dataclasses import dataclass
from enum import IntEnum

import cv2
import numpy as np

from genmodels_ros.simulation import surfaces
from genmodels_ros.simulation.track.track import Track

SIDE = 10.0  # m, of the square that is drawn, its middle in the map's origin
PIXELS = 1024  # along it
FAMILIES = ("mat", "tape", "cups")
SHARES = (0.5, 0.2, 0.3)


class TrackLabel(IntEnum):
    """What a pixel of the track camera shows."""

    BACKGROUND = 0
    ROAD = 1
    BORDER = 2  # painted or taped line beside the road
    CENTRE_LINE = 3
    OFF_ROAD = 4
    OBSTACLE = 5  # furniture, cups, cones


@dataclass(frozen=True)
class Ground:
    """rgb uint8 and labels uint8 (TrackLabel) [PIXELS, PIXELS]: x to the right, y up; `family` is one of FAMILIES."""

    rgb: np.ndarray
    labels: np.ndarray
    family: str

    def label_at(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """TrackLabel of points on the floor; OFF_ROAD outside what is drawn."""
        column, row = _pixels(np.stack([x, y], axis=-1)).round().astype(int).transpose(2, 0, 1)
        inside = (column >= 0) & (column < PIXELS) & (row >= 0) & (row < PIXELS)
        found = self.labels[row.clip(0, PIXELS - 1), column.clip(0, PIXELS - 1)]
        return np.where(inside, found, TrackLabel.OFF_ROAD).astype(np.uint8)


def random_ground(track: Track, rng: np.random.Generator) -> Ground:
    """A floor of a random family, in random colours."""
    family = str(rng.choice(FAMILIES, p=SHARES))
    rgb, labels = _bare_floor(family, rng), np.full((PIXELS, PIXELS), TrackLabel.OFF_ROAD, np.uint8)
    painter = _Painter(rgb, labels, track)
    if family == "mat":
        _paint_mat(painter, rng)
    elif family == "tape":
        _paint_tape(painter, rng)
    else:
        painter.band(track.width, TrackLabel.ROAD, None)
    return Ground(rgb, labels, family)


@dataclass
class _Painter:
    rgb: np.ndarray
    labels: np.ndarray
    track: Track

    def band(self, width: float, label: TrackLabel, colour, offset: float = 0.0, dashes: tuple | None = None) -> None:
        """Along the lane, `offset` m to its left; no colour leaves the floor's. dashes: (length, gap) in m."""
        line = _pixels(self.track.side(offset))
        for piece in [line] if dashes is None else _dashes(line, *dashes):
            points = [np.round(piece * 16).astype(np.int32)]
            settings = {"isClosed": dashes is None, "thickness": max(1, round(width * PIXELS / SIDE)), "shift": 4}
            cv2.polylines(self.labels, points, color=int(label), **settings)
            if colour is not None:
                cv2.polylines(self.rgb, points, color=tuple(map(float, colour)), **settings, lineType=cv2.LINE_AA)


def _paint_mat(painter: _Painter, rng: np.random.Generator) -> None:
    track, line = painter.track, rng.uniform(0.03, 0.07)
    reach = np.abs(track.lane).max(axis=0) + track.width * rng.uniform(0.6, 1.2)
    corners = _pixels(np.array([-reach, reach])).round().astype(int)
    (left, bottom), (right, top) = np.clip(corners, 0, PIXELS).tolist()
    mat = _colour(rng, saturation=(0.0, 0.9), value=(0.15, 0.75))
    painter.rgb[top:bottom, left:right] = mat
    painter.band(track.width + 2 * line, TrackLabel.BORDER, _colour(rng, saturation=(0, 0.08), value=(0.75, 1)))
    painter.band(track.width, TrackLabel.ROAD, _colour(rng, saturation=(0, 0.2), value=(0.05, 0.35)))
    if rng.random() < 0.85:
        _paint_centre(painter, rng)
    creases = 255 * (0.8 + 0.08 * surfaces.noise(rng, (32, 32), (PIXELS, PIXELS)))[top:bottom, left:right]
    lit = cv2.merge([creases.clip(0, 255).astype(np.uint8)] * 3)
    painter.rgb[top:bottom, left:right] = cv2.multiply(painter.rgb[top:bottom, left:right], lit, scale=1 / 204)


def _paint_tape(painter: _Painter, rng: np.random.Generator) -> None:
    track, tape = painter.track, rng.uniform(0.025, 0.06)
    colour = _colour(rng, saturation=(0, 1), value=(0.75, 1)) if rng.random() < 0.5 else (240, 240, 235)
    painter.band(track.width, TrackLabel.ROAD, None)
    for side in (-0.5, 0.5):
        painter.band(tape, TrackLabel.BORDER, colour, offset=side * track.width)
    if rng.random() < 0.5:
        _paint_centre(painter, rng)


def _paint_centre(painter: _Painter, rng: np.random.Generator) -> None:
    white = rng.random() < 0.25
    colour = (240, 240, 240) if white else (rng.uniform(200, 255), rng.uniform(170, 230), rng.uniform(0, 80))
    dashes = (rng.uniform(0.12, 0.25), rng.uniform(0.12, 0.35))
    painter.band(rng.uniform(0.03, 0.06), TrackLabel.CENTRE_LINE, colour, dashes=dashes)


def _bare_floor(family: str, rng: np.random.Generator) -> np.ndarray:
    """uint8 [PIXELS, PIXELS, 3], made of tiles of a texture of 0.6 to 1.9 m."""
    name = "planks" if family == "cups" and rng.random() < 0.7 else str(rng.choice(surfaces.FLOORS))
    tile = surfaces.texture(name, rng).astype(np.float32)
    if rng.random() < 0.5:
        tile = tile.transpose(1, 0, 2)
    size = int(rng.integers(64, 192))
    tile = cv2.resize(tile, (size, size), interpolation=cv2.INTER_AREA)
    times = -(-PIXELS // size)
    tone = np.exp(rng.normal(0, 0.35) + rng.normal(0, 0.08, 3)).astype(np.float32)
    return np.tile((tile * tone).clip(0, 255).astype(np.uint8), (times, times, 1))[:PIXELS, :PIXELS].copy()


def _dashes(line: np.ndarray, length: float, gap: float) -> list[np.ndarray]:
    steps = np.linalg.norm(np.diff(line, axis=0, append=line[:1]), axis=1)
    place = (np.cumsum(steps) - steps) * SIDE / PIXELS
    number = (place // (length + gap)).astype(int)
    drawn = place % (length + gap) < length
    return [line[drawn & (number == k)] for k in range(number.max() + 1)]


def _pixels(points: np.ndarray) -> np.ndarray:
    """[..., 2] m in the map → column and row."""
    scale = PIXELS / SIDE
    return np.stack([(points[..., 0] + SIDE / 2) * scale, (SIDE / 2 - points[..., 1]) * scale], axis=-1) - 0.5


def _colour(rng: np.random.Generator, *, saturation, value) -> np.ndarray:
    """RGB of a random hue, 0 to 255."""
    s, v = rng.uniform(*saturation), rng.uniform(*value)
    hue = (np.arange(3) / 3 + rng.random()) % 1
    return 255 * v * (1 - s * np.clip(2 - np.abs(6 * hue - 3), 0, 1))
