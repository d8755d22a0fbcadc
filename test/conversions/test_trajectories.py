"""Joint messages: any order of names, nothing lost on the way there and back, and every malformed one refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sensor_msgs.msg import JointState
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from genmodels_ros.conversions.stamps import to_duration
from genmodels_ros.conversions.trajectories import (
    from_present,
    other_joints,
    to_joint_state,
    to_joint_trajectory,
    to_positions,
    to_trajectory,
)
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.trajectory import Trajectory

NAMES = ("shoulder", "elbow", "wrist")
FINITE = st.floats(-10, 10)


@st.composite
def trajectories(draw):
    count = draw(st.integers(2, 6))
    steps = draw(st.lists(st.integers(1, 10**9), min_size=count - 1, max_size=count - 1))
    time = np.concatenate([[0], np.cumsum(steps)]) * 1e-9
    positions, velocities, accelerations = (
        np.array(draw(st.lists(st.tuples(FINITE, FINITE, FINITE), min_size=count, max_size=count))) for _ in range(3)
    )
    return Trajectory(NAMES, time, positions, velocities, accelerations)


@given(trajectories(), st.permutations(range(3)))
@settings(max_examples=50, deadline=None)
def test_there_and_back_in_any_order(trajectory, order):
    message = to_joint_trajectory(trajectory, Header())
    message.joint_names = [NAMES[index] for index in order]
    for point in message.points:
        for field in ("positions", "velocities", "accelerations"):
            values = getattr(point, field)
            setattr(point, field, [values[index] for index in order])
    back = to_trajectory(message, NAMES)
    np.testing.assert_allclose(back.time_from_start, trajectory.time_from_start, atol=1e-9)
    for field in ("positions", "velocities", "accelerations"):
        np.testing.assert_array_equal(getattr(back, field), getattr(trajectory, field))


@given(st.lists(FINITE, min_size=3, max_size=3), st.permutations(range(3)))
@settings(deadline=None)
def test_a_state_in_any_order(positions, order):
    state = to_joint_state([NAMES[i] for i in order], [positions[i] for i in order], np.zeros(3), Header())
    assert to_positions(state, NAMES).tolist() == positions


@pytest.mark.parametrize(
    ("names", "positions", "code"),
    [
        (NAMES[:2], [0.0, 0.0], ErrorCode.MISSING_JOINT),
        ((*NAMES, "tail"), [0.0] * 4, ErrorCode.UNKNOWN_JOINT),
        ((*NAMES, "elbow"), [0.0] * 4, ErrorCode.WRONG_LENGTH),
        (NAMES, [0.0, 0.0], ErrorCode.WRONG_LENGTH),
        (NAMES, [0.0, np.nan, 0.0], ErrorCode.NOT_FINITE),
        (NAMES, [0.0, 0.0, -np.inf], ErrorCode.NOT_FINITE),
        ((), [], ErrorCode.MISSING_JOINT),
    ],
)
def test_wrong_states(names, positions, code):
    with pytest.raises(GenModelsError) as error:
        to_positions(JointState(name=list(names), position=positions), NAMES)
    assert error.value.code == code


def test_other_joints_are_left_aside_where_allowed():
    state = JointState(name=["finger", *NAMES], position=[9.0, 1.0, 2.0, 3.0])
    assert to_positions(state, NAMES, ignored=("finger",)).tolist() == [1, 2, 3]
    assert to_positions(state, NAMES, ignored=None).tolist() == [1, 2, 3]
    with pytest.raises(GenModelsError, match="finger"):
        to_positions(state, NAMES)


def moving(times=(0.0, 0.5, 1.0), count=3) -> JointTrajectory:
    points = [JointTrajectoryPoint(time_from_start=to_duration(t), positions=[t**2] * count) for t in times]
    return JointTrajectory(joint_names=list(NAMES), points=points)


def test_velocities_left_out_are_differences():
    trajectory = to_trajectory(moving(np.linspace(0, 1, 101)), NAMES)
    np.testing.assert_allclose(trajectory.velocities[1:-1, 0], 2 * trajectory.time_from_start[1:-1], atol=1e-6)
    np.testing.assert_allclose(trajectory.accelerations[2:-2, 0], 2.0, atol=1e-3)


def test_time_starts_at_the_first_point():
    trajectory = to_trajectory(moving((2.0, 2.5, 4.0)), NAMES)
    assert trajectory.time_from_start.tolist() == [0.0, 0.5, 2.0]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (moving((0.0,)), ErrorCode.WRONG_LENGTH),
        (moving(()), ErrorCode.WRONG_LENGTH),
        (moving((0.0, 1.0, 1.0)), ErrorCode.TRAJECTORY_EXCEEDS_LIMITS),
        (moving((0.0, 2.0, 1.0)), ErrorCode.TRAJECTORY_EXCEEDS_LIMITS),
        (moving((-1.0, 0.0, 1.0)), ErrorCode.TRAJECTORY_EXCEEDS_LIMITS),
        (moving(count=2), ErrorCode.WRONG_LENGTH),
        (moving(count=0), ErrorCode.WRONG_LENGTH),
    ],
)
def test_wrong_trajectories(message, code):
    with pytest.raises(GenModelsError) as error:
        to_trajectory(message, NAMES)
    assert error.value.code == code


def test_a_point_without_velocities_among_others_is_refused():
    message = moving()
    message.points[1].velocities = [0.0] * 3
    with pytest.raises(GenModelsError, match="point 0"):
        to_trajectory(message, NAMES)


def test_a_command_whose_first_point_lies_ahead_leaves_from_where_the_arm_is():
    command = moving((2.0, 3.0))
    command.joint_names = list(NAMES[::-1])
    state = JointState(name=["finger", *NAMES], position=[9.0, 1.0, 2.0, 3.0])
    whole = from_present(command, state)
    assert [list(point.positions) for point in whole.points] == [[3, 2, 1], [4, 4, 4], [9, 9, 9]]
    assert to_trajectory(whole, NAMES).duration == 3.0
    for point in command.points:
        point.velocities, point.accelerations = [0.5] * 3, [0.1] * 3
    state.velocity = [9.0, 0.1, 0.2, 0.3]
    first = from_present(command, state).points[0]
    assert (list(first.velocities), list(first.accelerations)) == ([0.3, 0.2, 0.1], [0, 0, 0])
    at_once = moving((0.0, 1.0))
    assert from_present(at_once, state) is at_once
    with pytest.raises(GenModelsError) as error:
        from_present(command, JointState(name=["finger"], position=[0.0]))
    assert error.value.code == ErrorCode.MISSING_JOINT


def test_everything_else_of_a_robot_may_stand_in_a_state():
    robot = load_robot("panda")
    assert set(other_joints(robot)) >= {"panda_finger_joint1", "panda_finger_joint2"}
    assert not set(other_joints(robot)) & set(robot.joint_names)
