"""What a request leaves out is the node's to choose; what it says reaches the query unchanged."""

import numpy as np
import pytest
from sensor_msgs.msg import JointState
from std_msgs.msg import Header

from genmodels_interfaces.msg import CostWeights as CostWeightsMessage
from genmodels_interfaces.msg import TrajectoryRequest
from genmodels_ros.conversions.obstacles import to_obstacle_array
from genmodels_ros.conversions.poses import to_matrix, to_pose
from genmodels_ros.conversions.requests import RequestDefaults, to_query, to_result
from genmodels_ros.conversions.trajectories import to_trajectory
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.trajectory_query import Candidate, CostWeights, GenerationResult
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.obstacles import Scene, Sphere
from genmodels_ros.robots.trajectory import Trajectory

ROBOT = load_robot("panda")
WEIGHTS = CostWeights(4, 3, 2, 1)
DEFAULTS = RequestDefaults(num_samples=9, max_samples=50, time_limit=3.0, max_time_limit=7.0, weights=WEIGHTS)
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


def test_results_keep_their_numbers():
    time = np.array([0.0, 0.5, 1.0])
    rng = np.random.default_rng(1)
    trajectory = Trajectory(ROBOT.joint_names, time, *rng.uniform(-1, 1, (3, 3, 7)))
    candidate = Candidate(trajectory, "model", 1.5, 2.5, 1.0, 0.03, 4.5)
    result = GenerationResult(ErrorCode.SUCCESS, "", (candidate,), 16, 7, 0.01, 0.02)
    message = to_result(result, ROBOT, Header(frame_id="panda_link0"))
    assert message.error.value == ErrorCode.SUCCESS
    assert (message.num_samples, message.num_verified) == (16, 7)
    assert (message.generation_time, message.planning_time) == (0.01, 0.02)
    (sent,) = message.candidates
    assert (sent.source, sent.score, sent.length, sent.duration) == ("model", 1.5, 2.5, 1.0)
    assert (sent.min_clearance, sent.smoothness) == (0.03, 4.5)
    back = to_trajectory(sent.trajectory, ROBOT.joint_names)
    np.testing.assert_array_equal(back.positions, trajectory.positions)
    refused = to_result(GenerationResult(ErrorCode.NO_SOLUTION, "None."), ROBOT, Header())
    assert (refused.error.value, refused.error.message, refused.candidates) == (ErrorCode.NO_SOLUTION, "None.", [])
