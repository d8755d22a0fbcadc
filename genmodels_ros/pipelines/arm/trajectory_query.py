"""What a trajectory generator is asked and what it answers: plain data, checked against the robot before any work."""

from dataclasses import dataclass, field, fields

import numpy as np

from genmodels_ros.data.problems import Problem
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.obstacles import Scene
from genmodels_ros.robots.trajectory import Trajectory

MAX_SAMPLES = 1024
SLOWEST = 0.01  # of the limits; slower motions have more points than memory has room for
MODEL, FALLBACK = "model", "fallback"


@dataclass(frozen=True)
class CostWeights:
    """score = sum of weight x cost, lower is better: length [rad], duration [s], clearance as 1 / (0.05 m + clearance),
    smoothness as root mean square joint acceleration [rad/s²].
    """

    length: float = 1.0
    duration: float = 1.0
    clearance: float = 0.05
    smoothness: float = 0.05


@dataclass(frozen=True)
class GuidanceWeights:
    """How strongly sampling itself is pulled downhill on costs, all 0 and more, 0 for not at all.

    collision: of the spheres' overlap with obstacles; length, smoothness: of the path's first and second differences;
    workspace: of the tool frame outside of the query's workspace. 1 is a sensible strength of each.
    """

    collision: float = 0.0
    length: float = 0.0
    smoothness: float = 0.0
    workspace: float = 0.0


@dataclass(frozen=True)
class TrajectoryQuery:
    """A motion that is wanted.

    start [D] rad; goal_config [D] rad, reached exactly, or goal_pose, base_from_tool [4, 4]; goal_config wins
    scene: obstacles in the robot's base frame; finger_position: m a finger, None for the robot's default
    num_samples: drawn from the model at a time; max_candidates: answered at most; more than a few are
        sought only if it says so, and 0 leaves it at a few that differ
    velocity_scaling, acceleration_scaling: [SLOWEST, 1] of the robot's limits
    time_limit: s; allow_fallback: whether the sampling-based planner may answer where the model cannot
    guidance: of the sampling; workspace: [2, 3] m lower and upper corner, in the base frame, that guidance keeps the
        tool frame within where it can
    warm_start: positions [T, D] rad of a previous answer, from start to goal: samples are drawn around it
    """

    start: np.ndarray
    goal_config: np.ndarray | None = None
    goal_pose: np.ndarray | None = None
    scene: Scene = field(default_factory=Scene)
    finger_position: float | None = None
    num_samples: int = 16
    max_candidates: int = 0
    seed: int = 0
    velocity_scaling: float = 1.0
    acceleration_scaling: float = 1.0
    weights: CostWeights = field(default_factory=CostWeights)
    time_limit: float = 10.0
    allow_fallback: bool = True
    guidance: GuidanceWeights = field(default_factory=GuidanceWeights)
    workspace: np.ndarray | None = None
    warm_start: np.ndarray | None = None

    @classmethod
    def from_problem(cls, problem: Problem, **options) -> "TrajectoryQuery":
        """The query of a problem file's entry; `options` are further fields."""
        same = ("start", "goal_config", "goal_pose", "scene", "finger_position")
        return cls(**{name: getattr(problem, name) for name in same}, **options)

    def check(self, robot: Robot) -> None:
        """Raises GenModelsError with its own code for everything that can be told without looking at the scene."""
        _check_configuration(self.start, robot, "start", ErrorCode.START_OUT_OF_LIMITS)
        if self.goal_config is not None:
            _check_configuration(self.goal_config, robot, "goal", ErrorCode.GOAL_OUT_OF_LIMITS)
        elif self.goal_pose is not None:
            check_pose(self.goal_pose)
        else:
            raise GenModelsError(ErrorCode.NO_GOAL, "Give a joint goal or a pose goal.")
        if not (_is_count(self.num_samples) and 1 <= self.num_samples <= MAX_SAMPLES):
            raise GenModelsError(
                ErrorCode.INVALID_COUNT, f"num_samples must be 1 to {MAX_SAMPLES}, got {self.num_samples}."
            )
        if not (_is_count(self.max_candidates) and self.max_candidates >= 0):
            raise GenModelsError(
                ErrorCode.INVALID_COUNT, f"max_candidates must be 0 (all) or more, got {self.max_candidates}."
            )
        if not _is_count(self.seed):
            raise GenModelsError(ErrorCode.INVALID_COUNT, f"seed must be an integer, got {self.seed}.")
        for name in ("velocity_scaling", "acceleration_scaling"):
            if not SLOWEST <= getattr(self, name) <= 1:
                raise GenModelsError(
                    ErrorCode.INVALID_SCALING, f"{name} must lie in [{SLOWEST}, 1], got {getattr(self, name)}."
                )
        weights, guidance = ([getattr(w, f.name) for f in fields(w)] for w in (self.weights, self.guidance))
        if not (np.isfinite(weights).all() and min(weights) >= 0 and max(weights) > 0):
            raise GenModelsError(
                ErrorCode.INVALID_WEIGHTS, f"Cost weights must be finite, none negative, not all zero: {self.weights}."
            )
        if not (np.isfinite(guidance).all() and min(guidance) >= 0):
            raise GenModelsError(
                ErrorCode.INVALID_WEIGHTS, f"Guidance weights must be finite, none negative: {self.guidance}."
            )
        if self.workspace is not None:
            _check_workspace(self.workspace)
        if self.warm_start is not None:
            _check_warm_start(self.warm_start, robot)
        if not (np.isfinite(self.time_limit) and self.time_limit > 0):
            raise GenModelsError(
                ErrorCode.TIME_LIMIT, f"time_limit must be positive and finite, got {self.time_limit} s."
            )


@dataclass(frozen=True)
class Candidate:
    """A verified trajectory. source: MODEL or FALLBACK; the other fields as TrajectoryCandidate.msg defines them."""

    trajectory: Trajectory
    source: str
    score: float
    length: float
    duration: float
    min_clearance: float
    smoothness: float


@dataclass(frozen=True)
class GenerationResult:
    """candidates: best first, empty unless code is SUCCESS; num_verified: of the model's num_samples; times in s.

    num_samples is twice the query's where the first batch held nothing valid.
    """

    code: ErrorCode
    message: str = ""
    candidates: tuple[Candidate, ...] = ()
    num_samples: int = 0
    num_verified: int = 0
    generation_time: float = 0.0
    planning_time: float = 0.0


def _is_count(value) -> bool:
    return isinstance(value, int | np.integer)


def _numbers(values, what: str) -> np.ndarray:
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise GenModelsError(ErrorCode.WRONG_LENGTH, f"The {what} must be an array of numbers.") from error


def _check_configuration(q, robot: Robot, what: str, out_of_limits: ErrorCode) -> None:
    values = _numbers(q, what)
    if values.shape != (robot.num_joints,):
        raise GenModelsError(
            ErrorCode.WRONG_LENGTH, f"The {what} needs {robot.num_joints} joint positions, got {values.size}."
        )
    if not np.isfinite(values).all():
        raise GenModelsError(ErrorCode.NOT_FINITE, f"The {what} must be finite, got {values.tolist()}.")
    for name, value, lower, upper in zip(
        robot.joint_names, values, robot.limits.lower, robot.limits.upper, strict=True
    ):
        if not lower - 1e-6 <= value <= upper + 1e-6:
            raise GenModelsError(
                out_of_limits, f"The {what} has {name} at {value:.4g} rad, outside of [{lower:.4g}, {upper:.4g}]."
            )


def _check_workspace(workspace) -> None:
    corners = _numbers(workspace, "workspace")
    if not np.isfinite(corners).all():
        raise GenModelsError(ErrorCode.NOT_FINITE, "The corners of the workspace must be finite.")
    if corners.shape != (2, 3) or (corners[0] >= corners[1]).any():
        raise GenModelsError(
            ErrorCode.INVALID_WORKSPACE,
            "The workspace needs a lower corner below an upper one in each axis, [2, 3] m.",
        )


def _check_warm_start(path, robot: Robot) -> None:
    values = _numbers(path, "warm start")
    if values.ndim != 2 or values.shape[1] != robot.num_joints or len(values) < 2:
        raise GenModelsError(
            ErrorCode.WRONG_LENGTH,
            f"The warm start needs at least 2 points of {robot.num_joints} joints, got shape {values.shape}.",
        )
    if not np.isfinite(values).all():
        raise GenModelsError(ErrorCode.NOT_FINITE, "The warm start holds numbers that are not finite.")


def check_pose(pose) -> None:
    """Raises GenModelsError(WRONG_LENGTH or NOT_FINITE) for what is no rigid transform [4, 4]."""
    values = _numbers(pose, "goal pose")
    if values.shape != (4, 4):
        raise GenModelsError(ErrorCode.WRONG_LENGTH, f"The goal pose must be a 4 x 4 matrix, got {values.shape}.")
    if not np.isfinite(values).all():
        raise GenModelsError(ErrorCode.NOT_FINITE, "The goal pose must be finite.")
    rotation = values[:3, :3]
    if not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-3) or np.linalg.det(rotation) < 0:
        raise GenModelsError(ErrorCode.NOT_FINITE, "The goal pose must be a rotation and a translation.")
