"""The simulated robots as URDF (http://wiki.ros.org/urdf/XML), for robot_state_publisher and ros2_control in Gazebo.

Both are put together when asked for: the base from its description, the arm from the URDF of its own package, with its
meshes by absolute path.
"""

import math
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

from genmodels_ros.robots.description import Robot, load_robot
from genmodels_ros.robots.packages import find_file
from genmodels_ros.simulation.floor.decor import base_parts
from genmodels_ros.simulation.gazebo.sdf import numbers
from genmodels_ros.simulation.gazebo.sensors import add_rgbd_camera
from genmodels_ros.simulation.inertia import cylinder_moments
from genmodels_ros.simulation.scenes import ArmCell, WorldDescription
from genmodels_ros.simulation.solids import Solid

OPTICAL = (-math.pi / 2, 0.0, -math.pi / 2)  # rpy of a frame with z forward, x right in one with x forward, z up
HARDWARE = "gz_ros2_control/GazeboSimSystem"
CONTROL_PLUGIN = {"filename": "gz_ros2_control-system", "name": "gz_ros2_control::GazeboSimROS2ControlPlugin"}
STATES = ("position", "velocity", "effort")


def base_urdf(description: WorldDescription) -> str:
    """base_link on the floor, base_scan, camera_link with camera_optical_frame, imu_link; nothing moves."""
    root, base = Element("robot", name="mobile_base"), description.base
    link = SubElement(root, "link", name="base_link")
    for part in base_parts(base):
        _add_solid(link, "visual", part)
    _add_solid(link, "collision", base.hull)
    _add_inertial(link, base.mass, cylinder_moments(base.mass, base.radius, base.hull.dims[2]), base.hull.center)
    _add_frame(root, "base_scan", "base_link", (0, 0, description.lidar.height))
    if description.camera is not None:
        _add_camera(root, "camera", "base_link", description.camera.position)
    if description.imu is not None:
        _add_frame(root, "imu_link", "base_link", description.imu.position)
    return _text(root)


def arm_urdf(cell: ArmCell, controllers: Path | None = None, namespace: str = "") -> str:
    """The arm at its place in `world`, with the frames of its cameras.

    controllers: the YAML of ros2_control's controllers; with it ros2_control in Gazebo commands the joints, in
    `namespace`, and the cameras on the arm are Gazebo's. Raises GenModelsError(MODEL_UNAVAILABLE) without the package
    of the arm's description.
    """
    robot = load_robot(cell.robot)
    root = ElementTree.fromstring(robot.source.urdf)
    for mesh in root.iter("mesh"):
        mesh.set("filename", find_file(mesh.get("filename"), robot.package_folder).as_uri())
    SubElement(root, "link", name="world")
    _add_fixed(root, "mount", "world", robot.base_frame, cell.position, (0, 0, cell.yaw))
    for camera in cell.cameras:
        _add_camera(root, camera.name, camera.parent, camera.position, camera.rpy)
    if controllers is not None:
        _add_control(root, robot)
        _add_plugin(root, controllers, namespace)
        for camera in cell.cameras:
            if camera.parent != robot.base_frame:
                add_rgbd_camera(SubElement(root, "gazebo", reference=camera.parent), camera)
    return _text(root)


def _add_control(root: Element, robot: Robot) -> None:
    """Position commands for every joint that follows no other one; the arm starts ready, its fingers open."""
    starts = dict(zip(robot.joint_names, map(float, robot.ready), strict=True))
    starts |= dict.fromkeys(robot.finger_joints, robot.finger_position)
    control = SubElement(root, "ros2_control", name=robot.name, type="system")
    SubElement(SubElement(control, "hardware"), "plugin").text = HARDWARE
    for name, start in starts.items():
        joint = SubElement(control, "joint", name=name)
        if root.find(f"joint[@name='{name}']/mimic") is None:
            SubElement(joint, "command_interface", name="position")
        for state in STATES:
            interface = SubElement(joint, "state_interface", name=state)
            if state == "position":
                SubElement(interface, "param", name="initial_value").text = numbers([start])


def _add_plugin(root: Element, controllers: Path, namespace: str) -> None:
    plugin = SubElement(SubElement(root, "gazebo"), "plugin", CONTROL_PLUGIN)
    SubElement(plugin, "parameters").text = str(controllers)
    ros = SubElement(plugin, "ros")
    SubElement(ros, "namespace").text = f"/{namespace.strip('/')}"
    # The controller's own topic under the name that the nodes, MuJoCo's simulation and Gazebo's controller have for it.
    SubElement(ros, "remapping").text = "~/joint_trajectory:=joint_trajectory"


def _add_camera(root: Element, name: str, parent: str, position, rpy=(0, 0, 0)) -> None:
    _add_frame(root, f"{name}_link", parent, position, rpy)
    _add_frame(root, f"{name}_optical_frame", f"{name}_link", (0, 0, 0), OPTICAL)


def _add_frame(root: Element, name: str, parent: str, position, rpy=(0, 0, 0)) -> None:
    SubElement(root, "link", name=name)
    _add_fixed(root, f"{name}_joint", parent, name, position, rpy)


def _add_fixed(root: Element, name: str, parent: str, child: str, position, rpy) -> None:
    joint = SubElement(root, "joint", name=name, type="fixed")
    SubElement(joint, "parent", link=parent)
    SubElement(joint, "child", link=child)
    SubElement(joint, "origin", xyz=numbers(position), rpy=numbers(rpy))


def _add_inertial(link: Element, mass: float, moments, position) -> None:
    inertial = SubElement(link, "inertial")
    SubElement(inertial, "origin", xyz=numbers(position), rpy="0 0 0")
    SubElement(inertial, "mass", value=numbers([mass]))
    ixx, iyy, izz = (numbers([moment]) for moment in moments)
    SubElement(inertial, "inertia", ixx=ixx, ixy="0", ixz="0", iyy=iyy, iyz="0", izz=izz)


def _add_solid(link: Element, kind: str, solid: Solid) -> None:
    part = SubElement(link, kind)
    SubElement(part, "origin", xyz=numbers(solid.center), rpy=numbers((0, 0, solid.yaw)))
    geometry = SubElement(part, "geometry")
    if solid.shape == "box":
        SubElement(geometry, "box", size=numbers(solid.dims))
    else:
        SubElement(geometry, "cylinder", radius=numbers([solid.dims[0] / 2]), length=numbers([solid.dims[2]]))
    if kind == "visual":
        material = SubElement(part, "material", name="_".join(f"{round(255 * c):02x}" for c in solid.color))
        SubElement(material, "color", rgba=numbers((*solid.color, 1)))


def _text(root: Element) -> str:
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode") + "\n"
