"""The planner of last resort: OMPL's RRTConnect, its path made as smooth as the obstacles allow."""

import time
from collections.abc import Iterator

import numpy as np

from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.paths.bspline import DEGREE, fit
from genmodels_ros.robots.paths.optimisation import OptimisationSettings, optimise
from genmodels_ros.robots.paths.planning import plan

CLOSE = OptimisationSettings(margin=0.0, self_margin=0.0, length=0.2, smoothness=2.0)


def fallback_paths(
    checker: CollisionChecker, start: np.ndarray, goals: np.ndarray, *, deadline: float, seed: int
) -> Iterator[np.ndarray]:
    """Control points [N, D] of paths from start [D] to one of goals [G, D], each to be verified by the caller.

    Every plan is offered three times: well smoothed, smoothed where there is no room for a margin, and as it is. Then
    the next plan follows, until `deadline` (time.monotonic).
    """
    attempt = 0
    while time.monotonic() < deadline:
        goal = goals[attempt % len(goals)]
        waypoints = plan(checker, start, goal, time_limit=deadline - time.monotonic(), seed=seed + attempt)
        attempt += 1
        if waypoints is None:
            continue
        waypoints = np.asarray(waypoints, dtype=float)
        waypoints[0], waypoints[-1] = start, goal
        for num_control_points, settings in ((16, None), (32, CLOSE)):
            path = fit(waypoints, num_control_points)[None]
            yield optimise(path, checker.robot, checker.scene, settings)[0][0]
        yield exact(waypoints)


def exact(waypoints: np.ndarray) -> np.ndarray:
    """Control points of the spline that is the polyline [W, D]: with every point threefold no span leaves its edge."""
    return np.repeat(waypoints, DEGREE, axis=0)
