"""The obstacles of an arm cell as named, coloured solids, whatever simulator they are made for."""

from collections.abc import Iterator
from dataclasses import dataclass

from genmodels_ros.robots.obstacles import IDENTITY_XYZW, Box, Obstacle, Sphere
from genmodels_ros.simulation.scenes import ArmCell
from genmodels_ros.simulation.solids import Solid

COLORS = ((0.80, 0.36, 0.22), (0.20, 0.45, 0.62), (0.86, 0.66, 0.22), (0.34, 0.55, 0.38), (0.55, 0.40, 0.62))
TABLE = (0.72, 0.56, 0.40)


@dataclass(frozen=True)
class CellSolid:
    """One obstacle in the arm's base frame: the solid, and its orientation, which may be any; mass [kg], 0 if fixed."""

    name: str
    solid: Solid
    quat_xyzw: tuple[float, float, float, float]
    mass: float = 0.0


def cell_solids(cell: ArmCell) -> Iterator[CellSolid]:
    """Names are unique, and not taken for a wall or a person. Parts of one thing share a colour: shelf_left and
    shelf_top are the shelf's.
    """
    groups: dict[str, int] = {}
    for index, obstacle in enumerate(cell.scene.obstacles):
        group = groups.setdefault(obstacle.id.partition("_")[0], len(groups))
        is_table = obstacle.id.startswith("table")
        material = "wood" if is_table or obstacle.id.startswith("shelf") else "plain"
        solid = obstacle_solid(obstacle, TABLE if is_table else COLORS[group % len(COLORS)], material)
        quat = tuple(map(float, getattr(obstacle, "quat_xyzw", IDENTITY_XYZW)))
        name = f"cell_{index}_{obstacle.id or type(obstacle).__name__.lower()}"
        yield CellSolid(name, solid, quat, cell.masses.get(obstacle.id, 0.0))


def obstacle_solid(obstacle: Obstacle, color, material: str = "plain") -> Solid:
    """The solid in the arm's base frame, without its orientation."""
    center = tuple(map(float, obstacle.center))
    if isinstance(obstacle, Sphere):
        return Solid("sphere", center, (2 * obstacle.radius,) * 3, 0.0, color, material)
    if isinstance(obstacle, Box):
        return Solid("box", center, tuple(map(float, obstacle.dims)), 0.0, color, material)
    return Solid("cylinder", center, (2 * obstacle.radius, 2 * obstacle.radius, obstacle.height), 0.0, color, material)
