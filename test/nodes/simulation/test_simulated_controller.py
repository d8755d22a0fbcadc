"""The simulated arm's follow_joint_trajectory action, as MoveIt and every other client of a controller sees it."""

import time

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration, Time
from rclpy.qos import QoSProfile
from sensor_msgs.msg import JointState
from std_msgs.msg import Header
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory, MultiDOFJointTrajectory, MultiDOFJointTrajectoryPoint

from genmodels_ros.conversions.trajectories import to_joint_trajectory
from genmodels_ros.nodes.simulation.simulated_controller import NAME
from genmodels_ros.nodes.simulation.simulation import SimulationNode
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.trajectory import Trajectory

control_msgs = pytest.importorskip("control_msgs.action", reason="control_msgs is no wheel: it comes with ros2_control")
FOLLOW = control_msgs.FollowJointTrajectory
JointTolerance = pytest.importorskip("control_msgs.msg").JointTolerance

ROBOT = load_robot()
STEP = np.array([0.4, 0, 0, 0, 0, 0, 0.2])
NAN = float("nan")


@pytest.fixture(scope="module")
def simulation(started):
    return started(SimulationNode, "controlled", {"world": "arm_cell", "rates.camera": 0.0})


@pytest.fixture(scope="module")
def client(simulation, goals_to):
    return goals_to(FOLLOW, f"controlled/{NAME}", feedback_sub_qos_profile=QoSProfile(depth=1000))


@pytest.fixture(scope="module")
def joints(graph, simulation, wait_until):
    heard = graph.listen(JointState, "controlled/joint_states")
    assert wait_until(lambda: heard)
    return heard


@pytest.fixture(autouse=True)
def at_its_start(graph, simulation, joints, wait_until):
    assert graph.call(Trigger, "controlled/simulation/reset").success
    assert wait_until(lambda: np.allclose(joints[-1].position[:7], ROBOT.ready, atol=1e-3))


def motion(step=STEP, duration=1.0) -> JointTrajectory:
    s = np.linspace(0, 1, 30)[:, None]
    q, dq = ROBOT.ready + (3 * s**2 - 2 * s**3) * step, (6 * s - 6 * s**2) * step / duration
    ddq = (6 - 12 * s) * step / duration**2
    return to_joint_trajectory(Trajectory(ROBOT.joint_names, duration * s[:, 0], q, dq, ddq), Header())


def test_a_trajectory_is_followed_and_told_of(client, joints):
    told = []
    handle = client.send(FOLLOW.Goal(trajectory=motion()), told)
    status, result = client.answer(handle)
    assert (status, result.error_code) == (GoalStatus.STATUS_SUCCEEDED, FOLLOW.Result.SUCCESSFUL)
    assert np.allclose(joints[-1].position[:7], ROBOT.ready + STEP, atol=0.02)
    assert len(told) > 5 and told[0].joint_names == list(ROBOT.joint_names)
    middle = told[len(told) // 2]
    assert 0 < middle.desired.positions[0] < 0.4 and abs(middle.error.positions[0]) < 0.05
    np.testing.assert_allclose(
        middle.error.positions, np.subtract(middle.desired.positions, middle.actual.positions), atol=1e-12
    )
    times = [message.desired.time_from_start.sec + message.desired.time_from_start.nanosec * 1e-9 for message in told]
    assert times == sorted(times) and times[-1] < 2.5


def test_joints_may_come_in_any_order(client, joints):
    goal = motion()
    goal.joint_names = goal.joint_names[::-1]
    for point in goal.points:
        for field in ("positions", "velocities", "accelerations"):
            setattr(point, field, getattr(point, field)[::-1])
    status, _ = client.ask(FOLLOW.Goal(trajectory=goal))
    assert status == GoalStatus.STATUS_SUCCEEDED
    assert np.allclose(joints[-1].position[:7], ROBOT.ready + STEP, atol=0.02)


def test_cancelled_it_holds_where_it_is(client, joints, wait_until):
    handle = client.send(FOLLOW.Goal(trajectory=motion(duration=20.0)))
    assert wait_until(lambda: joints[-1].position[0] > 0.02)
    cancel = handle.cancel_goal_async()
    assert wait_until(cancel.done) and len(cancel.result().goals_canceling) == 1
    status, result = client.answer(handle)
    assert status == GoalStatus.STATUS_CANCELED and "holds" in result.error_string
    time.sleep(0.3)
    held = joints[-1].position[0]
    time.sleep(0.3)
    assert held == pytest.approx(joints[-1].position[0], abs=1e-3) and held < 0.3


def test_a_tolerance_of_the_way_stops_it(client, joints):
    tolerance = [JointTolerance(name="panda_joint1", position=1e-7)]
    handle = client.send(FOLLOW.Goal(trajectory=motion(duration=5.0), path_tolerance=tolerance))
    status, result = client.answer(handle)
    assert (status, result.error_code) == (GoalStatus.STATUS_ABORTED, FOLLOW.Result.PATH_TOLERANCE_VIOLATED)
    assert "panda_joint1" in result.error_string and joints[-1].position[0] < 0.2


def test_a_goal_out_of_reach_of_its_tolerance_is_missed_in_time(client):
    goal = FOLLOW.Goal(trajectory=motion(), goal_time_tolerance=Duration(nanosec=300_000_000))
    goal.goal_tolerance = [JointTolerance(name=name, position=1e-300) for name in ROBOT.joint_names]
    status, result = client.ask(goal)
    assert (status, result.error_code) == (GoalStatus.STATUS_ABORTED, FOLLOW.Result.GOAL_TOLERANCE_VIOLATED)


@pytest.mark.parametrize("by", ["goal", "topic"])
def test_a_newer_command_takes_its_place(graph, client, wait_until, joints, by):
    handle = client.send(FOLLOW.Goal(trajectory=motion(duration=20.0)))
    if by == "goal":
        newer = client.send(FOLLOW.Goal(trajectory=motion()))
    else:
        publisher = graph.publisher(JointTrajectory, "controlled/joint_trajectory")
        assert wait_until(publisher.get_subscription_count)
        publisher.publish(motion())
    status, result = client.answer(handle)
    assert status == GoalStatus.STATUS_ABORTED and "took its place" in result.error_string
    if by == "goal":
        assert client.answer(newer)[0] == GoalStatus.STATUS_SUCCEEDED
    else:
        assert wait_until(lambda: np.allclose(joints[-1].position[:7], ROBOT.ready + STEP, atol=0.02))
        graph.node.destroy_publisher(publisher)


def broken(change) -> object:
    goal = FOLLOW.Goal(trajectory=motion())
    change(goal)
    return goal


def named(goal, name):
    goal.trajectory.joint_names = [name, *goal.trajectory.joint_names[1:]]


HOSTILE = {
    "nothing": lambda goal: setattr(goal, "trajectory", JointTrajectory()),
    "no points": lambda goal: setattr(goal.trajectory, "points", []),
    "NaN": lambda goal: goal.trajectory.points[3].positions.__setitem__(2, NAN),
    "unknown joint": lambda goal: named(goal, "elbow"),
    "joint twice": lambda goal: named(goal, "panda_joint2"),
    "time runs back": lambda goal: goal.trajectory.points.reverse(),
    "elsewhere": lambda goal: [point.positions.__setitem__(0, 1.0) for point in goal.trajectory.points],
    "later": lambda goal: setattr(goal.trajectory.header, "stamp", Time(sec=2**31 - 1)),
    "several degrees": lambda goal: setattr(
        goal, "multi_dof_trajectory", MultiDOFJointTrajectory(points=[MultiDOFJointTrajectoryPoint()])
    ),
    "tolerance of nobody": lambda goal: goal.path_tolerance.append(JointTolerance(name="elbow", position=0.1)),
    "tolerance NaN": lambda goal: goal.goal_tolerance.append(JointTolerance(name="panda_joint1", position=NAN)),
    "tolerance -2": lambda goal: goal.path_tolerance.append(JointTolerance(name="panda_joint1", velocity=-2.0)),
    "acceleration": lambda goal: goal.path_tolerance.append(JointTolerance(name="panda_joint1", acceleration=1.0)),
    "time before": lambda goal: setattr(goal, "goal_time_tolerance", Duration(sec=-1)),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
def test_what_cannot_be_followed_is_refused_with_a_sentence(client, joints, change):
    status, result = client.ask(broken(change))
    assert status == GoalStatus.STATUS_ABORTED and result.error_string.endswith(".")
    assert result.error_code in (FOLLOW.Result.INVALID_GOAL, FOLLOW.Result.INVALID_JOINTS)
    assert np.allclose(joints[-1].position[:7], ROBOT.ready, atol=1e-2), "and nothing moves"


@pytest.mark.parametrize("begun", [True, False])
def test_an_inactive_simulation_takes_no_goal_and_gives_up_the_one_it_has(
    simulation, client, joints, wait_until, begun
):
    handle = client.send(FOLLOW.Goal(trajectory=motion(duration=20.0)))
    if begun:
        assert wait_until(lambda: joints[-1].position[0] > 0.005)
    simulation.trigger_deactivate()
    try:
        status, result = client.answer(handle)
        assert status == GoalStatus.STATUS_ABORTED and "NOT_ACTIVE" in result.error_string
        assert not client.send(FOLLOW.Goal(trajectory=motion())).accepted
    finally:
        simulation.trigger_activate()
    count = len(joints)
    assert wait_until(lambda: len(joints) > count + 10)
    held = joints[-1].position[0]
    assert wait_until(lambda: len(joints) > count + 60)
    assert joints[-1].position[0] == pytest.approx(held, abs=1e-3), "and does not go on with it"
