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
from genmodels_ros.robots.obstacles import Scene
from genmodels_ros.robots.urdf import origin_transform, pose_matrix
from genmodels_ros.simulation.arm.cameras import RgbdCamera
from genmodels_ros.simulation.arm.cell_solids import cell_solids
from genmodels_ros.simulation.arm.collada import read_parts
from genmodels_ros.simulation.arm.loose_obstacles import add_loose
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


def add_arm_cell(spec: mujoco.MjSpec, cell: ArmCell, visible: bool) -> None:
    """The cell with the robot's base frame at its place; `visible` adds the fine meshes."""
    robot = load_robot(cell.robot)
    body = spec.worldbody.add_body(name="arm_cell", pos=list(cell.position), quat=yaw_quaternion(cell.yaw))
    _add_obstacles(spec, body, cell)
    for index, solid in enumerate(cell.stand()):
        add_solid(body, solid, f"cell_stand_{index}", **STATIC)
    body.add_frame().attach_body(_arm_spec(robot, visible).body(robot.base_frame), ARM, "")
    _exclude_unchecked_pairs(spec, robot)
    _add_motors(spec, robot)
    for camera in cell.cameras:
        _add_camera(spec, camera)


def _add_obstacles(spec: mujoco.MjSpec, body, cell: ArmCell) -> None:
    for obstacle in cell_solids(cell):
        if obstacle.mass:
            add_loose(spec, cell, obstacle)
            continue
        x, y, z, w = obstacle.quat_xyzw
        add_solid(body, obstacle.solid, obstacle.name, **(STATIC | {"quat": [w, x, y, z]}))


def _add_camera(spec: mujoco.MjSpec, camera: RgbdCamera) -> None:
    """MuJoCo's cameras look along -z with y up; the description's along x with z up."""
    placement = pose_matrix(camera.position, camera.rpy)
    left, up = placement[:3, 1], placement[:3, 2]
    spec.body(ARM + camera.parent).add_camera(
        name=camera.name, pos=placement[:3, 3].tolist(), xyaxes=[*(-left), *up], fovy=np.degrees(camera.vertical_fov)
    )  # fmt: skip


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
    efforts = effort_limits(robot)
    for name in robot.joint_names:
        spec.joint(ARM + name).armature = 0.1  # rotor inertia through the gears, kg m²
        actuator = spec.add_actuator(name=ARM + name, target=ARM + name)
        actuator.trntype = mujoco.mjtTrn.mjTRN_JOINT
        actuator.set_to_motor()
        actuator.ctrlrange, actuator.ctrllimited = [-efforts[name], efforts[name]], True


def joint_inertias(robot_name: str) -> list[float]:
    """[D] the diagonal of the mass matrix at the ready configuration, without rotors: kg m² (kg along a slide)."""
    robot, spec = load_robot(robot_name), mujoco.MjSpec()
    add_arm_cell(spec, ArmCell(Scene(), robot_name, position=(0.0, 0.0, 0.0)), visible=False)
    for name in robot.joint_names:
        spec.joint(ARM + name).armature = 0.0
    model = spec.compile()
    data, inertia = mujoco.MjData(model), np.zeros((model.nv, model.nv))
    joints = [model.joint(ARM + name) for name in robot.joint_names]
    for joint, position in zip(joints, robot.ready, strict=True):
        data.qpos[int(joint.qposadr[0])] = position
    mujoco.mj_forward(model, data)
    mujoco.mj_fullM(model, data, inertia)
    return [float(inertia[int(joint.dofadr[0]), int(joint.dofadr[0])]) for joint in joints]


def effort_limits(robot: Robot) -> dict[str, float]:
    """N m (N along a slide) of each commanded joint, as the URDF says."""
    root = ElementTree.parse(robot.urdf).getroot()
    limits = {joint.get("name"): joint.find("limit") for joint in root.findall("joint")}
    return {name: float(limits[name].get("effort")) for name in robot.joint_names}
