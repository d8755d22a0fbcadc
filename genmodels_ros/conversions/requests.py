"""TrajectoryRequest → TrajectoryQuery; GenerationResult → TrajectoryResult."""

from dataclasses import astuple, dataclass, field, replace

import numpy as np
from std_msgs.msg import Header

from genmodels_interfaces.msg import CostWeights as CostWeightsMessage
from genmodels_interfaces.msg import GuidanceWeights as GuidanceWeightsMessage
from genmodels_interfaces.msg import TrajectoryCandidate, TrajectoryRequest, TrajectoryResult
from genmodels_ros.conversions.errors import to_message
from genmodels_ros.conversions.obstacles import check_frame, to_scene
from genmodels_ros.conversions.poses import position, to_matrix
from genmodels_ros.conversions.trajectories import other_joints, to_joint_trajectory, to_positions, to_trajectory
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.arm.trajectory_query import (
    Candidate,
    CostWeights,
    GenerationResult,
    GuidanceWeights,
    TrajectoryQuery,
)
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.obstacles import Scene


@dataclass(frozen=True)
class RequestDefaults:
    """What a node takes where a request says 0, and the most it takes on."""

    num_samples: int = 16
    max_samples: int = 256
    max_obstacles: int = 1000
    time_limit: float = 10.0  # s
    max_time_limit: float = 60.0  # s
    weights: CostWeights = field(default_factory=CostWeights)
    guidance: GuidanceWeights = field(default_factory=GuidanceWeights)


def to_query(
    request: TrajectoryRequest, robot: Robot, start, topic_scene: Scene, defaults: RequestDefaults
) -> TrajectoryQuery:
    """The query of a request, checked against the robot.

    start: [D] the present configuration, or None to read the request's; topic_scene: obstacles that the node knows of,
    and what the arm carries, which no request can ignore.
    Raises GenModelsError with the code of whatever is wrong, as ErrorCode.msg lists them.
    """
    known = topic_scene.without_obstacles if request.ignore_obstacles_topic else topic_scene
    scene = known + to_scene(request.obstacles, robot.base_frame, defaults.max_obstacles)
    if start is None:
        start = to_positions(request.start, robot.joint_names, other_joints(robot), "The start")
    if request.num_samples > defaults.max_samples:
        raise GenModelsError(
            ErrorCode.INVALID_COUNT,
            f"num_samples {request.num_samples} is more than the {defaults.max_samples} that this node draws.",
        )
    query = TrajectoryQuery(
        start=start,
        **_goal(request, robot),
        scene=scene,
        finger_position=request.finger_position or None,
        num_samples=request.num_samples or defaults.num_samples,
        max_candidates=request.max_candidates,
        seed=request.seed,
        velocity_scaling=request.velocity_scaling or 1.0,
        acceleration_scaling=request.acceleration_scaling or 1.0,
        weights=_weights(request.weights, defaults.weights),
        time_limit=_time_limit(request.time_limit, defaults),
        allow_fallback=not request.no_fallback,
        guidance=_guidance(request.guidance, defaults.guidance),
        workspace=_workspace(request),
        warm_start=_warm_start(request, robot),
    )
    query.check(robot)
    return query


def deadline_of(request: TrajectoryRequest) -> float | None:
    """Seconds from arrival to answer, None where the request sets none. Raises GenModelsError(TIME_LIMIT)."""
    if request.deadline == 0:
        return None
    if not (np.isfinite(request.deadline) and request.deadline > 0):
        raise GenModelsError(
            ErrorCode.TIME_LIMIT, f"deadline must be positive and finite, or 0 for none, got {request.deadline} s."
        )
    return request.deadline


def hurried(query: TrajectoryQuery, deadline: float | None, waited: float) -> TrajectoryQuery:
    """The query with no more time than its deadline leaves after `waited` seconds.

    Raises GenModelsError(TIME_LIMIT) if that is none.
    """
    if deadline is None:
        return query
    if waited >= deadline:
        raise GenModelsError(
            ErrorCode.TIME_LIMIT,
            f"The deadline of {deadline:g} s passed before the turn came: allow more, or ask less.",
        )
    return replace(query, time_limit=min(query.time_limit, deadline - waited))


def to_failure(robot: Robot | None) -> TrajectoryResult:
    """An answer that says only whose it is; the error is still to be filled in. None: no robot is loaded."""
    if robot is None:
        return TrajectoryResult()
    return TrajectoryResult(robot=robot.name, joint_names=list(robot.joint_names))


def to_result(result: GenerationResult, robot: Robot, header: Header) -> TrajectoryResult:
    """The answer; `header` is that of every trajectory."""
    return TrajectoryResult(
        error=to_message(result.code, result.message),
        robot=robot.name,
        joint_names=list(robot.joint_names),
        candidates=[_candidate(candidate, header) for candidate in result.candidates],
        num_samples=result.num_samples,
        num_verified=result.num_verified,
        generation_time=float(result.generation_time),
        planning_time=float(result.planning_time),
    )


def _goal(request: TrajectoryRequest, robot: Robot) -> dict:
    if request.joint_goal.name or request.joint_goal.position:
        return {"goal_config": to_positions(request.joint_goal, robot.joint_names, other_joints(robot), "The goal")}
    if request.has_pose_goal:
        check_frame(request.pose_goal.header.frame_id, robot.base_frame, "The pose goal")
        return {"goal_pose": to_matrix(request.pose_goal.pose, "The pose goal")}
    raise GenModelsError(ErrorCode.NO_GOAL, "Give joint_goal, or pose_goal with has_pose_goal set.")


def _weights(message: CostWeightsMessage, default: CostWeights) -> CostWeights:
    weights = CostWeights(message.length, message.duration, message.clearance, message.smoothness)
    return weights if any(astuple(weights)) else default


def _guidance(message: GuidanceWeightsMessage, default: GuidanceWeights) -> GuidanceWeights:
    weights = GuidanceWeights(message.collision, message.length, message.smoothness, message.workspace)
    return weights if any(astuple(weights)) else default


def _workspace(request: TrajectoryRequest) -> np.ndarray | None:
    if not request.has_workspace:
        return None
    return np.stack([position(request.workspace_lower), position(request.workspace_upper)])


def _warm_start(request: TrajectoryRequest, robot: Robot) -> np.ndarray | None:
    """Positions [T, D]; joints other than the robot's are left aside."""
    if not request.warm_start.points:
        return None
    return to_trajectory(request.warm_start, robot.joint_names, None, "The warm start").positions


def _time_limit(asked: float, defaults: RequestDefaults) -> float:
    limit = asked or defaults.time_limit
    return defaults.max_time_limit if limit > defaults.max_time_limit else limit


def _candidate(candidate: Candidate, header: Header) -> TrajectoryCandidate:
    return TrajectoryCandidate(
        trajectory=to_joint_trajectory(candidate.trajectory, header),
        source=candidate.source,
        score=float(candidate.score),
        length=float(candidate.length),
        duration=float(candidate.duration),
        min_clearance=float(candidate.min_clearance),
        smoothness=float(candidate.smoothness),
    )
