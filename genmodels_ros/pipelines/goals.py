"""Where a query wants to go, as joint configurations: its joint goal, or several ways to reach its pose."""

import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.trajectory_query import TrajectoryQuery
from genmodels_ros.robots.collision import CollisionChecker
from genmodels_ros.robots.inverse_kinematics import solve

MAX_POSE_GOALS = 4


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
    robot, pose = checker.robot, np.asarray(query.goal_pose, dtype=float)
    solutions = solve(robot, pose, np.random.default_rng(query.seed % 2**63), 4 * MAX_POSE_GOALS)
    if not len(solutions):
        raise GenModelsError(
            ErrorCode.GOAL_UNREACHABLE, f"No joint configuration puts {robot.tool_frame} at the goal pose."
        )
    contacts = [checker.contact(q) for q in solutions]
    free = solutions[[contact is None for contact in contacts]]
    if not len(free):
        raise GenModelsError(
            ErrorCode.GOAL_IN_COLLISION, f"Every configuration at the goal pose is in collision: {contacts[0]}."
        )
    nearest = np.argsort(np.linalg.norm(free - np.asarray(query.start), axis=1))
    return free[nearest[:MAX_POSE_GOALS]]
