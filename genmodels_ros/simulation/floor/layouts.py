"""Where floor plans come from without a building: very varied random ones, and the demo's."""

import itertools
import math
from dataclasses import dataclass, field

import numpy as np

from genmodels_ros.simulation.floor.plan import WALL_THICKNESS, Bounds, Door, FloorPlan, Segment, Walker, wall
from genmodels_ros.simulation.solids import Furniture

# kind: (x, y, z extents as (least, most) [m], stands along a wall)
SIZES = {
    "table": ((0.9, 1.8), (0.7, 0.9), (0.70, 0.78), False),
    "round_table": ((0.7, 1.2), (0.7, 1.2), (0.70, 0.78), False),
    "desk": ((1.2, 1.6), (0.7, 0.8), (0.72, 0.76), True),
    "chair": ((0.42, 0.5), (0.42, 0.5), (0.85, 1.0), False),
    "cabinet": ((0.8, 1.6), (0.4, 0.6), (0.8, 2.0), True),
    "shelf": ((0.8, 1.4), (0.3, 0.4), (1.2, 2.0), True),
    "sofa": ((1.4, 2.1), (0.8, 0.95), (0.75, 0.9), True),
    "bed": ((1.9, 2.0), (0.9, 1.5), (0.8, 1.0), True),
    "plant": ((0.35, 0.6), (0.35, 0.6), (0.9, 1.6), True),
    "column": ((0.3, 0.5), (0.3, 0.5), (2.5, 2.5), False),
    "carton": ((0.25, 0.7), (0.25, 0.6), (0.25, 0.7), False),
    "bin": ((0.28, 0.4), (0.28, 0.4), (0.4, 0.7), True),
}
ROUND = ("round_table", "plant", "column", "bin")
PALETTE = (
    (0.62, 0.44, 0.28), (0.80, 0.66, 0.46), (0.42, 0.28, 0.18), (0.86, 0.85, 0.82), (0.30, 0.34, 0.40),
    (0.55, 0.22, 0.20), (0.20, 0.36, 0.50), (0.34, 0.45, 0.30), (0.72, 0.58, 0.30), (0.50, 0.50, 0.52),
)  # fmt: skip
WALL_COLORS = ((0.92, 0.90, 0.86), (0.86, 0.88, 0.90), (0.90, 0.86, 0.78), (0.80, 0.84, 0.80), (0.88, 0.82, 0.80))


@dataclass
class _Draft:
    """A plan being drawn: wall segments, doors and rooms (rectangles)."""

    rng: np.random.Generator
    segments: list[Segment] = field(default_factory=list)
    doors: list[Door] = field(default_factory=list)
    rooms: list[Bounds] = field(default_factory=list)

    def partition(self, start, end, door_centers, width) -> None:
        """A wall from start to end with openings of `width` m at the distances `door_centers` from its start."""
        start, end = np.array(start, float), np.array(end, float)
        length = np.linalg.norm(end - start)
        along, yaw = (end - start) / length, math.atan2(*(end - start)[::-1])
        cursor = 0.0
        for center in sorted(door_centers):
            low, high = center - width / 2, center + width / 2
            if low > cursor:
                # The wall's box is half a thickness longer at either end: hold the opening clear of it.
                self.segments.append((*(start + along * cursor), *(start + along * (low - WALL_THICKNESS / 2))))
            self.doors.append(Door(*(start + along * center), yaw, width))
            cursor = high + WALL_THICKNESS / 2
        self.segments.append((*(start + along * cursor), *end))

    def blocks_door(self, point) -> bool:
        return any(math.hypot(d.x - point[0], d.y - point[1]) < d.width / 2 + 0.25 for d in self.doors)

    def split(self, room: Bounds, smallest: float) -> None:
        """Binary space partition: walls across the longer side, each with one door, until rooms are small enough."""
        x0, y0, x1, y1 = room
        across_x = (x1 - x0) > (y1 - y0)
        low, high = (x0, x1) if across_x else (y0, y1)
        if high - low < 2 * smallest or self.rng.random() < 0.12:
            self.rooms.append(room)
            return
        for _ in range(8):
            at = self.rng.uniform(low + smallest, high - smallest)
            start, end = ((at, y0), (at, y1)) if across_x else ((x0, at), (x1, at))
            if not (self.blocks_door(start) or self.blocks_door(end)):
                break
        else:
            self.rooms.append(room)
            return
        length = (y1 - y0) if across_x else (x1 - x0)
        width = self.rng.uniform(0.9, min(1.5, length - 0.7))
        self.partition(start, end, [self.rng.uniform(width / 2 + 0.25, length - width / 2 - 0.25)], width)
        halves = ((x0, y0, at, y1), (at, y0, x1, y1)) if across_x else ((x0, y0, x1, at), (x0, at, x1, y1))
        for half in halves:
            self.split(half, smallest)

    def corridor(self, room: Bounds) -> None:
        """A corridor along x with rooms on both sides, a door each."""
        x0, y0, x1, y1 = room
        width = self.rng.uniform(1.2, 2.2)
        low = self.rng.uniform(y0 + 2.0, y1 - 2.0 - width)
        self.rooms.append((x0, low, x1, low + width))
        for edge, (a, b) in ((low, (y0, low)), (low + width, (low + width, y1))):
            count = int(self.rng.integers(1, max(2, int((x1 - x0) / 2.2)) + 1))
            cuts = np.linspace(x0, x1, count + 1)
            cuts[1:-1] += self.rng.uniform(-0.2, 0.2, size=count - 1)
            door = self.rng.uniform(0.9, 1.2)
            centers = [
                self.rng.uniform(p + door / 2 + 0.3, q - door / 2 - 0.3) - x0 for p, q in itertools.pairwise(cuts)
            ]
            self.partition((x0, edge), (x1, edge), centers, door)
            self.segments += [(x, a, x, b) for x in cuts[1:-1]]
            self.rooms += [(p, a, q, b) for p, q in itertools.pairwise(cuts)]

    def hall(self, room: Bounds) -> None:
        """One large room with a few free-standing, often oblique walls."""
        x0, y0, x1, y1 = room
        self.rooms.append(room)
        for _ in range(self.rng.integers(0, 5)):
            x, y = self.rng.uniform(x0 + 1.2, x1 - 1.2), self.rng.uniform(y0 + 1.2, y1 - 1.2)
            yaw, reach = self.rng.uniform(0, math.pi), self.rng.uniform(0.4, 1.1)
            dx, dy = reach * math.cos(yaw), reach * math.sin(yaw)
            self.segments.append((x - dx, y - dy, x + dx, y + dy))


def random_floor_plan(seed: int, num_walkers: int | None = None) -> FloorPlan:
    """A floor of 25 to 150 m²: rooms, a corridor or a hall, furnished, with 0 to 6 people and robots moving about.

    num_walkers fixes how many move (fewer where there is no room for their ways).
    """
    rng = np.random.default_rng([seed, 1])
    room = (0.0, 0.0, rng.uniform(6, 14), rng.uniform(5, 11))
    x0, y0, x1, y1 = room
    draft = _Draft(rng, [(x0, y0, x1, y0), (x1, y0, x1, y1), (x1, y1, x0, y1), (x0, y1, x0, y0)])
    layout = rng.choice(["rooms", "corridor", "hall"], p=[0.45, 0.3, 0.25])
    if layout == "rooms":
        draft.split(room, rng.uniform(2.0, 3.4))
    elif layout == "corridor" and y1 - y0 > 6.3:
        draft.corridor(room)
    else:
        draft.hall(room)
    height, color = rng.uniform(2.3, 2.8), WALL_COLORS[rng.integers(len(WALL_COLORS))]
    walls = tuple(wall(s, height, color=color) for s in draft.segments)
    furniture = _furnish(rng, draft, rng.uniform(0.02, 0.16), height)
    bounds = (x0 - 0.2, y0 - 0.2, x1 + 0.2, y1 + 0.2)
    plan = FloorPlan(bounds, walls, tuple(draft.doors), furniture, (), height, style=seed)
    return plan.with_walkers(random_walkers(plan, rng, int(rng.integers(0, 7)) if num_walkers is None else num_walkers))


def _furnish(rng: np.random.Generator, draft: _Draft, density: float, height: float) -> tuple[Furniture, ...]:
    placed: list[Furniture] = []
    for room in draft.rooms:
        area = (room[2] - room[0]) * (room[3] - room[1])
        narrow = min(room[2] - room[0], room[3] - room[1]) < 2.4
        wanted, tries = density * area * (0.4 if narrow else 1.0), 0
        while wanted > 0 and tries < 25:
            tries += 1
            kind = str(rng.choice(["plant", "bin", "cabinet", "carton"] if narrow else list(SIZES)))
            piece = _place(rng, kind, room, height)
            if piece is not None and _has_room(piece, placed, draft):
                placed.append(piece)
                wanted -= 4 * piece.half_extent[0] * piece.half_extent[1]
    return tuple(placed)


def _place(rng: np.random.Generator, kind: str, room: Bounds, height: float) -> Furniture | None:
    x_size, y_size, z_size, along_wall = SIZES[kind]
    dims = [rng.uniform(*size) for size in (x_size, y_size, z_size)]
    if kind in ROUND:
        dims[1] = dims[0]
    if kind == "column":
        dims[2] = height
    color = PALETTE[rng.integers(len(PALETTE))]
    along_wall = along_wall and rng.random() < 0.9
    yaw = math.pi / 2 * int(rng.integers(4)) if along_wall else rng.uniform(-math.pi, math.pi)
    piece = Furniture(kind, 0.0, 0.0, yaw, tuple(dims), color)
    (hx, hy), gap = piece.half_extent, WALL_THICKNESS / 2 + 0.02
    low = (room[0] + hx + gap, room[1] + hy + gap)
    high = (room[2] - hx - gap, room[3] - hy - gap)
    if low[0] >= high[0] or low[1] >= high[1]:
        return None
    x, y = rng.uniform(low[0], high[0]), rng.uniform(low[1], high[1])
    if along_wall:  # its back (-y) to the wall
        side = round(yaw / (math.pi / 2)) % 4
        x, y = ((x, low[1]), (high[0], y), (x, high[1]), (low[0], y))[side]
    return Furniture(kind, x, y, yaw, tuple(dims), color)


def _has_room(piece: Furniture, placed: list[Furniture], draft: _Draft) -> bool:
    hx, hy = piece.half_extent
    for other in placed:
        ox, oy = other.half_extent
        if abs(piece.x - other.x) < hx + ox + 0.05 and abs(piece.y - other.y) < hy + oy + 0.05:
            return False
    for door in draft.doors:
        keep = door.width / 2 + 0.5
        if abs(piece.x - door.x) < hx + keep and abs(piece.y - door.y) < hy + keep:
            return False
    return True


def random_walkers(plan: FloorPlan, rng: np.random.Generator, count: int) -> tuple[Walker, ...]:
    """Up to `count` people (four in five) and robots on ways through the plan that clear everything standing still."""
    grid = plan.occupancy(0.15, height=2.0)
    walkers = []
    for _ in range(count):
        is_person = rng.random() < 0.8
        radius = rng.uniform(0.2, 0.3)
        stops = grid.sample(rng, int(rng.integers(2, 5)), radius + 0.1)
        legs = [grid.shortest_path(a, b, radius + 0.05) for a, b in itertools.pairwise(stops)]
        if not legs or any(leg is None for leg in legs):
            continue
        way = np.concatenate([legs[0][:1], *[leg[1:] for leg in legs]])
        length = np.linalg.norm(np.diff(way, axis=0), axis=1).sum()
        if length < 0.8:
            continue
        walkers.append(
            Walker(
                waypoints=tuple(map(tuple, way.tolist())),
                speed=rng.uniform(0.3, 1.3) if is_person else rng.uniform(0.2, 0.7),
                radius=radius,
                height=rng.uniform(1.5, 1.9) if is_person else rng.uniform(0.3, 1.1),
                kind="person" if is_person else "robot",
                color=tuple(rng.uniform(0.1, 0.8, size=3).tolist()),
                pause=rng.uniform(0.0, 2.5),
                start=rng.uniform(0, 2 * length),
            )
        )
    return tuple(walkers)


def demo_floor_plan() -> FloorPlan:
    """A flat of 10 x 8 m: a hallway, a living room, an office and a workshop, and three people who walk about."""
    draft = _Draft(np.random.default_rng(0), [(0, 0, 10, 0), (10, 0, 10, 8), (10, 8, 0, 8), (0, 8, 0, 0)])
    draft.partition((0, 3.2), (10, 3.2), [1.6, 7.4], 1.2)  # the hallway's south side
    draft.partition((0, 5.0), (10, 5.0), [2.6, 8.2], 1.2)  # its north side
    draft.partition((4.9, 0), (4.9, 3.2), [1.1], 1.1)
    draft.segments.append((5.4, 5.0, 5.4, 8.0))
    oak, walnut, white = PALETTE[1], PALETTE[2], PALETTE[3]
    furniture = (
        Furniture("sofa", 2.2, 0.55, 0.0, (2.0, 0.9, 0.8), (0.20, 0.36, 0.50)),
        Furniture("round_table", 2.3, 1.75, 0.0, (0.8, 0.8, 0.72), oak),
        Furniture("shelf", 4.62, 2.3, math.pi / 2, (1.2, 0.35, 1.9), walnut),
        Furniture("plant", 0.4, 2.75, 0.0, (0.5, 0.5, 1.4), (0.7, 0.35, 0.25)),
        Furniture("desk", 9.55, 1.4, math.pi / 2, (1.5, 0.75, 0.74), oak),
        Furniture("chair", 8.75, 1.4, math.pi, (0.46, 0.46, 0.92), (0.25, 0.27, 0.30)),
        Furniture("cabinet", 6.3, 0.33, 0.0, (1.4, 0.45, 1.1), white),
        Furniture("bin", 8.6, 0.3, 0.0, (0.32, 0.32, 0.5), (0.5, 0.5, 0.52)),
        Furniture("table", 1.6, 6.8, 0.0, (1.8, 0.9, 0.75), oak),
        Furniture("chair", 1.7, 6.0, math.pi / 2, (0.46, 0.46, 0.92), (0.55, 0.22, 0.20)),
        Furniture("chair", 1.2, 7.5, -math.pi / 2, (0.46, 0.46, 0.92), (0.55, 0.22, 0.20)),
        Furniture("cabinet", 5.1, 7.0, math.pi / 2, (1.2, 0.4, 2.0), walnut),
        Furniture("shelf", 7.2, 7.75, math.pi, (1.4, 0.35, 1.8), oak),
        Furniture("carton", 9.4, 7.3, 0.4, (0.6, 0.5, 0.45), (0.70, 0.55, 0.36)),
        Furniture("carton", 9.5, 6.6, -0.2, (0.5, 0.45, 0.4), (0.74, 0.60, 0.40)),
        Furniture("column", 6.9, 6.2, 0.0, (0.35, 0.35, 2.5), white),
        Furniture("plant", 9.6, 4.65, 0.0, (0.45, 0.45, 1.2), (0.75, 0.75, 0.72)),
    )
    walkers = (
        Walker(((1.0, 4.62), (7.2, 4.62)), 0.45, 0.25, 1.78, color=(0.75, 0.25, 0.20), start=5.5),
        Walker(((7.4, 1.6), (7.4, 3.7)), 0.5, 0.24, 1.66, color=(0.20, 0.45, 0.60), start=0.5),
        Walker(((1.2, 2.4), (3.6, 2.4), (4.0, 1.1), (6.2, 1.2)), 0.5, 0.25, 1.72, color=(0.30, 0.50, 0.28), start=3.0),
    )
    return FloorPlan(
        (-0.2, -0.2, 10.2, 8.2),
        tuple(wall(s, color=(0.92, 0.90, 0.86)) for s in draft.segments),
        tuple(draft.doors), furniture, walkers, style=6,
    )  # fmt: skip
