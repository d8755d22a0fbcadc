"""Solids as MuJoCo geoms, and who notices them.

Groups: SOLID everybody, LOOKS only cameras, CEILING only cameras inside the rooms, SENSED only lidar and contacts. An
arm is there twice: as ARM_HULL, what it collides with and what the robot's sensors see, and as ARM_LOOKS for pictures.
Contact bits keep people and the floor away from what they need not touch; what stands still belongs to the world body,
so the simulator never tests it against itself.
"""

import math

import mujoco

from genmodels_ros.simulation.scenes import LabelClass
from genmodels_ros.simulation.solids import Solid

SOLID, LOOKS, CEILING, SENSED, ARM_LOOKS, ARM_HULL = range(6)
STATIC_BIT, WALKER_BIT, FLOOR_BIT = 1, 2, 4
STATIC = {"contype": STATIC_BIT, "conaffinity": STATIC_BIT, "group": SOLID}
SEEN_ONLY = {"contype": 0, "conaffinity": 0, "group": LOOKS, "mass": 0}
ARM = "arm_"  # before the name of everything that comes from an arm's URDF
SHAPES = {
    "box": mujoco.mjtGeom.mjGEOM_BOX,
    "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
    "sphere": mujoco.mjtGeom.mjGEOM_ELLIPSOID,
    "capsule": mujoco.mjtGeom.mjGEOM_CAPSULE,
}
# The first word of a geom's name tells what it is; everything else is furniture.
LABELS = {
    "floor": LabelClass.FLOOR,
    "wall": LabelClass.WALL,
    "person": LabelClass.PERSON,
    "robot": LabelClass.OTHER,
    "base": LabelClass.OTHER,
    "arm": LabelClass.OTHER,
    "ceiling": LabelClass.BACKGROUND,
}


def label_of(name: str) -> LabelClass:
    """The class of the geom with this name, which a base's name may go before."""
    return LABELS.get(name.rpartition("/")[2].partition("_")[0], LabelClass.FURNITURE)


def yaw_quaternion(yaw: float) -> list[float]:
    """wxyz, MuJoCo's order."""
    return [math.cos(yaw / 2), 0.0, 0.0, math.sin(yaw / 2)]


def add_solid(body, solid: Solid, name: str, **options):
    """A geom of an MjSpec body; `options` are MjSpec's (group, contype, quat ...)."""
    dx, dy, dz = (d / 2 for d in solid.dims)
    settings = {
        "type": SHAPES[solid.shape],
        "size": [dx, dz, 0] if solid.shape in ("cylinder", "capsule") else [dx, dy, dz],
        "pos": list(solid.center),
        "quat": yaw_quaternion(solid.yaw),
        "rgba": [*solid.color, 1.0],
        "material": solid.material,
    }
    return body.add_geom(name=name, **(settings | options))
