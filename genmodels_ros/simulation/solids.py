"""What rooms are made of: coloured boxes, cylinders and spheres, and the furniture built from them.

Plain data without a simulator, so that MuJoCo and any other world are generated from the same description.
Frame: map, z = 0 on the floor; metres, radians.
"""

import math
from dataclasses import dataclass

Vector = tuple[float, float, float]

WOOD = (0.62, 0.44, 0.28)
STEEL = (0.62, 0.64, 0.67)
LEAF = (0.22, 0.45, 0.20)


@dataclass(frozen=True)
class Solid:
    """shape: box, cylinder (along z) or sphere; center [m]; dims: full extent along its own x, y, z [m]; yaw about z.

    material names a texture (wall, wood, metal, fabric, leaf, plain), color tints it, each channel 0 to 1.
    """

    shape: str
    center: Vector
    dims: Vector
    yaw: float = 0.0
    color: Vector = (0.8, 0.8, 0.8)
    material: str = "plain"

    @property
    def bottom(self) -> float:
        return self.center[2] - self.dims[2] / 2


@dataclass(frozen=True)
class Furniture:
    """One piece standing on the floor: kind (a key of KINDS), position of its middle, yaw, dims [m], main colour."""

    kind: str
    x: float
    y: float
    yaw: float
    dims: Vector
    color: Vector

    @property
    def half_extent(self) -> tuple[float, float]:
        """Half the axis-aligned footprint (x, y), m."""
        c, s = abs(math.cos(self.yaw)), abs(math.sin(self.yaw))
        return (c * self.dims[0] + s * self.dims[1]) / 2, (s * self.dims[0] + c * self.dims[1]) / 2

    def solids(self) -> tuple[Solid, ...]:
        """The parts in the map frame."""
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        placed = []
        for shape, (x, y, z), dims, color, material in KINDS[self.kind](self.dims, self.color):
            center = (self.x + c * x - s * y, self.y + s * x + c * y, z)
            placed.append(Solid(shape, center, dims, self.yaw, color, material))
        return tuple(placed)


# Each kind lists its parts around its own middle: (shape, center, dims, color, material).


def _legs(dx, dy, height, width, color, material):
    x, y = dx / 2 - width, dy / 2 - width
    return [
        ("box", (i * x, j * y, height / 2), (width, width, height), color, material) for i in (-1, 1) for j in (-1, 1)
    ]


def _table(dims, color):
    dx, dy, dz = dims
    top = ("box", (0, 0, dz - 0.02), (dx, dy, 0.04), color, "wood")
    return [top, *_legs(dx, dy, dz - 0.04, 0.05, color, "wood")]


def _desk(dims, color):
    dx, dy, dz = dims
    return [
        ("box", (0, 0, dz - 0.015), (dx, dy, 0.03), color, "wood"),
        ("box", (-dx / 2 + 0.02, 0, dz / 2 - 0.015), (0.04, dy, dz - 0.03), STEEL, "metal"),
        ("box", (dx / 2 - 0.2, 0, dz / 2 - 0.015), (0.4, dy - 0.06, dz - 0.03), (0.82, 0.82, 0.80), "plain"),
        ("box", (0, dy / 4, dz + 0.22), (0.55, 0.03, 0.33), (0.06, 0.06, 0.07), "plain"),
        ("box", (0, dy / 4, dz + 0.03), (0.06, 0.06, 0.06), (0.1, 0.1, 0.1), "plain"),
    ]


def _chair(dims, color):
    dx, dy, dz = dims
    seat = 0.45 * dz / 0.9
    return [
        ("box", (0, 0, seat), (dx, dy, 0.05), color, "fabric"),
        ("box", (-dx / 2 + 0.025, 0, (seat + dz) / 2), (0.05, dy, dz - seat), color, "fabric"),
        *_legs(dx, dy, seat - 0.025, 0.04, (0.25, 0.25, 0.27), "metal"),
    ]


def _cabinet(dims, color):
    dx, dy, dz = dims
    front = dy / 2 - 0.005
    darker = tuple(0.85 * c for c in color)
    return [
        ("box", (0, 0, dz / 2), dims, color, "wood"),
        ("box", (-dx / 4, front, dz / 2 + 0.02), (dx / 2 - 0.03, 0.02, dz - 0.12), darker, "wood"),
        ("box", (dx / 4, front, dz / 2 + 0.02), (dx / 2 - 0.03, 0.02, dz - 0.12), darker, "wood"),
        ("box", (-0.04, front + 0.01, dz / 2), (0.015, 0.03, 0.12), STEEL, "metal"),
        ("box", (0.04, front + 0.01, dz / 2), (0.015, 0.03, 0.12), STEEL, "metal"),
    ]


BOOKS = ((0.60, 0.18, 0.16), (0.16, 0.30, 0.50), (0.75, 0.62, 0.25), (0.20, 0.42, 0.30))


def _shelf(dims, color):
    dx, dy, dz = dims
    boards = [("box", (0, 0, dz * k / 4 + 0.02), (dx, dy, 0.03), color, "wood") for k in range(5)]
    sides = [("box", (i * (dx / 2 - 0.015), 0, dz / 2), (0.03, dy, dz + 0.07), color, "wood") for i in (-1, 1)]
    books = []
    for k, book_color in enumerate(BOOKS):
        center = ((-0.22 + 0.13 * k) * dx, 0, dz * k / 4 + 0.035 + 0.09 * dz)
        books.append(("box", center, (0.45 * dx, 0.7 * dy, 0.18 * dz), book_color, "plain"))
    return boards + sides + books


def _sofa(dims, color):
    dx, dy, dz = dims
    return [
        ("box", (0, 0, 0.22), (dx, dy, 0.36), color, "fabric"),
        ("box", (0, -dy / 2 + 0.1, dz / 2 + 0.02), (dx, 0.2, dz - 0.04), color, "fabric"),
        ("box", (-dx / 2 + 0.08, 0, 0.3), (0.16, dy, 0.56), color, "fabric"),
        ("box", (dx / 2 - 0.08, 0, 0.3), (0.16, dy, 0.56), color, "fabric"),
        ("box", (-dx / 5, -dy / 8, 0.5), (0.35, 0.12, 0.3), tuple(0.6 + 0.4 * c for c in color), "fabric"),
    ]


def _bed(dims, color):
    dx, dy, dz = dims
    return [
        ("box", (0, 0, 0.15), (dx, dy, 0.3), WOOD, "wood"),
        ("box", (0.02, 0, 0.4), (dx - 0.06, dy - 0.04, 0.2), color, "fabric"),
        ("box", (-dx / 2 + 0.3, 0, 0.54), (0.4, dy * 0.7, 0.1), (0.95, 0.95, 0.93), "fabric"),
        ("box", (-dx / 2 + 0.02, 0, dz / 2), (0.04, dy, dz), WOOD, "wood"),
    ]


def _plant(dims, color):
    dx, _, dz = dims
    crown = 0.55 * dz
    return [
        ("cylinder", (0, 0, 0.16), (0.8 * dx, 0.8 * dx, 0.32), color, "plain"),
        ("cylinder", (0, 0, 0.3 + 0.1 * dz), (0.04, 0.04, 0.25 * dz), WOOD, "wood"),
        ("sphere", (0, 0, dz - crown / 2), (dx, dx, crown), LEAF, "leaf"),
        ("sphere", (0.15 * dx, 0.1 * dx, dz - 0.75 * crown), (0.8 * dx, 0.8 * dx, 0.6 * crown), LEAF, "leaf"),
    ]


def _column(dims, color):
    dx, _, dz = dims
    return [("cylinder", (0, 0, dz / 2), (dx, dx, dz), color, "wall")]


def _carton(dims, color):
    _, dy, dz = dims
    return [
        ("box", (0, 0, dz / 2), dims, color, "plain"),
        ("box", (0, 0, dz), (0.05, dy + 0.004, 0.006), (0.85, 0.78, 0.62), "plain"),
    ]


def _bin(dims, color):
    dx, _, dz = dims
    rim = tuple(0.6 * c for c in color)
    return [
        ("cylinder", (0, 0, dz / 2), (dx, dx, dz), color, "metal"),
        ("cylinder", (0, 0, dz), (1.06 * dx, 1.06 * dx, 0.03), rim, "metal"),
    ]


def _round_table(dims, color):
    dx, _, dz = dims
    return [
        ("cylinder", (0, 0, dz - 0.02), (dx, dx, 0.04), color, "wood"),
        ("cylinder", (0, 0, dz / 2), (0.08, 0.08, dz - 0.04), STEEL, "metal"),
        ("cylinder", (0, 0, 0.015), (0.5 * dx, 0.5 * dx, 0.03), STEEL, "metal"),
    ]


KINDS = {
    "table": _table,
    "round_table": _round_table,
    "desk": _desk,
    "chair": _chair,
    "cabinet": _cabinet,
    "shelf": _shelf,
    "sofa": _sofa,
    "bed": _bed,
    "plant": _plant,
    "column": _column,
    "carton": _carton,
    "bin": _bin,
}
