"""The local planner as Nav2's bt_navigator sees it: paths over real DDS with Nav2's own messages."""

import math
import time

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from geometry_msgs.msg import PoseStamped, TransformStamped
from nav_msgs.msg import Path
from rclpy.action import ActionServer, GoalResponse
from rclpy.parameter import Parameter
from std_msgs.msg import Header

from genmodels_ros.conversions.poses import from_planar
from genmodels_ros.conversions.stamps import header
from genmodels_ros.conversions.transforms import TRANSFORMS, to_transforms
from genmodels_ros.nodes.mobile.local_planner import LocalPlannerNode
from genmodels_ros.pipelines.mobile.routes import to_odom

nav2 = pytest.importorskip(
    "nav2_msgs.action", reason="nav2_msgs is no wheel: it comes with Nav2, sudo apt install ros-jazzy-nav2-msgs"
)
from nav2_msgs.msg import SpeedLimit  # noqa: E402

FollowPath = nav2.FollowPath
Result = FollowPath.Result
PATIENT = 3.0  # s that a scan may be old on a busy machine
ODOM_IN_MAP = np.array([4.0, -2.0, 2.0])


@pytest.fixture(scope="module")
def node(started):
    return started(LocalPlannerNode, "nav2", {"scan.max_age": PATIENT, "observation.max_age": 30.0})


@pytest.fixture
def robot(driven):
    return driven


@pytest.fixture(scope="module")
def navigator(node, goals_to):
    """Asks as nav2_behavior_tree's FollowPath does: goals replace one another without a cancel."""
    return goals_to(FollowPath, "nav2/local_planner/follow_path")


def along(path, **fields) -> FollowPath.Goal:
    return FollowPath.Goal(path=path, **fields)


def path_of(*points, frame="odom", yaw=0.0) -> Path:
    poses = [PoseStamped(pose=from_planar((*point, yaw))) for point in points]
    return Path(header=Header(frame_id=frame), poses=poses)


FAR = path_of((0.0, 0.0), (2.3, 0.0))


# --- What it is for


def test_a_path_is_followed_to_its_end(robot, navigator, wait_until):
    told, path = [], path_of((0.0, 0.0), (0.0, 1.2), (1.0, 1.2))
    answer = navigator.ask(along(path, controller_id="FollowPath"), told)
    assert (answer.status, answer.result.error_code) == (GoalStatus.STATUS_SUCCEEDED, Result.NONE)
    assert np.hypot(*(robot.pose[:2] - (1.0, 1.2))) < 0.5 and wait_until(robot.stands)
    distances = [feedback.distance_to_goal for feedback in told]
    assert distances[0] > 1.9, "along the path, not as the crow flies"
    assert distances[-1] < 0.6 and max(feedback.speed for feedback in told) > 0.2


def test_in_the_end_it_turns_to_where_the_last_pose_looks(robot, navigator):
    answer = navigator.ask(along(path_of((0.0, 0.0), (0.6, 0.0), yaw=2.0)))
    assert answer.status == GoalStatus.STATUS_SUCCEEDED
    assert abs(math.remainder(robot.pose[2] - 2.0, 2 * math.pi)) < 0.35


def test_a_newer_path_goes_on_without_stopping(node, robot, navigator, wait_until):
    """bt_navigator plans once a second and sends what it gets as a new goal."""
    handle = navigator.send(along(FAR))
    assert wait_until(lambda: robot.drives() and robot.heard[-1].linear.x > 0.25)
    errors, count = node.monitor.num_errors, len(robot.heard)
    for _ in range(3):
        newer = navigator.send(along(path_of(robot.pose[:2], (2.2, 0.1))))
        answer = navigator.answer(handle)
        assert (answer.status, answer.result.error_code) == (GoalStatus.STATUS_ABORTED, Result.NONE)
        handle = newer
        time.sleep(0.4)
    assert min(command.linear.x for command in robot.heard[count:]) > 0.1, "it never stood"
    assert node.monitor.num_errors == errors, "an everyday thing is no error"
    handle.cancel_goal_async()


def test_cancelling_stops_the_base(robot, navigator, wait_until):
    handle = navigator.send(along(FAR))
    assert wait_until(robot.drives)
    handle.cancel_goal_async()
    answer = navigator.answer(handle)
    assert (answer.status, answer.result.error_code) == (GoalStatus.STATUS_CANCELED, Result.NONE)
    assert wait_until(robot.stands)


def test_a_path_to_where_the_robot_stands_is_driven_at_once(robot, navigator):
    answer = navigator.ask(along(path_of((0.05, 0.0))))
    assert answer.status == GoalStatus.STATUS_SUCCEEDED


# --- Frames


def test_paths_of_a_frame_nobody_knows_are_refused_with_tf_error(robot, navigator):
    answer = navigator.ask(along(path_of((0.0, 0.0), (1.0, 0.0), frame="moon")))
    assert answer.result.error_code == Result.TF_ERROR and "moon" in answer.result.error_msg


@pytest.mark.skipif(TRANSFORMS is None, reason="tf2_msgs is no wheel: it comes with an installed ROS 2")
def test_paths_in_the_map_are_followed_as_tf_says(graph, robot, navigator, wait_until):
    tf = graph.publisher(TRANSFORMS, "/tf")
    assert wait_until(tf.get_subscription_count)
    shift = to_transforms(ODOM_IN_MAP, header("map", 0.0), "odom").transforms[0]
    broken = TransformStamped(header=Header(frame_id="map"), child_frame_id="broken")
    broken.transform.translation.x = math.nan
    tf.publish(TRANSFORMS(transforms=[broken, shift]))
    ends = to_odom(ODOM_IN_MAP, np.array([(0.0, 0.0, 0.0), (0.0, 1.0, 0.0)]))[:, :2]

    def followed() -> bool:  # once the transform has come
        answer = navigator.ask(along(path_of(*ends, frame="map")))
        return answer.status == GoalStatus.STATUS_SUCCEEDED

    assert wait_until(followed)
    assert np.hypot(*(robot.pose[:2] - (0.0, 1.0))) < 0.5


# --- Speed


@pytest.fixture
def limits(graph, node, wait_until):
    publisher = graph.publisher(SpeedLimit, "nav2/speed_limit")
    assert wait_until(publisher.get_subscription_count)
    yield publisher
    publisher.publish(SpeedLimit())


@pytest.mark.parametrize("limit", [(True, 30.0), (False, 0.15)], ids=["percentage", "absolute"])
def test_a_speed_limit_is_obeyed_and_lifted(node, robot, navigator, limits, wait_until, limit):
    handle = navigator.send(along(FAR))
    assert wait_until(lambda: robot.heard and robot.heard[-1].linear.x > 0.3)
    percentage, speed = limit
    limits.publish(SpeedLimit(percentage=percentage, speed_limit=speed))
    assert wait_until(lambda: robot.heard[-1].linear.x <= 0.15 + 1e-6)
    count = len(robot.heard)
    limits.publish(SpeedLimit(percentage=percentage, speed_limit=math.nan))
    time.sleep(1.0)
    assert max(command.linear.x for command in robot.heard[count:]) <= 0.15 + 1e-6, "one that is none changes nothing"
    limits.publish(SpeedLimit(speed_limit=0.0))
    assert wait_until(lambda: robot.heard[-1].linear.x > 0.2)
    handle.cancel_goal_async()


# --- Bad goals


HUGE = path_of((0.0, 0.0), (4e7, 0.0))
TOO_MANY = path_of(*[(0.01 * index, 0.0) for index in range(10_001)])
BAD_GOALS = {
    "no poses": (Path(header=Header(frame_id="odom")), {}, Result.INVALID_PATH),
    "NaN": (path_of((0.0, 0.0), (math.nan, 0.0)), {}, Result.INVALID_PATH),
    "infinite": (path_of((0.0, 0.0), (0.0, math.inf)), {}, Result.INVALID_PATH),
    "around the world": (HUGE, {}, Result.INVALID_PATH),
    "too many poses": (TOO_MANY, {}, Result.INVALID_PATH),
    "no frame": (path_of((0.0, 0.0), (1.0, 0.0), frame=""), {}, Result.TF_ERROR),
    "another controller": (FAR, {"controller_id": "DWB"}, Result.INVALID_CONTROLLER),
    "another goal checker": (FAR, {"goal_checker_id": "precise_goal_checker"}, Result.INVALID_CONTROLLER),
}


@pytest.mark.parametrize(("path", "fields", "code"), BAD_GOALS.values(), ids=BAD_GOALS)
def test_a_bad_goal_is_aborted_with_a_code_and_a_sentence(robot, navigator, path, fields, code):
    answer = navigator.ask(along(path, **fields))
    assert (answer.status, answer.result.error_code) == (GoalStatus.STATUS_ABORTED, code)
    assert answer.result.error_msg.endswith(".") and not robot.drives()


def test_a_bad_path_ends_the_one_under_way(node, robot, navigator, wait_until):
    """bt_navigator lets go of the older goal when it sends a newer one: nobody would ever stop the base."""
    handle = navigator.send(along(FAR))
    assert wait_until(robot.drives)
    assert navigator.ask(along(HUGE)).result.error_code == Result.INVALID_PATH
    assert navigator.answer(handle).status == GoalStatus.STATUS_ABORTED
    assert wait_until(robot.stands) and node.drive is None


# --- How a drive may end


def test_sensors_that_stay_away_are_a_timeout(node, robot, navigator, wait_until):
    handle = navigator.send(along(FAR))
    assert wait_until(robot.drives)
    robot.sees = False
    node.set_parameters([Parameter("scan.patience", value=0.5), Parameter("scan.max_age", value=0.5)])
    try:
        answer = navigator.answer(handle)
    finally:
        node.set_parameters([Parameter("scan.patience", value=5.0), Parameter("scan.max_age", value=PATIENT)])
    assert (answer.status, answer.result.error_code) == (GoalStatus.STATUS_ABORTED, Result.CONTROLLER_TIMED_OUT)
    assert wait_until(robot.stands)


def test_who_is_stuck_made_no_progress(node, robot, navigator, wait_until, monkeypatch):
    handle = navigator.send(along(FAR))
    assert wait_until(robot.drives)
    monkeypatch.setattr(node.drive.task, "_patience", type("Spent", (), {"waited": lambda self, left: 10_000})())
    answer = navigator.answer(handle)
    assert (answer.status, answer.result.error_code) == (GoalStatus.STATUS_ABORTED, Result.FAILED_TO_MAKE_PROGRESS)
    assert wait_until(robot.stands)


def test_two_servers_of_one_action_do_not_both_drive(graph, robot, navigator, wait_until):
    def answers_last(request) -> GoalResponse:
        time.sleep(1.0)
        return GoalResponse.REJECT

    rival = ActionServer(
        graph.node, FollowPath, "nav2/local_planner/follow_path", lambda goal: Result(), goal_callback=answers_last
    )
    try:
        topic = "/nav2/local_planner/follow_path/_action/status"
        assert wait_until(lambda: len(graph.node.get_publishers_info_by_topic(topic)) == 2)
        assert not navigator.send(along(FAR)).accepted
    finally:
        rival.destroy()
    assert wait_until(lambda: len(graph.node.get_publishers_info_by_topic(topic)) == 1)


def test_an_inactive_node_takes_no_path(node, robot, navigator, wait_until):
    handle = navigator.send(along(FAR))
    assert wait_until(robot.drives)
    node.trigger_deactivate()
    try:
        answer = navigator.answer(handle)
        assert (answer.status, answer.result.error_code) == (GoalStatus.STATUS_ABORTED, Result.UNKNOWN)
        assert wait_until(robot.stands) and not navigator.send(along(FAR)).accepted
    finally:
        node.trigger_activate()
