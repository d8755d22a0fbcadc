"""Reading a URDF into plain arrays (http://wiki.ros.org/urdf/XML): no mesh, no dynamics, no library."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.kinematics import KinematicChain

MOVING = ("revolute", "continuous", "prismatic")


@dataclass(frozen=True)
class Joint:
    """One URDF joint; parent_from_joint [4, 4], axis [3] unit vector in the joint frame."""

    name: str
    kind: str
    parent: str
    child: str
    parent_from_joint: np.ndarray
    axis: np.ndarray
    lower: float
    upper: float
    velocity: float
    mimic: tuple[str, float, float] | None  # joint, multiplier, offset

    @property
    def moves(self) -> bool:
        return self.kind in MOVING


def read_joints(text: str) -> dict[str, Joint]:
    """All joints of a URDF document by name, in document order.

    Raises GenModelsError(MODEL_UNAVAILABLE) where the text is no URDF.
    """
    try:
        root = ElementTree.fromstring(text)
        joints = [_read_joint(element) for element in root.findall("joint")]
    except (ElementTree.ParseError, AttributeError, TypeError, ValueError) as error:
        raise GenModelsError(
            ErrorCode.MODEL_UNAVAILABLE,
            f"The robot description is no valid URDF ({error}): give the xacro's output.",
        ) from error
    return {joint.name: joint for joint in joints}


def read_disabled_pairs(text: str) -> set[frozenset[str]]:
    """Pairs of links an SRDF document excludes from self-collision checks; none for an empty text.

    Raises GenModelsError(MODEL_UNAVAILABLE) where the text is no XML.
    """
    if not text.strip():
        return set()
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        message = f"The SRDF is no valid XML ({error}): export it anew from the MoveIt setup assistant."
        raise GenModelsError(ErrorCode.MODEL_UNAVAILABLE, message) from error
    return {frozenset((e.get("link1"), e.get("link2"))) for e in root.findall("disable_collisions")}


def build_chain(
    joints: dict[str, Joint], joint_names: tuple[str, ...], base_frame: str, positions: dict[str, float]
) -> KinematicChain:
    """The chain moved by `joint_names` and the joints that follow them; every other joint stands at its entry in
    `positions` (see standing_positions).

    Links that do not hang below `base_frame` are left out. Raises GenModelsError(UNKNOWN_JOINT) for a joint that the
    URDF lacks or that mimics another one.
    """
    unknown = [name for name in joint_names if name not in joints or not joints[name].moves]
    if unknown:
        raise GenModelsError(ErrorCode.UNKNOWN_JOINT, f"The URDF has no moving joint {', '.join(unknown)}.")
    followers = [name for name in joint_names if joints[name].mimic is not None]
    if followers:
        message = (
            f"{followers[0]} follows {joints[followers[0]].mimic[0]} and cannot be commanded: list the latter only."
        )
        raise GenModelsError(ErrorCode.UNKNOWN_JOINT, message)
    rules = following(joints, joint_names)
    links, body_of, placement = [base_frame], {base_frame: 0}, {base_frame: np.eye(4)}
    parents, origins, moving = [], [], []
    for joint in _outwards(joints, base_frame):
        origin = placement[joint.parent] @ joint.parent_from_joint
        if joint.name in joint_names or joint.name in rules:
            parents.append(body_of[joint.parent])
            origins.append(origin)
            moving.append(joint)
            body_of[joint.child], placement[joint.child] = len(moving), np.eye(4)
        else:
            body_of[joint.child] = body_of[joint.parent]
            placement[joint.child] = origin @ _motion(joint, positions.get(joint.name, 0.0))
        links.append(joint.child)
    if tuple(joint.name for joint in moving if joint.name not in rules) != tuple(joint_names):
        raise GenModelsError(
            ErrorCode.UNKNOWN_JOINT,
            f"List the joints from {base_frame} outwards, got {joint_names}.",
        )
    commands, offsets = np.zeros((len(moving), len(joint_names))), np.zeros(len(moving))
    for index, joint in enumerate(moving):
        leader, multiplier, offsets[index] = rules.get(joint.name, (joint.name, 1.0, 0.0))
        commands[index, joint_names.index(leader)] = multiplier
    return KinematicChain(
        parents=tuple(parents),
        **_motion_matrices(np.array(origins), moving),
        axes=np.array([joint.axis for joint in moving]),
        prismatic=np.array([joint.kind == "prismatic" for joint in moving]),
        link_names=tuple(links),
        link_bodies=np.array([body_of[link] for link in links]),
        body_from_link=np.array([placement[link] for link in links]),
        joint_names=tuple(joint.name for joint in moving),
        commands=commands,
        offsets=offsets,
    )


def following(joints: dict[str, Joint], leaders: Iterable[str]) -> dict[str, tuple[str, float, float]]:
    """Leader, multiplier and offset of each joint that follows one of `leaders`, also through other followers."""
    found = {}
    for name in joints:
        leader, multiplier, offset = _leader(joints, name)
        if leader != name and leader in leaders:
            found[name] = leader, multiplier, offset
    return found


def standing_positions(
    joints: dict[str, Joint], joint_names: tuple[str, ...], given: dict[str, float]
) -> dict[str, float]:
    """Position of every joint that neither is commanded nor follows one that is: as given, as its leader says, or 0."""
    moving = {*joint_names, *following(joints, joint_names)}
    positions = {}
    for name in joints:
        if joints[name].moves and name not in moving:
            leader, multiplier, offset = _leader(joints, name)
            positions[name] = given.get(name, multiplier * given.get(leader, 0.0) + offset)
    return positions


def _leader(joints: dict[str, Joint], name: str) -> tuple[str, float, float]:
    """The joint that `name` follows in the end, perhaps itself, with multiplier and offset."""
    multiplier, offset, seen = 1.0, 0.0, set()
    while name in joints and joints[name].mimic is not None and name not in seen:
        seen.add(name)
        name, factor, shift = joints[name].mimic
        multiplier, offset = multiplier * factor, offset + multiplier * shift
    return name, multiplier, offset


def _motion_matrices(origins: np.ndarray, joints: list[Joint]) -> dict[str, np.ndarray]:
    """A, S, C, P of kinematics.py for joints at `origins` [D, 4, 4]."""
    sine, cosine, slide = np.zeros((3, len(joints), 4, 4))
    for index, joint in enumerate(joints):
        if joint.kind == "prismatic":
            slide[index, :3, 3] = joint.axis
        else:
            sine[index, :3, :3] = _skew(joint.axis)
            cosine[index, :3, :3] = _skew(joint.axis) @ _skew(joint.axis)
    return {"constant": origins, "sine": origins @ sine, "cosine": origins @ cosine, "slide": origins @ slide}


def _outwards(joints: dict[str, Joint], base_frame: str) -> list[Joint]:
    """Joints below `base_frame`, depth first."""
    below = [joint for joint in joints.values() if joint.parent == base_frame]
    return [found for joint in below for found in (joint, *_outwards(joints, joint.child))]


def _motion(joint: Joint, position: float) -> np.ndarray:
    transform = np.eye(4)
    if joint.kind == "prismatic":
        transform[:3, 3] = position * joint.axis
    elif joint.kind in MOVING:
        skew = _skew(joint.axis)
        transform[:3, :3] += np.sin(position) * skew + (1 - np.cos(position)) * skew @ skew
    return transform


def _read_joint(element: ElementTree.Element) -> Joint:
    limit, mimic = element.find("limit"), element.find("mimic")
    axis = _numbers(element.find("axis"), "xyz", "1 0 0")
    kind = element.get("type")
    bounded = limit is not None and kind != "continuous"
    return Joint(
        name=element.get("name"),
        kind=kind,
        parent=element.find("parent").get("link"),
        child=element.find("child").get("link"),
        parent_from_joint=origin_transform(element.find("origin")),
        axis=axis / (np.linalg.norm(axis) or 1.0),  # fixed joints may have none
        lower=float(limit.get("lower", 0)) if bounded else -np.inf,
        upper=float(limit.get("upper", 0)) if bounded else np.inf,
        velocity=float(limit.get("velocity", "inf")) if limit is not None else np.inf,
        mimic=None
        if mimic is None
        else (mimic.get("joint"), float(mimic.get("multiplier", 1)), float(mimic.get("offset", 0))),
    )


def origin_transform(element: ElementTree.Element | None) -> np.ndarray:
    """[4, 4] of an <origin xyz rpy>."""
    return pose_matrix(_numbers(element, "xyz", "0 0 0"), _numbers(element, "rpy", "0 0 0"))


def pose_matrix(xyz, rpy) -> np.ndarray:
    """[4, 4] of a position [3] m and fixed-axis roll, pitch, yaw [3] rad."""
    transform = np.eye(4)
    transform[:3, 3] = xyz
    roll, pitch, yaw = rpy
    for angle, axis in ((roll, (1, 0, 0)), (pitch, (0, 1, 0)), (yaw, (0, 0, 1))):
        skew = _skew(axis)
        transform[:3, :3] = (np.eye(3) + np.sin(angle) * skew + (1 - np.cos(angle)) * skew @ skew) @ transform[:3, :3]
    return transform


def _numbers(element: ElementTree.Element | None, attribute: str, default: str) -> np.ndarray:
    text = default if element is None else element.get(attribute, default)
    return np.array([float(number) for number in text.split()])


def _skew(axis) -> np.ndarray:
    x, y, z = axis
    return np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]], dtype=float)
