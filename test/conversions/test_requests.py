"""What a request leaves out is the node's to choose; what it says reaches the query unchanged."""

import numpy as np
import pytest
from geometry_msgs.msg import Point
from sensor_msgs.msg import JointState
from std_msgs.msg import Header

from genmodels_interfaces.msg import CostWeights as CostWeightsMessage
from genmodels_interfaces.msg import GuidanceWeights as GuidanceWeightsMessage
from genmodels_interfaces.msg import TrajectoryRequest
from genmodels_ros.conversions.obstacles import to_obstacle_array
from genmodels_ros.conversions.poses import to_matrix, to_pose
from genmodels_ros.conversions.requests import RequestDefaults, deadline_of, hurried, to_query, to_result
from genmodels_ros.conversions.trajectories import to_joint_trajectory, to_trajectory
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.arm.trajectory_query import Candidate, CostWeights, GenerationResult, GuidanceWeights
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.obstacles import Attached, LinkMargin, Scene, Sphere
from genmodels_ros.robots.trajectory import Trajectory

ROBOT = load_robot("panda")
WEIGHTS = CostWeights(4, 3, 2, 1)
GUIDANCE = GuidanceWeights(collision=0.5)
DEFAULTS = RequestDefaults(
    num_samples=9, max_samples=50, time_limit=3.0, max_time_limit=7.0, weights=WEIGHTS, guidance=GUIDANCE
)
BALL, CAN = (Scene((Sphere((0.5, 0, z), 0.05, str(z)),)) for z in (0.1, 0.9))


def joints(q) -> JointState:
    return JointState(name=list(ROBOT.joint_names), position=list(q))


def query_of(start=None, topic=Scene(), **fields):  # noqa: B008 (frozen)
    request = TrajectoryRequest(**{"start": joints(ROBOT.ready), "joint_goal": joints(ROBOT.ready + 0.1), **fields})
    return to_query(request, ROBOT, start, topic, DEFAULTS)


def test_zeros_mean_the_node_s_defaults():
    query = query_of()
    assert (query.num_samples, query.time_limit, query.weights) == (9, 3.0, WEIGHTS)
    assert (query.velocity_scaling, query.acceleration_scaling, query.finger_position) == (1.0, 1.0, None)
    assert query.allow_fallback and query.max_candidates == 0


def test_what_is_said_counts():
    query = query_of(
        num_samples=12,
        time_limit=2.0,
        velocity_scaling=0.5,
        acceleration_scaling=0.25,
        finger_position=0.03,
        seed=2**64 - 1,
        max_candidates=3,
        no_fallback=True,
        weights=CostWeightsMessage(length=0.5),
    )
    assert (query.num_samples, query.time_limit, query.seed) == (12, 2.0, 2**64 - 1)
    assert (query.velocity_scaling, query.acceleration_scaling, query.finger_position) == (0.5, 0.25, 0.03)
    assert query.weights == CostWeights(0.5, 0.0, 0.0, 0.0)
    assert not query.allow_fallback and query.max_candidates == 3


def test_no_request_computes_longer_than_the_node_allows():
    assert query_of(time_limit=1e9).time_limit == 7.0


def test_the_joint_goal_wins_over_the_pose_goal():
    request = TrajectoryRequest(has_pose_goal=True)
    request.pose_goal.pose = to_pose((0.4, 0, 0.5), (1, 0, 0, 0))
    both = query_of(has_pose_goal=True, pose_goal=request.pose_goal)
    assert both.goal_pose is None and both.goal_config is not None
    pose_only = query_of(joint_goal=JointState(), has_pose_goal=True, pose_goal=request.pose_goal)
    np.testing.assert_array_equal(pose_only.goal_pose, to_matrix(request.pose_goal.pose))
    with pytest.raises(GenModelsError) as error:
        query_of(joint_goal=JointState(), pose_goal=request.pose_goal)
    assert error.value.code == ErrorCode.NO_GOAL


def test_the_given_state_replaces_the_request_s_start():
    np.testing.assert_array_equal(query_of(start=ROBOT.ready + 0.05).start, ROBOT.ready + 0.05)


def test_obstacles_of_topic_and_request_add_up():
    own = to_obstacle_array(CAN, Header())
    assert [o.id for o in query_of(topic=BALL, obstacles=own).scene.obstacles] == ["0.1", "0.9"]
    assert [o.id for o in query_of(topic=BALL, obstacles=own, ignore_obstacles_topic=True).scene.obstacles] == ["0.9"]


def test_what_is_the_robot_s_own_stays_where_obstacles_are_ignored():
    own = Scene((), (Attached("cup", "panda_hand", (Sphere((0, 0, 0.2), 0.03),)),), (("cup", "panda_link7"),))
    own += Scene(margins=(LinkMargin("panda_hand", 0.02),))
    scene = query_of(topic=BALL + own, ignore_obstacles_topic=True).scene
    assert scene.obstacles == () and scene == own


def test_guidance_and_workspace_reach_the_query():
    assert query_of().guidance == GuidanceWeights(0.5, 0, 0, 0), "the node's"
    assert query_of().workspace is None and query_of(workspace_upper=Point(x=1.0)).workspace is None
    query = query_of(
        guidance=GuidanceWeightsMessage(length=2.0, workspace=1.0),
        has_workspace=True,
        workspace_lower=Point(x=0.0, y=-1.0, z=0.1),
        workspace_upper=Point(x=0.8, y=1.0, z=1.2),
    )
    assert query.guidance == GuidanceWeights(0.0, 2.0, 0.0, 1.0)
    np.testing.assert_array_equal(query.workspace, [[0.0, -1.0, 0.1], [0.8, 1.0, 1.2]])


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"guidance": GuidanceWeightsMessage(collision=-1.0)}, ErrorCode.INVALID_WEIGHTS),
        ({"guidance": GuidanceWeightsMessage(length=float("nan"))}, ErrorCode.INVALID_WEIGHTS),
        ({"has_workspace": True}, ErrorCode.INVALID_WORKSPACE),
        ({"has_workspace": True, "workspace_upper": Point(x=float("nan"), y=1.0, z=1.0)}, ErrorCode.NOT_FINITE),
    ],
)
def test_wishes_that_make_no_sense_are_refused(fields, code):
    with pytest.raises(GenModelsError) as error:
        query_of(**fields)
    assert error.value.code == code


def test_a_previous_answer_is_a_warm_start_whatever_its_order_of_joints():
    time, mixed = np.array([0.0, 0.5, 1.0]), [6, 0, 5, 1, 4, 2, 3]
    positions = np.linspace(ROBOT.ready, ROBOT.ready + 0.1, 3)
    names = [ROBOT.joint_names[i] for i in mixed] + ["panda_finger_joint1"]
    rows = np.hstack([positions[:, mixed], np.full((3, 1), 0.04)])
    message = to_joint_trajectory(Trajectory(tuple(names), time, rows, 0 * rows, 0 * rows), Header())
    np.testing.assert_array_equal(query_of(warm_start=message).warm_start, positions)
    assert query_of().warm_start is None
    message.joint_names[0] = "elbow"
    with pytest.raises(GenModelsError, match="warm start") as error:
        query_of(warm_start=message)
    assert error.value.code == ErrorCode.MISSING_JOINT


def test_a_deadline_leaves_what_waiting_has_not_used():
    query = query_of(time_limit=2.0)
    assert deadline_of(TrajectoryRequest()) is None and hurried(query, None, 100.0) is query
    deadline = deadline_of(TrajectoryRequest(deadline=3.0))
    assert hurried(query, deadline, 0.5).time_limit == 2.0
    assert hurried(query, deadline, 2.5).time_limit == pytest.approx(0.5)
    with pytest.raises(GenModelsError) as error:
        hurried(query, deadline, 3.0)
    assert error.value.code == ErrorCode.TIME_LIMIT


@pytest.mark.parametrize("deadline", [-1.0, float("nan"), float("inf")])
def test_a_deadline_that_is_none_is_refused(deadline):
    with pytest.raises(GenModelsError) as error:
        deadline_of(TrajectoryRequest(deadline=deadline))
    assert error.value.code == ErrorCode.TIME_LIMIT


def test_results_keep_their_numbers():
    time = np.array([0.0, 0.5, 1.0])
    rng = np.random.default_rng(1)
    trajectory = Trajectory(ROBOT.joint_names, time, *rng.uniform(-1, 1, (3, 3, 7)))
    candidate = Candidate(trajectory, "model", 1.5, 2.5, 1.0, 0.03, 4.5)
    result = GenerationResult(ErrorCode.SUCCESS, "", (candidate,), 16, 7, 0.01, 0.02)
    message = to_result(result, ROBOT, Header(frame_id="panda_link0"))
    assert message.error.value == ErrorCode.SUCCESS
    assert (message.robot, tuple(message.joint_names)) == ("panda", ROBOT.joint_names)
    assert (message.num_samples, message.num_verified) == (16, 7)
    assert (message.generation_time, message.planning_time) == (0.01, 0.02)
    (sent,) = message.candidates
    assert (sent.source, sent.score, sent.length, sent.duration) == ("model", 1.5, 2.5, 1.0)
    assert (sent.min_clearance, sent.smoothness) == (0.03, 4.5)
    back = to_trajectory(sent.trajectory, ROBOT.joint_names)
    np.testing.assert_array_equal(back.positions, trajectory.positions)
    refused = to_result(GenerationResult(ErrorCode.NO_SOLUTION, "None."), ROBOT, Header())
    assert (refused.error.value, refused.error.message, refused.candidates) == (ErrorCode.NO_SOLUTION, "None.", [])
