"""What only cameras notice: skirting, door frames, windows, posters, and the figures inside moving cylinders.

Solids in the map frame, or in the frame of the body they belong to; nothing here can be hit or ranged.
"""

import math

import numpy as np

from genmodels_ros.simulation.floor.plan import Door, FloorPlan, Walker
from genmodels_ros.simulation.scenes import Base
from genmodels_ros.simulation.solids import Solid

DOOR_HEIGHT = 2.05
SKIN = ((0.87, 0.68, 0.55), (0.72, 0.52, 0.40), (0.48, 0.33, 0.25), (0.92, 0.76, 0.64))
HAIR = ((0.12, 0.09, 0.07), (0.35, 0.22, 0.12), (0.60, 0.45, 0.25), (0.45, 0.45, 0.45))
TROUSERS = ((0.13, 0.16, 0.25), (0.20, 0.20, 0.20), (0.40, 0.34, 0.26), (0.25, 0.33, 0.45))
DARK = (0.10, 0.10, 0.11)


def plan_decor(plan: FloorPlan) -> list[Solid]:
    """Skirting, door posts, windows and posters; the plan's style chooses colours and places."""
    rng = np.random.default_rng([plan.style, 3])
    trim = ((0.95, 0.95, 0.93), (0.45, 0.32, 0.22), (0.30, 0.31, 0.33))[rng.integers(3)]
    decor = [_skirting(wall, trim) for wall in plan.walls]
    for door in plan.doors:
        decor += _door_posts(door, trim)
    for wall in plan.walls:
        decor += _hangings(wall, rng)
    return decor


def _skirting(wall: Solid, color) -> Solid:
    dx, dy, _ = wall.dims
    return Solid("box", (*wall.center[:2], 0.04), (dx + 0.02, dy + 0.02, 0.08), wall.yaw, color, "plain")


def _at(frame: tuple[float, float, float], along: float, across: float) -> tuple[float, float]:
    x, y, yaw = frame
    c, s = math.cos(yaw), math.sin(yaw)
    return x + c * along - s * across, y + s * along + c * across


def _door_posts(door: Door, trim) -> list[Solid]:
    posts = []
    for side in (-1, 1):
        place = (*_at((door.x, door.y, door.yaw), side * (door.width / 2 + 0.035), 0), DOOR_HEIGHT / 2)
        posts.append(Solid("box", place, (0.07, door.thickness + 0.05, DOOR_HEIGHT), door.yaw, trim, "wood"))
    return posts


def lintels(plan: FloorPlan) -> list[Solid]:
    """The pieces of wall above doors, which hide nothing but the doors where one looks from above."""
    color = plan.walls[0].color if plan.walls else (0.9, 0.9, 0.9)
    height = plan.wall_height - DOOR_HEIGHT
    middle = DOOR_HEIGHT + height / 2
    return [
        Solid("box", (door.x, door.y, middle), (door.width + 0.02, door.thickness, height), door.yaw, color, "wall")
        for door in plan.doors
    ]


def _hangings(wall: Solid, rng: np.random.Generator) -> list[Solid]:
    """Windows and posters, on either face, where the wall is long enough."""
    dx, dy, height = wall.dims
    frame, solids = (*wall.center[:2], wall.yaw), []
    for slot in np.arange(-dx / 2 + 1.0, dx / 2 - 0.9, 1.9):
        kind, side = rng.random(), int(rng.choice([-1, 1]))
        place = _at(frame, slot + rng.uniform(-0.1, 0.1), side * dy / 2)
        if kind < 0.18:  # a window, seen from both sides
            middle = (*_at(frame, slot, 0), 1.5)
            solids.append(Solid("box", middle, (1.1, dy + 0.03, min(1.2, height - 1.1)), wall.yaw, (0.97, 0.97, 0.97)))
            sky = tuple(rng.uniform(0.75, 1.0) * c for c in (0.80, 0.92, 1.0))
            pane = min(1.2, height - 1.1) - 0.12
            for half in (-1, 1):
                middle = (*_at(frame, slot + half * 0.26, 0), 1.5)
                solids.append(Solid("box", middle, (0.46, dy + 0.04, pane), wall.yaw, sky, "glow"))
        elif kind < 0.5:  # a poster in its frame
            width, tall = rng.uniform(0.4, 0.9), rng.uniform(0.4, 0.8)
            inner = tuple(rng.uniform(0.2, 0.9, size=3))
            solids.append(Solid("box", (*place, 1.45), (width + 0.06, 0.03, tall + 0.06), wall.yaw, DARK))
            solids.append(Solid("box", (*place, 1.45), (width, 0.036, tall), wall.yaw, (0.93, 0.92, 0.88)))
            solids.append(Solid("box", (*place, 1.47), (0.7 * width, 0.04, 0.6 * tall), wall.yaw, inner))
    return solids


def _upright(shape: str, x: float, y: float, low: float, high: float, width: float, color, depth=None) -> Solid:
    """A part of a figure between two heights; a capsule's round ends lie within."""
    length = high - low - (width if shape == "capsule" else 0)
    dims = (depth or width, width, max(length, 0.01))
    return Solid(shape, (x, y, (low + high) / 2), dims, 0.0, color, "fabric")


def walker_parts(walker: Walker, number: int) -> list[Solid]:
    """A person or a robot in its own frame (x where it walks to), inside the walker's cylinder."""
    rng = np.random.default_rng([number, int(1000 * walker.height)])
    return _person(walker, rng) if walker.kind == "person" else _robot(walker, rng)


def _person(walker: Walker, rng: np.random.Generator) -> list[Solid]:
    h, r, shirt = walker.height, walker.radius, walker.color
    skin, hair, trousers = (colors[rng.integers(4)] for colors in (SKIN, HAIR, TROUSERS))
    stride = 0.35 * r
    parts = []
    for side in (-1, 1):
        x, y = side * stride, side * 0.38 * r
        parts.append(_upright("capsule", x / 2, y, 0.03 * h, 0.50 * h, 0.075 * h, trousers))
        parts.append(_upright("sphere", x / 2 + 0.04, y, 0.0, 0.055 * h, 0.055 * h, DARK, depth=0.14 * h))
        parts.append(_upright("capsule", -x / 2, side * 0.78 * r, 0.50 * h, 0.81 * h, 0.05 * h, shirt))
        parts.append(_upright("sphere", -x / 2, side * 0.78 * r, 0.455 * h, 0.51 * h, 0.05 * h, skin))
    parts.append(_upright("sphere", 0, 0, 0.44 * h, 0.58 * h, 0.19 * h, trousers, depth=0.14 * h))
    parts.append(_upright("sphere", 0, 0, 0.48 * h, 0.86 * h, 0.22 * h, shirt, depth=0.15 * h))
    parts.append(_upright("capsule", 0, 0, 0.78 * h, 0.90 * h, 0.06 * h, skin))
    parts.append(_upright("sphere", 0, 0, 0.855 * h, 0.99 * h, 0.10 * h, skin, depth=0.12 * h))
    parts.append(_upright("sphere", -0.012 * h, 0, 0.895 * h, h, 0.108 * h, hair, depth=0.125 * h))
    return parts


def _robot(walker: Walker, rng: np.random.Generator) -> list[Solid]:
    h, r = walker.height, walker.radius
    parts = [
        _upright("cylinder", 0, 0, 0.03, 0.75 * h, 2 * r, walker.color),
        _upright("cylinder", 0, 0, 0.75 * h, 0.85 * h, 1.9 * r, DARK),
        _upright("cylinder", 0, 0, 0.85 * h, h, 1.6 * r, (0.85, 0.85, 0.86)),
        _upright("cylinder", 0, 0, 0.0, 0.05, 1.8 * r, DARK),
    ]
    screen = Solid("box", (0.92 * r, 0, 0.55 * h), (0.18 * r, 0.9 * r, 0.2 * h), 0.0, (0.3, 0.8, 0.9), "glow")
    return [*parts, screen]


def base_parts(base: Base) -> list[Solid]:
    """The mobile base in base_link: deck, bumper, wheels, lidar and camera mast."""
    r, h = base.radius, base.height
    size = (2 * base.wheel_radius, base.wheel_width, 2 * base.wheel_radius)
    places = [(0, side * base.wheel_track / 2, base.wheel_radius) for side in (-1, 1)]
    wheels = [Solid("box", place, size, 0.0, DARK) for place in places]
    return [
        _upright("cylinder", 0, 0, 0.03, 0.10, 2 * r, (0.16, 0.17, 0.19)),
        _upright("cylinder", 0, 0, 0.10, h - 0.02, 1.9 * r, (0.92, 0.55, 0.12)),
        _upright("cylinder", 0, 0, h - 0.02, h, 1.8 * r, (0.93, 0.93, 0.93)),
        _upright("cylinder", -0.03, 0, h, h + 0.05, 0.1, DARK),
        Solid("box", (0.08, 0, h + 0.03), (0.03, 0.03, 0.1), 0.0, DARK),
        *wheels,
    ]
