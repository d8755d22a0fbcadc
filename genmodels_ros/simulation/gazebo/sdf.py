"""Words of SDFormat 1.9 (http://sdformat.org/spec?ver=1.9): elements, poses, shapes, plugins, links made of solids.

A length is in metres, an angle in radians, a pose "x y z roll pitch yaw".
"""

import xml.etree.ElementTree as ElementTree
from xml.etree.ElementTree import Element, SubElement

from genmodels_ros.robots.obstacles import IDENTITY_XYZW
from genmodels_ros.simulation.solids import Solid

VERSION = "1.9"  # the newest that Gazebo Fortress reads without an error; Harmonic reads it, too
# Filename and class of every system that a world may load; both Fortress and Harmonic have all of them.
SYSTEMS = {
    name: (f"gz-sim-{file}-system", f"gz::sim::systems::{name}")
    for name, file in {
        "Physics": "physics",
        "UserCommands": "user-commands",
        "SceneBroadcaster": "scene-broadcaster",
        "Sensors": "sensors",
        "Imu": "imu",
        "Label": "label",
        "DiffDrive": "diff-drive",
        "OdometryPublisher": "odometry-publisher",
        "JointStatePublisher": "joint-state-publisher",
        "JointPositionController": "joint-position-controller",
        "JointTrajectoryController": "joint-trajectory-controller",
    }.items()
}


def number(value: float) -> str:
    """Micrometres are enough, and the shortest text."""
    return f"{round(float(value), 6) + 0.0:.10g}"


def numbers(values) -> str:
    return " ".join(number(value) for value in values)


def add(parent: Element, tag: str, text=None, /, **attributes) -> Element:
    """A child element; text: a string, a bool, a number or several."""
    child = SubElement(parent, tag, {name: str(value) for name, value in attributes.items()})
    if isinstance(text, bool):
        child.text = "true" if text else "false"
    elif isinstance(text, str):
        child.text = text
    elif text is not None:
        child.text = numbers(text) if hasattr(text, "__len__") else number(text)
    return child


def add_all(parent: Element, /, **children) -> Element:
    """A child element for each keyword; a dict becomes an element of its own, a list several of the same name."""
    for tag, value in children.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                add_all(add(parent, tag), **item)
            else:
                add(parent, tag, item)
    return parent


def add_pose(parent: Element, position=(0, 0, 0), rpy=(0, 0, 0), relative_to: str = "") -> Element:
    attributes = {"relative_to": relative_to} if relative_to else {}
    return add(parent, "pose", (*position, *rpy), **attributes)


def add_system(parent: Element, system: str, /, **settings) -> Element:
    """A plugin of SYSTEMS with its settings."""
    filename, name = SYSTEMS[system]
    return add_all(add(parent, "plugin", filename=filename, name=name), **settings)


def add_model(world: Element, name: str, position=(0, 0, 0), yaw: float = 0.0, static: bool = True) -> Element:
    model = add(world, "model", name=name)
    if static:
        add(model, "static", True)
    add_pose(model, position, (0, 0, yaw))
    return model


def add_solid(link: Element, solid: Solid, name: str, *, collides=True, seen=True, quat_xyzw=IDENTITY_XYZW) -> None:
    """A solid of the link's frame: a collision, a visual `<name>_looks`, or both. quat_xyzw: in place of its yaw."""
    for kind, part_name, wanted in (("collision", name, collides), ("visual", looks_of(name), seen)):
        if not wanted:
            continue
        part = add(link, kind, name=part_name)
        if tuple(quat_xyzw) == IDENTITY_XYZW:
            add_pose(part, solid.center, (0, 0, solid.yaw))
        else:
            add(part, "pose", (*solid.center, *quat_xyzw), rotation_format="quat_xyzw")
        add_shape(add(part, "geometry"), solid)
        if kind == "visual":
            add_color(part, solid.color)


def looks_of(name: str) -> str:
    """What the visual of a part is called: SDF wants one name once in a link."""
    return f"{name}_looks"


def add_shape(geometry: Element, solid: Solid) -> None:
    """The shape that MuJoCo's geom has (geoms.SHAPES): a sphere of three different extents is an ellipsoid."""
    dx, dy, dz = solid.dims
    if solid.shape == "box":
        add_all(geometry, box={"size": solid.dims})
    elif solid.shape == "sphere" and dx == dy == dz:
        add_all(geometry, sphere={"radius": dx / 2})
    elif solid.shape == "sphere":
        add_all(geometry, ellipsoid={"radii": (dx / 2, dy / 2, dz / 2)})
    else:
        add_all(geometry, **{solid.shape: {"radius": dx / 2, "length": dz}})


def add_color(visual: Element, color) -> None:
    light = linear(color)
    dimmed = (*(0.1 * c for c in light), 1.0)
    add_all(add(visual, "material"), ambient=(*light, 1.0), diffuse=(*light, 1.0), specular=dimmed)


def linear(color) -> tuple[float, ...]:
    """A colour as Gazebo wants it, in linear light, of one as screens show it (gamma 2.2)."""
    return tuple(channel**2.2 for channel in color)


def add_inertial(link: Element, mass: float, moments, position=(0, 0, 0)) -> None:
    """moments: (ixx, iyy, izz) about the centre of mass, kg m²."""
    inertial = add(link, "inertial")
    add_pose(inertial, position)
    ixx, iyy, izz = moments
    add_all(inertial, mass=mass, inertia={"ixx": ixx, "ixy": 0, "ixz": 0, "iyy": iyy, "iyz": 0, "izz": izz})


def to_text(root: Element) -> str:
    """The document, indented."""
    ElementTree.indent(root)
    return '<?xml version="1.0"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"
