"""An arm as an SDF model, from its URDF: links, joints, meshes where the description's package has them, controllers.

Gazebo's own JointTrajectoryController follows `joint_trajectory` and JointStatePublisher tells `joint_states`: an arm
moves without ROS and ros2_control. With ros2_control it is spawned from its URDF instead (robot_urdf).
"""

import xml.etree.ElementTree as ElementTree
from xml.etree.ElementTree import Element

from genmodels_ros.robots.description import Robot, load_robot
from genmodels_ros.robots.packages import find_file
from genmodels_ros.robots.urdf import Joint, read_joints
from genmodels_ros.simulation.arm.model import effort_limits, joint_inertias
from genmodels_ros.simulation.gazebo.sdf import add, add_all, add_color, add_model, add_pose, add_system, looks_of
from genmodels_ros.simulation.gazebo.sensors import add_rgbd_camera
from genmodels_ros.simulation.scenes import ArmCell, LabelClass

STATE_RATE = 100.0  # Hz, the simulation node's default
STIFFNESS, DAMPING, LEARNING = 2500.0, 100.0, 2500.0  # 1/s², 1/s, 1/s³: times a joint's inertia, its gains
STILL = ("fixed",)


def add_arm(world: Element, cell: ArmCell) -> None:
    """The arm's model, named after the robot, its base fixed to the world at the cell's place.

    Raises GenModelsError(MODEL_UNAVAILABLE) where the robot's description or a mesh of it is missing.
    """
    robot = load_robot(cell.robot)
    root = ElementTree.fromstring(robot.source.urdf)
    links = {link.get("name"): link for link in root.findall("link")}
    model = add_model(world, robot.name, cell.position, cell.yaw, static=False)
    base = _add_link(model, links[robot.base_frame], robot)
    add_all(add(model, "joint", name="mount", type="fixed"), parent="world", child=base.get("name"))
    holders = {robot.base_frame: robot.base_frame}  # frame: the link that holds it
    for joint in _below(read_joints(robot.source.urdf), robot.base_frame):
        _add_joint(model, joint, root, links[joint.child], robot, holders)
    made = {link.get("name"): link for link in model.findall("link")}
    for camera in cell.cameras:
        if camera.parent != robot.base_frame:
            add_rgbd_camera(made[camera.parent], camera)
    add_system(model, "Label", label=int(LabelClass.OTHER))
    _add_controllers(model, robot, joint_inertias(cell.robot))


def _below(joints: dict[str, Joint], frame: str) -> list[Joint]:
    """Parents before their children."""
    return [
        found for joint in joints.values() if joint.parent == frame for found in (joint, *_below(joints, joint.child))
    ]


def _add_joint(model: Element, joint: Joint, root: Element, child: Element, robot: Robot, holders: dict) -> None:
    """The joint and its child; what weighs nothing is a frame, as Gazebo's engine has no massless bodies."""
    source = root.find(f"joint[@name='{joint.name}']")
    if joint.kind in STILL and _mass(child) == 0:
        frame = add(model, "frame", name=joint.child, attached_to=joint.parent)
        _add_origin(frame, source.find("origin"))
        holders[joint.child] = holders[joint.parent]
        return
    holders[joint.child] = joint.child
    added = add(model, "joint", name=joint.name, type="revolute" if joint.kind == "continuous" else joint.kind)
    _add_origin(added, source.find("origin"), relative_to=joint.parent)
    add_all(added, parent=holders[joint.parent], child=joint.child)
    if joint.moves:
        limit, dynamics = source.find("limit"), source.find("dynamics")
        axis = add_all(add(added, "axis"), xyz=joint.axis)
        bounds = {"lower": joint.lower, "upper": joint.upper, "effort": float(limit.get("effort"))}
        add_all(axis, limit=bounds | {"velocity": joint.velocity})
        if dynamics is not None:
            add_all(axis, dynamics={"damping": float(dynamics.get("damping", 0))})
    add_pose(_add_link(model, child, robot, at_end=False), relative_to=joint.name)


def _add_link(model: Element, source: Element, robot: Robot, at_end: bool = True) -> Element:
    link = add(model, "link", name=source.get("name"))
    if at_end:
        add_pose(link)
    _add_inertial(link, source.find("inertial"))
    for kind in ("collision", "visual"):
        for index, part in enumerate(source.findall(kind)):
            name = f"{link.get('name')}_{index}"
            made = add(link, kind, name=looks_of(name) if kind == "visual" else name)
            _add_origin(made, part.find("origin"))
            _add_geometry(add(made, "geometry"), part.find("geometry"), robot)
            if kind == "visual" and part.find("geometry/mesh") is None:
                add_color(made, (0.9, 0.9, 0.9))
    return link


def _add_inertial(link: Element, source: Element) -> None:
    inertial = add(link, "inertial")
    _add_origin(inertial, source.find("origin"))
    moments = {name: float(value) for name, value in source.find("inertia").attrib.items()}
    add_all(inertial, mass=float(source.find("mass").get("value")))
    add_all(inertial, inertia={name: f"{value:.8g}" for name, value in moments.items()})


def _add_geometry(geometry: Element, source: Element, robot: Robot) -> None:
    (shape,) = source
    if shape.tag == "mesh":
        file = find_file(shape.get("filename"), robot.package_folder)
        mesh = add_all(add(geometry, "mesh"), uri=file.as_uri())
        if shape.get("scale"):
            add(mesh, "scale", shape.get("scale"))
    else:
        size = {name: [float(v) for v in value.split()] for name, value in shape.attrib.items()}
        add_all(add(geometry, shape.tag), **{name: v[0] if len(v) == 1 else tuple(v) for name, v in size.items()})


def _add_origin(parent: Element, source: Element | None, relative_to: str = "") -> None:
    texts = {} if source is None else source.attrib
    xyz, rpy = ([float(v) for v in texts.get(name, "0 0 0").split()] for name in ("xyz", "rpy"))
    add_pose(parent, xyz, rpy, relative_to)


def _mass(link: Element) -> float:
    mass = link.find("inertial/mass")
    return 0.0 if mass is None else float(mass.get("value"))


def _add_controllers(model: Element, robot: Robot, inertias: list[float]) -> None:
    names = list(robot.joint_names)
    add_system(
        model, "JointStatePublisher", topic="joint_states", update_rate=STATE_RATE,
        joint_name=[*names, *robot.finger_joints],
    )  # fmt: skip
    efforts = effort_limits(robot)
    limits = [efforts[name] for name in names]
    settings = {
        "initial_position": list(map(float, robot.ready)),
        "position_p_gain": [STIFFNESS * inertia for inertia in inertias],
        "position_i_gain": [LEARNING * inertia for inertia in inertias],
        "position_i_min": [-limit for limit in limits],
        "position_i_max": limits,
        "position_cmd_min": [-limit for limit in limits],
        "position_cmd_max": limits,
        "velocity_p_gain": [DAMPING * inertia for inertia in inertias],
        "velocity_cmd_min": [-limit for limit in limits],
        "velocity_cmd_max": limits,
    }
    add_system(model, "JointTrajectoryController", topic="joint_trajectory", joint_name=names, **settings)
    for name in robot.finger_joints:  # held where MuJoCo's model has them
        add_system(
            model, "JointPositionController", joint_name=name, use_velocity_commands=True,
            initial_position=robot.finger_position, cmd_max=0.2, cmd_min=-0.2,
        )  # fmt: skip
