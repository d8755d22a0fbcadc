"""Which joints of a description are the arm's, and which link is its tool: by what moves and by usual names."""

import re

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.urdf import Joint

GRIPPER = re.compile("finger|gripper|knuckle|jaw", re.IGNORECASE)
TOOL = re.compile("tool|tcp|eef|ee_|end_effector|hand|flange|gripper", re.IGNORECASE)


def arm_joints(
    joints: dict[str, Joint], tool_frame: str | None = None, base_frame: str | None = None
) -> tuple[str, ...]:
    """Moving joints from the base to the tool, or on the way to the link with most of them; without the gripper's.

    Raises GenModelsError(UNKNOWN_FRAME) where the description does not hold what was chosen.
    """
    if tool_frame is not None:
        path = _path(joints, tool_frame)
        if not path:
            links = ", ".join(joint.child for joint in joints.values())
            message = f"No link {tool_frame!r} in the URDF: its links are {links}."
            raise GenModelsError(ErrorCode.UNKNOWN_FRAME, message)
    else:
        path = max((_path(joints, joint.child) for joint in joints.values()), key=_moving, default=[])
    if base_frame is not None:
        parents = [joint.parent for joint in path]
        if base_frame not in parents:
            message = f"The base frame {base_frame!r} is not on the way to the tool: {', '.join(parents)} are."
            raise GenModelsError(ErrorCode.UNKNOWN_FRAME, message)
        path = path[parents.index(base_frame) :]
    return tuple(joint.name for joint in path if joint.moves and joint.mimic is None and not _of_gripper(joint))


def tool_link(joints: dict[str, Joint], last: str) -> str:
    """tool0, or the link fixed to the end of the arm whose name says most that it is a tool, or the end itself."""
    ends = [joints[last].child]
    for link in ends:
        ends.extend(joint.child for joint in joints.values() if joint.parent == link and not joint.moves)
    return max(ends, key=lambda link: (link == "tool0", bool(TOOL.search(link)), -ends.index(link)))


def _moving(path: list[Joint]) -> int:
    return sum(joint.moves and joint.mimic is None and not _of_gripper(joint) for joint in path)


def _of_gripper(joint: Joint) -> bool:
    return bool(GRIPPER.search(joint.name) or GRIPPER.search(joint.child))


def _path(joints: dict[str, Joint], link: str) -> list[Joint]:
    """Joints from the root to a link, outwards; [] for the root and for links that are not there."""
    above, path = {joint.child: joint for joint in joints.values()}, []
    while link in above:
        path.append(above[link])
        link = path[-1].parent
    return path[::-1]
