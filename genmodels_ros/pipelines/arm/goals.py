"""Where a query wants to go, as joint configurations: its joint goal, or several ways to reach its pose."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.arm.trajectory_query import TrajectoryQuery
from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.inverse_kinematics.end_joints import EndJoints
from genmodels_ros.robots.inverse_kinematics.least_squares import arrivals, most_different, solve
from genmodels_ros.robots.inverse_kinematics.nearest_configurations import NearestConfigurations

MAX_POSE_GOALS = 4
STARTS, ITERATIONS = 48, 5


def goal_configurations(query: TrajectoryQuery, checker: CollisionChecker) -> np.ndarray:
    """Goals [G, D] free of collision, nearest to the start first; G is 1 for a joint goal, at most MAX_POSE_GOALS.

    Raises GenModelsError(GOAL_IN_COLLISION or GOAL_UNREACHABLE).
    """
    if query.goal_config is not None:
        goal = np.asarray(query.goal_config, dtype=float)
        contact = checker.contact(goal)
        if contact is not None:
            raise GenModelsError(ErrorCode.GOAL_IN_COLLISION, f"The goal is in collision: {contact}.")
        return goal[None]
    robot, contact = checker.robot, None
    for solutions in _solutions(robot, np.asarray(query.goal_pose, dtype=float), query.seed):
        touching = checker.collisions(solutions)
        if not touching.all():
            free = solutions[~touching]
            nearest = np.argsort(np.linalg.norm(free - np.asarray(query.start), axis=1))
            return free[nearest[:MAX_POSE_GOALS]]
        contact = checker.contact(solutions[0]) or contact
    if contact is None:
        raise GenModelsError(
            ErrorCode.GOAL_UNREACHABLE, f"No joint configuration puts {robot.tool_frame} at the goal pose."
        )
    raise GenModelsError(
        ErrorCode.GOAL_IN_COLLISION, f"Every configuration at the goal pose is in collision: {contact}."
    )


def prepare(robot: Robot) -> None:
    """Makes what the arm's first pose goal would wait a quarter of a second for."""
    _table(robot)


def _solutions(robot: Robot, pose: np.ndarray, seed: int) -> Iterator[np.ndarray]:
    """Sets [K, D] of configurations at the pose, K >= 1: from near starts, where the arm has them, then by search.

    evaluation/arm/inverse_kinematics.py compares where to start: a table is quicker than the flow and finds no fewer.
    """
    table = _table(robot)
    if table is not None:
        found = arrivals(robot, pose, table.propose(pose, 2 * STARTS)[:STARTS], ITERATIONS)
        if len(found):
            yield most_different(found, 4 * MAX_POSE_GOALS)
    found = solve(robot, pose, np.random.default_rng(seed % 2**63), 4 * MAX_POSE_GOALS)
    if len(found):
        yield found


@lru_cache(maxsize=8)
def _table(robot: Robot) -> NearestConfigurations | None:
    """Made once an arm; None for one whose end joints do not turn."""
    try:
        return NearestConfigurations(EndJoints(robot))
    except GenModelsError:
        return None
