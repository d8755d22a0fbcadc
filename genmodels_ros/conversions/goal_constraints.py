"""moveit_msgs/Constraints → where to go: a configuration or a pose of the tool; needs no moveit_msgs itself.

Goals are reached exactly, in the middle of every tolerance; what a goal region leaves open is not sampled but refused.
"""

import numpy as np
import torch

from genmodels_ros.conversions.moveit_codes import MoveItCode, about
from genmodels_ros.conversions.obstacles import NUM_DIMENSIONS
from genmodels_ros.conversions.poses import position, quat_xyzw, to_matrix, to_pose
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.kinematics import link_pose
from genmodels_ros.robots.scene.frames import Frames
from genmodels_ros.robots.scene.scene_objects import ObjectScene


def to_goal(message, start: np.ndarray, frames: Frames, objects: ObjectScene) -> dict[str, np.ndarray]:
    """{"goal_config": [D] rad} or {"goal_pose": base_from_tool [4, 4]}; joints not named stay at `start` [D].

    Raises GenModelsError, mostly as INVALID_GOAL_CONSTRAINTS or INVALID_LINK_NAME for MoveIt.
    """
    joints, places, turns = message.joint_constraints, message.position_constraints, message.orientation_constraints
    with about(MoveItCode.INVALID_GOAL_CONSTRAINTS):
        if joints and not (places or turns or message.visibility_constraints):
            return {"goal_config": _configuration(joints, start, frames.robot)}
        if (len(places), len(turns)) == (1, 1) and not (joints or message.visibility_constraints):
            return {"goal_pose": _tool_pose(places[0], turns[0], frames, objects)}
        raise GenModelsError(
            ErrorCode.UNSUPPORTED,
            "A goal is joint_constraints, or one position and one orientation constraint of the tool, not "
            f"{len(joints)} of joints, {len(places)} of position, {len(turns)} of orientation and "
            f"{len(message.visibility_constraints)} of visibility.",
        )


def any_constraint(message) -> bool:
    """Whether Constraints constrain anything."""
    return bool(
        message.joint_constraints
        or message.position_constraints
        or message.orientation_constraints
        or message.visibility_constraints
    )


def _configuration(constraints, start: np.ndarray, robot: Robot) -> np.ndarray:
    goal, named = np.array(start, dtype=float), set()
    for constraint in constraints:
        name, wanted = constraint.joint_name, constraint.position
        if name not in robot.joint_names or name in named:
            why = "twice" if name in named else f"which is none of {', '.join(robot.joint_names)}"
            raise GenModelsError(ErrorCode.UNKNOWN_JOINT, f"The goal names {name!r}, {why}.")
        named.add(name)
        joint, below, above = robot.joint_names.index(name), constraint.tolerance_below, constraint.tolerance_above
        _check_tolerances((below, above), f"The goal of {name}")
        if not np.isfinite(wanted):
            raise GenModelsError(ErrorCode.NOT_FINITE, f"The goal of {name} is {wanted}.")
        nearest = float(np.clip(wanted, robot.limits.lower[joint], robot.limits.upper[joint]))
        goal[joint] = nearest if wanted - below <= nearest <= wanted + above else wanted
    return goal


def _tool_pose(place, turn, frames: Frames, objects: ObjectScene) -> np.ndarray:
    link = place.link_name
    if turn.link_name != link:
        raise GenModelsError(
            ErrorCode.UNSUPPORTED, f"Position and orientation are of two links, {link!r} and {turn.link_name!r}."
        )
    with about(MoveItCode.INVALID_LINK_NAME):
        link_from_tool = _to_tool(link, frames.robot)
    _check_tolerances([getattr(turn, f"absolute_{axis}_axis_tolerance") for axis in "xyz"], "The goal's orientation")
    rotation = to_matrix(to_pose((0, 0, 0), quat_xyzw(turn.orientation)), "The goal's orientation")[:3, :3]
    goal = np.eye(4)
    goal[:3, :3] = frames.pose(turn.header.frame_id, objects)[:3, :3] @ rotation
    target = frames.pose(place.header.frame_id, objects) @ np.append(_middle(place.constraint_region), 1)
    offset = position(place.target_point_offset)
    if not np.isfinite(offset).all():
        raise GenModelsError(ErrorCode.NOT_FINITE, "The goal's target_point_offset must be finite.")
    goal[:3, 3] = target[:3] - goal[:3, :3] @ offset
    return goal @ link_from_tool


def _to_tool(link: str, robot: Robot) -> np.ndarray:
    """link_from_tool [4, 4] of a link that moves with the tool."""
    chain = robot.chain
    together = [
        name
        for name, body in zip(chain.link_names, chain.link_bodies, strict=True)
        if body == chain.link_bodies[chain.link(robot.tool_frame)]
    ]
    if link not in together:
        raise GenModelsError(
            ErrorCode.UNSUPPORTED,
            f"A pose goal must be of one of {', '.join(together)}, which move as one, not {link!r}.",
        )
    base_from = (link_pose(chain, torch.as_tensor(robot.ready), name).numpy() for name in (link, robot.tool_frame))
    base_from_link, base_from_tool = base_from
    return np.linalg.inv(base_from_link) @ base_from_tool


def _middle(region) -> np.ndarray:
    """[3] m: the middle of a region, which lies in it."""
    if len(region.primitives) != 1 or len(region.primitive_poses) != 1 or region.meshes:
        raise GenModelsError(
            ErrorCode.UNSUPPORTED,
            f"The goal's region must be one solid at one pose, not {len(region.primitives)} solids at "
            f"{len(region.primitive_poses)} poses and {len(region.meshes)} meshes.",
        )
    solid, middle = region.primitives[0], position(region.primitive_poses[0].position)
    if solid.type not in NUM_DIMENSIONS or len(solid.dimensions) != NUM_DIMENSIONS[solid.type]:
        raise GenModelsError(ErrorCode.UNSUPPORTED, "The goal's region must be a BOX, a SPHERE or a CYLINDER.")
    _check_tolerances(solid.dimensions, "The goal's region")
    if not np.isfinite(middle).all():
        raise GenModelsError(ErrorCode.NOT_FINITE, "The goal's position must be finite.")
    return middle


def _check_tolerances(values, what: str) -> None:
    if not (np.array(values) >= 0).all():  # also for NaN
        raise GenModelsError(ErrorCode.NOT_FINITE, f"{what} has a tolerance or size that is negative or NaN.")
