"""moveit_msgs/MotionPlanRequest → TrajectoryQuery, one for each goal; GenerationResult → MotionPlanResponse.

Where moveit_msgs is installed: it comes with MoveIt, not with the wheels. Nothing here needs it but the service's type.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from std_msgs.msg import Header

from genmodels_ros.conversions.goal_constraints import any_constraint, to_goal
from genmodels_ros.conversions.moveit_codes import MoveItCode, Refusal, about, to_moveit_code
from genmodels_ros.conversions.planning_scene import with_attached
from genmodels_ros.conversions.requests import RequestDefaults
from genmodels_ros.conversions.trajectories import other_joints, to_joint_state, to_joint_trajectory, to_positions
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.arm.trajectory_query import Candidate, TrajectoryQuery
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.obstacles import Scene
from genmodels_ros.robots.scene.frames import Frames
from genmodels_ros.robots.scene.scene_objects import ObjectScene

try:
    from moveit_msgs.srv import GetMotionPlan as GET_MOTION_PLAN
except ImportError:
    GET_MOTION_PLAN = None


def to_queries(
    request,
    robot: Robot,
    groups: tuple[str, ...],
    present: Callable[[], np.ndarray],
    told: Callable[[], Scene],
    objects: ObjectScene,
    frames: dict[str, np.ndarray],
    defaults: RequestDefaults,
) -> list[TrajectoryQuery]:
    """A query for each of the request's goals, any of which will do.

    groups: names that mean the robot's arm; present: its configuration now, and told: obstacles known beside `objects`;
    both may raise; frames: {frame: base_from_frame} beside links and objects.
    Raises GenModelsError, which to_moveit_code puts into MoveIt's words.
    """
    if request.group_name not in groups:
        error = GenModelsError(
            ErrorCode.UNKNOWN_JOINT,
            f"Group {request.group_name!r} is none of {', '.join(groups)}: name one, or set motion_plans.groups.",
        )
        raise Refusal(error, MoveItCode.INVALID_GROUP_NAME)
    _check_supported(request)
    start = to_start(request.start_state, robot, present)
    here = Frames(robot, lambda: start, frames)
    scene = told() + _with_state(objects, request.start_state, here).scene
    if not request.goal_constraints:
        raise GenModelsError(ErrorCode.NO_GOAL, "The request has no goal_constraints: give at least one goal.")
    common = TrajectoryQuery(
        start=start,
        scene=scene,
        num_samples=min(defaults.max_samples, defaults.num_samples * max(1, request.num_planning_attempts)),
        velocity_scaling=_scaling(request.max_velocity_scaling_factor),
        acceleration_scaling=_scaling(request.max_acceleration_scaling_factor),
        weights=defaults.weights,
        guidance=defaults.guidance,
        time_limit=_time_limit(request.allowed_planning_time, defaults),
    )
    queries = [replace(common, **to_goal(goal, start, here, objects)) for goal in request.goal_constraints]
    for query in queries:
        query.check(robot)
    return queries


def to_start(state, robot: Robot, present: Callable[[], np.ndarray]) -> np.ndarray:
    """[D] rad: joints that a RobotState names are where it says, the others where they are now."""
    with about(MoveItCode.INVALID_ROBOT_STATE):
        named = set(state.joint_state.name) & set(robot.joint_names)
        if not named and not state.joint_state.name:
            return present()
        now = np.zeros(robot.num_joints) if named == set(robot.joint_names) else present()
        mine = [index for index, name in enumerate(robot.joint_names) if name in named]
        names = tuple(robot.joint_names[index] for index in mine)
        ignored = (*other_joints(robot), *robot.joint_names)
        start = np.array(now, dtype=float)
        start[mine] = to_positions(state.joint_state, names, ignored, "The start_state")
        return start


def fill(response, robot: Robot, group: str, candidate: Candidate, planning_time: float) -> None:
    """Writes a MotionPlanResponse's success. planning_time: s."""
    header = Header(frame_id=robot.base_frame)
    trajectory = candidate.trajectory
    still = np.zeros(robot.num_joints)
    response.trajectory_start.joint_state = to_joint_state(
        robot.joint_names, trajectory.positions[0], still, Header(frame_id=robot.base_frame)
    )
    response.trajectory_start.is_diff = True  # nothing is said of what is attached, or of other joints
    response.group_name = group
    response.trajectory.joint_trajectory = to_joint_trajectory(trajectory, header)
    response.planning_time = float(planning_time)
    response.error_code.val = int(MoveItCode.SUCCESS)
    response.error_code.source = "genmodels_ros"


def fill_failure(response, group: str, error: GenModelsError) -> None:
    """Writes a MotionPlanResponse's error code with its sentence."""
    response.group_name = group
    response.error_code.val = int(to_moveit_code(error))
    response.error_code.message = f"{error.code.name}: {error.message}"
    response.error_code.source = "genmodels_ros"


def _check_supported(request) -> None:
    """Refuses what would be promised and not kept."""
    unkept = {
        "path_constraints": any_constraint(request.path_constraints),
        "trajectory_constraints": bool(request.trajectory_constraints.constraints),
        "max_cartesian_speed": request.max_cartesian_speed > 0,
    }
    for name in (name for name, asked in unkept.items() if asked):
        message = f"{name} cannot be kept by this planner: leave it out, or ask another pipeline."
        raise GenModelsError(ErrorCode.UNSUPPORTED, message)


def _with_state(objects: ObjectScene, state, frames: Frames) -> ObjectScene:
    """The objects with those attached that a start state tells of; all others are let go of unless it is a difference
    to the present state, as RobotState.msg has it.
    """
    if not state.is_diff and (state.joint_state.name or state.attached_collision_objects):
        kept = {id: thing for id, thing in objects.objects.items() if not thing.link}
        objects = replace(objects, objects=kept)
    return with_attached(objects, state, frames)


def _scaling(asked: float) -> float:
    """What lies outside (0, 1] means 1, as MotionPlanRequest.msg has it."""
    return float(asked) if 0 < asked <= 1 else 1.0


def _time_limit(asked: float, defaults: RequestDefaults) -> float:
    if not np.isfinite(asked):
        raise GenModelsError(ErrorCode.NOT_FINITE, f"allowed_planning_time must be finite, got {asked} s.")
    return min(float(asked), defaults.max_time_limit) if asked > 0 else defaults.time_limit
