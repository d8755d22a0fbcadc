"""Joint messages ↔ arrays in the robot's joint order, by name."""

from functools import lru_cache

import numpy as np
from sensor_msgs.msg import JointState
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from genmodels_ros.conversions.stamps import to_duration, to_seconds
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.trajectory import Trajectory
from genmodels_ros.robots.urdf import read_joints


@lru_cache(maxsize=8)
def other_joints(robot: Robot) -> tuple[str, ...]:
    """What else moves in the robot's description: fingers, mimic joints, another arm; a state may name them too."""
    return tuple(name for name in read_joints(robot.source.urdf) if name not in robot.joint_names)


def to_positions(
    message: JointState, joint_names: tuple[str, ...], ignored: tuple[str, ...] | None = (), what: str = "The state"
) -> np.ndarray:
    """Positions [D] rad in the order of `joint_names`.

    ignored: names that may be there and are left aside (`other_joints`); None lets any be there, as on joint_states.
    Raises GenModelsError: UNKNOWN_JOINT, MISSING_JOINT, WRONG_LENGTH (also for a joint named twice), NOT_FINITE.
    """
    if len(message.position) != len(message.name):
        raise GenModelsError(
            ErrorCode.WRONG_LENGTH, f"{what} has {len(message.name)} names but {len(message.position)} positions."
        )
    positions = np.array(message.position)[_columns(message.name, joint_names, ignored, what)]
    _check_finite(positions, f"{what} has positions that are NaN or infinite.")
    return positions


def to_joint_state(joint_names, positions, velocities, header: Header) -> JointState:
    """The message of positions [D] rad and velocities [D] rad/s."""
    return JointState(header=header, name=list(joint_names), position=_floats(positions), velocity=_floats(velocities))


def to_trajectory(
    message: JointTrajectory,
    joint_names: tuple[str, ...],
    ignored: tuple[str, ...] | None = (),
    what: str = "The trajectory",
) -> Trajectory:
    """The trajectory in the order of `joint_names`, its time starting at the message's first point.

    Velocities or accelerations that every point leaves out are differences of what is there. Raises GenModelsError as
    `to_positions`; WRONG_LENGTH for fewer than two points; TRAJECTORY_EXCEEDS_LIMITS unless time rises.
    """
    columns = _columns(message.joint_names, joint_names, ignored, what)
    if len(message.points) < 2:
        raise GenModelsError(ErrorCode.WRONG_LENGTH, f"{what} needs at least two points, got {len(message.points)}.")
    time = np.array([to_seconds(point.time_from_start) for point in message.points])
    if time[0] < 0 or not (np.diff(time) > 0).all():
        raise GenModelsError(
            ErrorCode.TRAJECTORY_EXCEEDS_LIMITS,
            f"{what} has a time_from_start that is negative or does not rise from point to point.",
        )
    time -= time[0]
    positions = _field(message, "positions", columns, what)
    if positions is None:
        raise GenModelsError(ErrorCode.WRONG_LENGTH, f"{what} has points without positions.")
    velocities = _field(message, "velocities", columns, what)
    velocities = np.gradient(positions, time, axis=0) if velocities is None else velocities
    accelerations = _field(message, "accelerations", columns, what)
    accelerations = np.gradient(velocities, time, axis=0) if accelerations is None else accelerations
    return Trajectory(tuple(joint_names), time, positions, velocities, accelerations)


def from_present(message: JointTrajectory, state: JointState) -> JointTrajectory:
    """The command as a controller executes it: where its first point lies ahead in time, it leaves from `state`.

    Raises GenModelsError(MISSING_JOINT) where the state leaves a joint of the command out.
    """
    if not message.points or to_seconds(message.points[0].time_from_start) <= 0:
        return message
    columns, first = _columns(state.name, tuple(message.joint_names), None, "joint_states"), message.points[0]
    velocities = np.array(state.velocity if len(state.velocity) == len(state.name) else np.zeros(len(state.name)))
    present = JointTrajectoryPoint(
        positions=_floats(np.array(state.position)[columns]),
        velocities=_floats(velocities[columns]) if len(first.velocities) else [],
        accelerations=[0.0] * len(columns) if len(first.accelerations) else [],
    )
    return JointTrajectory(header=message.header, joint_names=message.joint_names, points=[present, *message.points])


def to_joint_trajectory(trajectory: Trajectory, header: Header) -> JointTrajectory:
    """The message, as ros2_control's joint_trajectory_controller takes it."""
    rows = zip(
        trajectory.time_from_start,
        trajectory.positions.tolist(),
        trajectory.velocities.tolist(),
        trajectory.accelerations.tolist(),
        strict=True,
    )
    points = [
        JointTrajectoryPoint(time_from_start=to_duration(t), positions=q, velocities=v, accelerations=a)
        for t, q, v, a in rows
    ]
    return JointTrajectory(header=header, joint_names=list(trajectory.joint_names), points=points)


def _columns(names, joint_names, ignored, what: str) -> list[int]:
    """Where each of `joint_names` stands in `names`."""
    names = list(names)
    if ignored is not None:
        unknown = [name for name in names if name not in joint_names and name not in ignored]
        if unknown:
            raise GenModelsError(
                ErrorCode.UNKNOWN_JOINT,
                f"{what} names the unknown joint {unknown[0]!r}: the group has {', '.join(joint_names)}.",
            )
    missing = [name for name in joint_names if name not in names]
    if missing:
        raise GenModelsError(ErrorCode.MISSING_JOINT, f"{what} leaves out {', '.join(missing)}.")
    twice = [name for name in joint_names if names.count(name) > 1]
    if twice:
        raise GenModelsError(ErrorCode.WRONG_LENGTH, f"{what} names {twice[0]} more than once.")
    return [names.index(name) for name in joint_names]


def _field(message: JointTrajectory, field: str, columns: list[int], what: str) -> np.ndarray | None:
    """[T, D] in the robot's order; None if every point leaves the field out."""
    rows = [getattr(point, field) for point in message.points]
    if not any(len(row) for row in rows):
        return None
    for index, row in enumerate(rows):
        if len(row) != len(message.joint_names):
            raise GenModelsError(
                ErrorCode.WRONG_LENGTH,
                f"{what} has {len(row)} {field} for {len(message.joint_names)} joints in its point {index}.",
            )
    values = np.array(rows)[:, columns]
    _check_finite(values, f"{what} has {field} that are NaN or infinite.")
    return values


def _check_finite(values: np.ndarray, sentence: str) -> None:
    if not np.isfinite(values).all():
        raise GenModelsError(ErrorCode.NOT_FINITE, sentence)


def _floats(values) -> list[float]:
    return np.asarray(values, dtype=float).tolist()
