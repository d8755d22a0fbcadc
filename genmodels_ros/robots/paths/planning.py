"""Sampling-based planning with OMPL: RRTConnect (Kuffner and LaValle, 2000) and OMPL's path simplification."""

import time
from itertools import pairwise

import numpy as np
from ompl import base, geometric, util

from genmodels_ros.robots.collision.checker import CollisionChecker

RANGE = 0.4  # rad a tree grows at once; OMPL's own choice, a fifth of the space, is slow to find the way into shelves
STEPS = (0.05, 0.02, 0.01)  # rad between configurations checked along an edge; finer where a coarser one was deceived
SIMPLIFICATION_TIME = 0.2  # s

util.setLogLevel(util.LogLevel.LOG_NONE)


def plan(
    checker: CollisionChecker,
    start: np.ndarray,
    goal: np.ndarray,
    time_limit: float = 5.0,
    seed: int = 0,
    simplification_time: float = SIMPLIFICATION_TIME,
) -> np.ndarray | None:
    """Waypoints [W, D] of a polyline from start to goal [D] that is free at 0.01 rad, or None within `time_limit` s.

    Neighbouring checks are coarse first; a path found so is checked finely as a whole, and planned again with finer
    checks where it fails. Equal seeds give equal paths as long as no time limit cuts in.
    """
    deadline = time.monotonic() + time_limit
    util.RNG.setSeed(seed % 2**31 + 1)
    for step in STEPS:
        setup = _setup(checker, start, goal, step)
        if not setup.solve(max(deadline - time.monotonic(), 0.0)) or not setup.haveExactSolutionPath():
            return None
        if simplification_time > 0:
            setup.simplifySolution(max(min(simplification_time, deadline - time.monotonic()), 1e-3))
        states = setup.getSolutionPath().getStates()
        waypoints = np.array([[state[i] for i in range(len(start))] for state in states])
        if not checker.collisions(interpolate(waypoints)).any():
            return waypoints
    return None


def interpolate(waypoints: np.ndarray, resolution: float = 0.01) -> np.ndarray:
    """Configurations [M, D] along a polyline [W, D], no joint moving more than `resolution` rad between two."""
    pieces = []
    for first, second in pairwise(waypoints):
        count = max(1, int(np.ceil(np.abs(second - first).max() / resolution)))
        pieces.append(first + np.arange(count)[:, None] / count * (second - first))
    return np.concatenate([*pieces, waypoints[-1:]])


def _setup(checker: CollisionChecker, start: np.ndarray, goal: np.ndarray, step: float) -> geometric.SimpleSetup:
    limits, joints = checker.robot.limits, range(len(start))
    bounds = base.RealVectorBounds(len(start))
    for i in joints:
        bounds.setLow(i, float(limits.lower[i]))
        bounds.setHigh(i, float(limits.upper[i]))
    space = base.RealVectorStateSpace(len(start))
    space.setBounds(bounds)
    space.setLongestValidSegmentFraction(step / space.getMaximumExtent())
    setup = geometric.SimpleSetup(space)
    setup.setStateValidityChecker(lambda state: not checker.in_collision(np.array([state[i] for i in joints])))
    setup.setStartAndGoalStates(_state(space, start), _state(space, goal))
    planner = geometric.RRTConnect(setup.getSpaceInformation())
    planner.setRange(RANGE)
    setup.setPlanner(planner)
    return setup


def _state(space: base.RealVectorStateSpace, q: np.ndarray):
    state = space.allocState()
    for i, value in enumerate(q):
        state[i] = float(value)
    return state
