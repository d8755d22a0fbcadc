"""The mobile base as an SDF model: body, two driven wheels, two sliding castors, sensors.

DiffDrive turns `cmd_vel` into wheel speeds within the base's limits. `odom` and `tf` come from OdometryPublisher: odom
is the map frame at the start here and in MuJoCo, while DiffDrive's own odometry, on `wheel_odom`, starts at zero.
"""

import math
from xml.etree.ElementTree import Element

from genmodels_ros.simulation.floor.decor import base_parts
from genmodels_ros.simulation.gazebo.sdf import (
    add,
    add_all,
    add_inertial,
    add_model,
    add_pose,
    add_solid,
    add_system,
)
from genmodels_ros.simulation.gazebo.sensors import add_camera, add_imu, add_lidar
from genmodels_ros.simulation.inertia import cylinder_moments
from genmodels_ros.simulation.scenes import Base, LabelClass, WorldDescription, of_base
from genmodels_ros.simulation.solids import Solid

WHEEL_MASS = 0.3  # kg, of the base's mass
TREAD = 0.004  # m, of a wheel's width
CASTOR_AT = 0.15  # m before and behind the middle
ODOMETRY_RATE = 50.0  # Hz, the simulation node's default
GRIP, SLIDE = 1.0, 0.0  # Coulomb friction of wheels and castors


def add_base(world: Element, description: WorldDescription, pose, name: str = "") -> None:
    """The model `name`, or `base`, at pose (x, y, yaw) in the map; its link `base_link` has its origin on the floor."""
    base = description.base
    model = add_model(world, name or "base", (*pose[:2], 0.0), pose[2], static=False)
    link = _add_body(model, base)
    if name:
        add_solid(link, base.collar, "base_collar", collides=False)
    add_lidar(link, description.lidar, name)
    if description.camera is not None:
        add_camera(link, description.camera, name)
    if description.imu is not None:
        add_imu(link, description.imu, name)
    for side, sign in (("left", 1), ("right", -1)):
        _add_wheel(model, base, side, sign)
    add_system(model, "Label", label=int(LabelClass.OTHER))
    _add_drive(model, base, name)


def _add_body(model: Element, base: Base) -> Element:
    link, mass = add(model, "link", name="base_link"), base.mass - 2 * WHEEL_MASS
    hull, castor = base.hull, base.clearance / 2
    moments = cylinder_moments(mass, base.radius, hull.dims[2])
    add_inertial(link, mass, moments, hull.center)
    add_solid(link, hull, "base_hull", seen=False)
    for name, x in (("castor_front", CASTOR_AT), ("castor_back", -CASTOR_AT)):
        ball = Solid("sphere", (x, 0, castor), (2 * castor,) * 3)
        add_solid(link, ball, name, seen=False)
        _add_friction(link.findall("collision")[-1], SLIDE)
    for index, part in enumerate(base_parts(base)):
        add_solid(link, part, f"base_part_{index}", collides=False)
    return link


def _add_wheel(model: Element, base: Base, side: str, sign: int) -> None:
    """A wheel whose own axis z lies across the base; it touches the floor with the narrow middle of its tread.

    Contact with a wide cylinder jumps between its two edges, and the base turns about a point as far beside its middle.
    """
    link = add(model, "link", name=f"{side}_wheel")
    add_pose(link, (0, sign * base.wheel_track / 2, base.wheel_radius), (-math.pi / 2, 0, 0))
    add_inertial(link, WHEEL_MASS, cylinder_moments(WHEEL_MASS, base.wheel_radius, base.wheel_width))
    across, color = 2 * base.wheel_radius, (0.1, 0.1, 0.11)
    for width, parts in ((TREAD, {"seen": False}), (base.wheel_width, {"collides": False})):
        add_solid(link, Solid("cylinder", (0, 0, 0), (across, across, width), color=color), link.get("name"), **parts)
    _add_friction(link.find("collision"), GRIP)
    joint = add(model, "joint", name=f"{side}_wheel_joint", type="revolute")
    add_all(joint, parent="base_link", child=link.get("name"))
    axis = add(joint, "axis")
    add(axis, "xyz", (0, 1, 0), expressed_in="base_link")
    add_all(axis, limit={"lower": "-1e16", "upper": "1e16"})


def _add_friction(collision: Element, coefficient: float) -> None:
    add_all(collision, surface={"friction": {"ode": {"mu": coefficient, "mu2": coefficient}}})


def _add_drive(model: Element, base: Base, name: str) -> None:
    limits = {}
    commands, turned, odometry, transform = (of_base(name, part) for part in ("cmd_vel", "wheel_odom", "odom", "tf"))
    for quantity, linear, angular in (
        ("velocity", base.max_speed, base.max_turn_rate),
        ("acceleration", base.max_acceleration, base.max_turn_acceleration),
    ):
        for way, value in (("linear", linear), ("angular", angular)):
            limits[f"min_{way}_{quantity}"], limits[f"max_{way}_{quantity}"] = -value, value
    add_system(
        model, "DiffDrive", left_joint="left_wheel_joint", right_joint="right_wheel_joint",
        wheel_separation=base.wheel_track, wheel_radius=base.wheel_radius, topic=commands, odom_topic=turned,
        odom_publish_frequency=ODOMETRY_RATE, frame_id="odom", child_frame_id="base_link", **limits,
    )  # fmt: skip
    add_system(
        model, "OdometryPublisher", odom_topic=odometry, tf_topic=transform, odom_frame="odom",
        robot_base_frame="base_link", odom_publish_frequency=ODOMETRY_RATE, dimensions=2,
    )  # fmt: skip
