"""A robot with what it carries, one more link for each thing as if its URDF had it, and with more that may touch.

Kinematics, spheres, collision pairs and exact geometry all follow from the description, so whatever works for a robot
works for one that carries something.
"""

import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from functools import lru_cache
from itertools import combinations, product

import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.obstacles import IDENTITY_XYZW, Attached, Box, Cylinder, Obstacle, Sphere
from genmodels_ros.robots.scene_arrays import rotation_matrices
from genmodels_ros.robots.urdf import read_disabled_pairs

CELL, MOST_CELLS = 0.05, 64  # m that a sphere around a part of a solid covers a side, and the most spheres of a solid


@lru_cache(maxsize=8)
def carrying(robot: Robot, attached: tuple[Attached, ...], allowed: tuple[tuple[str, str], ...] = ()) -> Robot:
    """The same arm carrying things; `allowed` pairs of links or things may touch, but for those that the SRDF allows
    and the robot's settings check nevertheless.

    Raises GenModelsError: UNKNOWN_FRAME for a link that there is not; INVALID_OBSTACLE for a thing without an id or
    shape, or with a name that is taken.
    """
    allowed = _beyond_the_srdf(robot, allowed)
    if not attached and allowed.isdisjoint(map(frozenset, robot.collision_pairs)):
        return robot
    taken = list(robot.chain.link_names)
    for thing in attached:
        _check(thing, taken)
        taken.append(thing.id)
    source, settings = robot.source, robot.source.settings
    root = ElementTree.fromstring(source.urdf)
    for thing in attached:
        root.extend(_link_and_joint(thing))
    spheres = {thing.id: [row for solid in thing.solids for row in covering(solid)] for thing in attached}
    held = [[thing.id, link] for thing in attached for link in thing.touch_links]
    held += [[a.id, b.id] for a, b in combinations(attached, 2) if a.link == b.link]
    settings = settings | {
        "spheres": settings["spheres"] | spheres,
        "allowed_collisions": [*settings.get("allowed_collisions", ()), *held, *map(sorted, allowed)],
    }
    urdf = ElementTree.tostring(root, encoding="unicode")
    return robot.described_by(replace(source, settings=settings, urdf=urdf))


def covering(solid: Obstacle) -> list[list[float]]:
    """Spheres [x, y, z, radius] m, in the solid's parent frame, that hold a solid."""
    if isinstance(solid, Sphere):
        return [[*solid.center.tolist(), solid.radius]]
    sides = solid.dims if isinstance(solid, Box) else np.array([2 * solid.radius, 2 * solid.radius, solid.height])
    cell = max(CELL, (np.prod(sides) / MOST_CELLS) ** (1 / 3), sides.max() / MOST_CELLS)
    counts = np.maximum(1, np.ceil(sides / cell)).astype(int)
    while counts.prod() > MOST_CELLS:  # flat ones
        counts[counts.argmax()] -= 1
    steps = [(np.arange(count) + 0.5) / count * side - side / 2 for count, side in zip(counts, sides, strict=True)]
    centers = np.array(list(product(*steps))) @ rotation_matrices(solid.quat_xyzw).T + solid.center
    radius = float(np.linalg.norm(sides / counts) / 2)
    return [[*center, radius] for center in centers.tolist()]


def _beyond_the_srdf(robot: Robot, allowed: tuple[tuple[str, str], ...]) -> set[frozenset[str]]:
    """The pairs that the SRDF does not have: a planner's matrix repeats all of these, the settings chose among them."""
    return set(map(frozenset, allowed)) - read_disabled_pairs(robot.source.srdf) if allowed else set()


def _check(thing: Attached, taken: list[str]) -> None:
    if thing.link not in taken:
        message = f"{thing.id!r} is attached to {thing.link!r}, which is no link of the robot: {', '.join(taken)}."
        raise GenModelsError(ErrorCode.UNKNOWN_FRAME, message)
    if not thing.id or thing.id in taken:
        raise GenModelsError(ErrorCode.INVALID_OBSTACLE, f"What is attached cannot be called {thing.id!r}: rename it.")
    if not thing.solids:
        raise GenModelsError(ErrorCode.INVALID_OBSTACLE, f"{thing.id!r} is attached without any shape: give it one.")


def _link_and_joint(thing: Attached) -> list[ElementTree.Element]:
    link = ElementTree.Element("link", name=thing.id)
    for solid in thing.solids:
        collision = ElementTree.SubElement(link, "collision")
        rpy = _roll_pitch_yaw(rotation_matrices(getattr(solid, "quat_xyzw", IDENTITY_XYZW)))
        ElementTree.SubElement(collision, "origin", xyz=_text(solid.center), rpy=_text(rpy))
        _add_shape(ElementTree.SubElement(collision, "geometry"), solid)
    joint = ElementTree.Element("joint", name=f"{thing.id} attached", type="fixed")
    ElementTree.SubElement(joint, "parent", link=thing.link)
    ElementTree.SubElement(joint, "child", link=thing.id)
    return [link, joint]


def _add_shape(geometry: ElementTree.Element, solid: Obstacle) -> None:
    if isinstance(solid, Box):
        ElementTree.SubElement(geometry, "box", size=_text(solid.dims))
    elif isinstance(solid, Cylinder):
        ElementTree.SubElement(geometry, "cylinder", radius=_text([solid.radius]), length=_text([solid.height]))
    else:
        ElementTree.SubElement(geometry, "sphere", radius=_text([solid.radius]))


def _roll_pitch_yaw(rotation: np.ndarray) -> tuple[float, float, float]:
    """Fixed-axis angles of a rotation [3, 3], as a URDF has them."""
    pitch = np.arctan2(-rotation[2, 0], np.hypot(rotation[0, 0], rotation[1, 0]))
    if abs(np.cos(pitch)) < 1e-6:  # the gimbal is locked: roll alone can say it
        return np.arctan2(-rotation[1, 2], rotation[1, 1]), pitch, 0.0
    return (
        np.arctan2(rotation[2, 1], rotation[2, 2]),
        pitch,
        np.arctan2(rotation[1, 0], rotation[0, 0]),
    )


def _text(values) -> str:
    return " ".join(repr(float(value)) for value in values)
