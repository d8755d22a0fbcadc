"""From a path to a verified candidate, and which is best: the weighted sum of costs that CostWeights defines."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from genmodels_ros.pipelines.arm.trajectory_query import Candidate, CostWeights
from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.paths.timing import time_parameterise
from genmodels_ros.robots.paths.verification import verify
from genmodels_ros.robots.trajectory import Trajectory


def judged(
    path: np.ndarray,
    checker: CollisionChecker,
    source: str,
    weights: CostWeights,
    velocity_scaling: float = 1.0,
    acceleration_scaling: float = 1.0,
) -> Candidate | None:
    """A path [N, D] timed, verified and scored; None if it does not pass. What was not verified does not exist."""
    robot = checker.robot
    trajectory = time_parameterise(path, robot.limits, velocity_scaling, acceleration_scaling, robot.joint_names)
    verification = verify(trajectory, robot, checker.scene, checker=checker)
    return candidate(trajectory, source, verification.min_clearance, weights) if verification.valid else None


def candidate(trajectory: Trajectory, source: str, min_clearance: float, weights: CostWeights) -> Candidate:
    """A verified trajectory with its costs and score."""
    unscored = Candidate(
        trajectory, source, 0.0, trajectory.length, trajectory.duration, float(min_clearance), trajectory.smoothness
    )
    return replace(unscored, score=score(unscored, weights))


def score(candidate: Candidate, weights: CostWeights) -> float:
    """Lower is better."""
    return (
        weights.length * candidate.length
        + weights.duration * candidate.duration
        + weights.clearance / (0.05 + max(candidate.min_clearance, 0.0))
        + weights.smoothness * candidate.smoothness
    )


def ranked(candidates: Iterable[Candidate], max_candidates: int = 0) -> tuple[Candidate, ...]:
    """Best first, `max_candidates` at most (0: all)."""
    best_first = sorted(candidates, key=lambda candidate: candidate.score)
    return tuple(best_first[: max_candidates or None])
