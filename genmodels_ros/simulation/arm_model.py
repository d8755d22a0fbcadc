"""An arm cell as part of a MuJoCo model: the robot from its URDF, its obstacles, a pedestal under both.

Joints, masses and collision meshes come from the URDF through MuJoCo's own reader; what the arm looks like comes from
the URDF's COLLADA meshes, which MuJoCo cannot read.
"""

import xml.etree.ElementTree as ElementTree
from itertools import combinations
from pathlib import Path

import mujoco
import numpy as np

from genmodels_ros.robots.description import Robot, load_robot
from genmodels_ros.robots.obstacles import Box, Obstacle, Scene, Sphere
from genmodels_ros.robots.urdf import origin_transform
from genmodels_ros.simulation.collada import read_parts
from genmodels_ros.simulation.geoms import (
    ARM,
    ARM_HULL,
    ARM_LOOKS,
    FLOOR_BIT,
    SEEN_ONLY,
    STATIC,
    STATIC_BIT,
    WALKER_BIT,
    add_solid,
    yaw_quaternion,
)
from genmodels_ros.simulation.scenes import ArmCell
from genmodels_ros.simulation.solids import Solid

CELL_COLORS = ((0.80, 0.36, 0.22), (0.20, 0.45, 0.62), (0.86, 0.66, 0.22), (0.34, 0.55, 0.38), (0.55, 0.40, 0.62))
TABLE = (0.72, 0.56, 0.40)


def add_arm_cell(spec: mujoco.MjSpec, cell: ArmCell, visible: bool) -> None:
    """The cell with the robot's base frame at its place; `visible` adds the fine meshes."""
    robot = load_robot(cell.robot)
    body = spec.worldbody.add_body(name="arm_cell", pos=list(cell.position), quat=yaw_quaternion(cell.yaw))
    _add_obstacles(body, cell.scene)
    for index, solid in enumerate(cell.stand()):
        add_solid(body, solid, f"cell_stand_{index}", **STATIC)
    body.add_frame().attach_body(_arm_spec(robot, visible).body(robot.base_frame), ARM, "")
    _exclude_unchecked_pairs(spec, robot)
    _add_motors(spec, robot)


def obstacle_solid(obstacle: Obstacle, color) -> Solid:
    """The solid in the arm's base frame, without its orientation (which may be any)."""
    center = tuple(map(float, obstacle.center))
    if isinstance(obstacle, Sphere):
        return Solid("sphere", center, (2 * obstacle.radius,) * 3, color=color)
    if isinstance(obstacle, Box):
        return Solid("box", center, tuple(map(float, obstacle.dims)), color=color)
    return Solid("cylinder", center, (2 * obstacle.radius, 2 * obstacle.radius, obstacle.height), color=color)


def _add_obstacles(body, scene: Scene) -> None:
    groups: dict[str, int] = {}
    for index, obstacle in enumerate(scene.obstacles):
        # Parts of one thing share a colour: shelf_left and shelf_top are the shelf's.
        group = groups.setdefault(obstacle.id.partition("_")[0], len(groups))
        is_table = obstacle.id.startswith("table")
        solid = obstacle_solid(obstacle, TABLE if is_table else CELL_COLORS[group % len(CELL_COLORS)])
        x, y, z, w = getattr(obstacle, "quat_xyzw", (0.0, 0.0, 0.0, 1.0))
        material = "wood" if is_table or obstacle.id.startswith("shelf") else "plain"
        name = obstacle_name(obstacle, index)
        add_solid(body, solid, name, **(STATIC | {"quat": [w, x, y, z], "material": material}))


def obstacle_name(obstacle: Obstacle, index: int) -> str:
    """A geom name that is unique, and not taken for a wall or a person."""
    return f"cell_{index}_{obstacle.id or type(obstacle).__name__.lower()}"


def _arm_spec(robot: Robot, visible: bool) -> mujoco.MjSpec:
    root = ElementTree.parse(robot.urdf).getroot()
    folder = f"{robot.package_folder}/"
    looks = {link.get("name"): link.findall("visual") for link in root.findall("link")}
    for link in root.findall("link"):
        for visual in link.findall("visual"):
            link.remove(visual)
    for mesh in root.iter("mesh"):
        mesh.set("filename", mesh.get("filename").replace("package://", folder))
    options = {"strippath": "false", "balanceinertia": "true", "fusestatic": "false", "discardvisual": "false"}
    ElementTree.SubElement(ElementTree.SubElement(root, "mujoco"), "compiler", options)
    spec = mujoco.MjSpec.from_string(ElementTree.tostring(root, encoding="unicode"))
    _hold_fingers(spec, robot)
    _prepare_hulls(spec)
    if visible:
        for link, visuals in looks.items():
            for visual in visuals:
                _add_looks(spec, spec.body(link), link, visual, folder)
    return spec


def _hold_fingers(spec: mujoco.MjSpec, robot: Robot) -> None:
    for name in robot.finger_joints:
        joint = spec.joint(name)
        body, shift = joint.parent, np.zeros(3)
        mujoco.mju_rotVecQuat(shift, np.array(joint.axis) * robot.finger_position, np.array(body.quat))
        body.pos = np.array(body.pos) + shift
        spec.delete(joint)


def _prepare_hulls(spec: mujoco.MjSpec) -> None:
    for body in spec.bodies:
        for index, geom in enumerate(body.geoms):
            geom.name, geom.group = f"{body.name}_{index}", ARM_HULL
            geom.rgba = [0.93, 0.93, 0.94, 1]
            geom.contype, geom.conaffinity = STATIC_BIT, STATIC_BIT | WALKER_BIT | FLOOR_BIT


def _add_looks(spec: mujoco.MjSpec, body, link: str, visual, folder: str) -> None:
    mesh = visual.find("geometry/mesh")
    if mesh is None or not mesh.get("filename").endswith(".dae"):
        return
    placement = origin_transform(visual.find("origin"))
    for index, part in enumerate(read_parts(Path(mesh.get("filename").replace("package://", folder)))):
        name = f"{link}_looks_{index}"
        vertices = part.vertices @ placement[:3, :3].T + placement[:3, 3]
        added = spec.add_mesh(name=name, uservert=vertices.ravel(), userface=part.faces.ravel())
        added.inertia = mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL  # parts may be flat
        settings = SEEN_ONLY | {"group": ARM_LOOKS, "rgba": [*part.color, 1]}
        body.add_geom(name=name, type=mujoco.mjtGeom.mjGEOM_MESH, meshname=name, **settings)


def _exclude_unchecked_pairs(spec: mujoco.MjSpec, robot: Robot) -> None:
    """Links that always or never touch are left alone, as in the SRDF."""
    checked = {frozenset(pair) for pair in robot.collision_pairs}
    base = spec.body(ARM + robot.base_frame)
    links = [robot.base_frame, *(body.name.removeprefix(ARM) for body in base.find_all("body"))]
    for first, second in combinations(links, 2):
        if frozenset((first, second)) not in checked:
            spec.add_exclude(bodyname1=ARM + first, bodyname2=ARM + second)


def _add_motors(spec: mujoco.MjSpec, robot: Robot) -> None:
    efforts = _effort_limits(robot)
    for name in robot.joint_names:
        spec.joint(ARM + name).armature = 0.1  # rotor inertia through the gears, kg m²
        actuator = spec.add_actuator(name=ARM + name, target=ARM + name)
        actuator.trntype = mujoco.mjtTrn.mjTRN_JOINT
        actuator.set_to_motor()
        actuator.ctrlrange, actuator.ctrllimited = [-efforts[name], efforts[name]], True


def _effort_limits(robot: Robot) -> dict[str, float]:
    root = ElementTree.parse(robot.urdf).getroot()
    limits = {joint.get("name"): joint.find("limit") for joint in root.findall("joint")}
    return {name: float(limits[name].get("effort")) for name in robot.joint_names}
