"""The world model's services: command sequences and paths in, imagined rollouts out."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from nav_msgs.msg import Path
from sensor_msgs.msg import LaserScan
from std_msgs.msg import Header

from genmodels_interfaces.msg import CommandSequence, ImaginedRollout
from genmodels_ros.conversions.poses import from_planar, relative_to, to_planar
from genmodels_ros.conversions.sensors import from_twist, to_laser_scan, to_twist
from genmodels_ros.conversions.stamps import to_stamp
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.mobile.world_model import RANGE_LIMIT, Imagination


@dataclass(frozen=True)
class Bounds:
    """The largest requests a node takes on."""

    sequences: int  # command sequences or paths
    steps: int  # of one sequence
    poses: int = 10_000  # of one path


def to_commands(sequences: list[CommandSequence], bounds: Bounds) -> np.ndarray:
    """[N, T, 2]: forward m/s, turning rad/s.

    Raises GenModelsError: INVALID_COUNT for no or too many sequences; INVALID_HORIZON for no or too many steps;
    WRONG_LENGTH for sequences that differ in length or a command with other components than x and yaw; NOT_FINITE.
    """
    _check_count(len(sequences), bounds.sequences, "command sequences")
    lengths = {len(sequence.commands) for sequence in sequences}
    if len(lengths) > 1:
        raise GenModelsError(
            ErrorCode.WRONG_LENGTH, f"All sequences need the same length, got {min(lengths)} to {max(lengths)} steps."
        )
    (num_steps,) = lengths
    if not 1 <= num_steps <= bounds.steps:
        raise GenModelsError(ErrorCode.INVALID_HORIZON, f"A sequence needs 1 to {bounds.steps} steps, got {num_steps}.")
    for sequence in sequences:
        for command in sequence.commands:
            if command.linear.y or command.linear.z or command.angular.x or command.angular.y:
                raise GenModelsError(
                    ErrorCode.WRONG_LENGTH,
                    "A command has two components, linear.x and angular.z; the others must be 0.",
                )
    return np.array([[from_twist(command) for command in sequence.commands] for sequence in sequences])


def to_command_sequences(commands: np.ndarray) -> list[CommandSequence]:
    """The messages of [N, T, 2]."""
    messages = []
    for sequence in np.asarray(commands, dtype=float).tolist():
        message = CommandSequence()
        for forward, turning in sequence:
            message.commands.append(to_twist((forward, turning)))
        messages.append(message)
    return messages


def to_rollouts(futures: Imagination, header: Header) -> list[ImaginedRollout]:
    """The messages of futures that start in `header`'s frame; each scan carries the moment it is expected at."""
    return [_rollout(futures, n, header) for n in range(len(futures.poses))]


def _rollout(futures: Imagination, n: int, header: Header) -> ImaginedRollout:
    return ImaginedRollout(
        poses=[from_planar(pose) for pose in futures.poses[n]],
        position_std=_float32(futures.position_std[n]),
        collision_probability=_float32(futures.collision_probability[n]),
        scans=[] if futures.ranges is None else _scans(futures, n, header),
    )


def _scans(futures: Imagination, n: int, header: Header) -> list[LaserScan]:
    return [
        to_laser_scan(
            ranges,
            Header(frame_id=header.frame_id, stamp=to_stamp(futures.stamp + (step + 1) * futures.time_step)),
            angle_min=futures.angle_min,
            angle_increment=futures.angle_increment,
            range_min=0.0,
            range_max=float(RANGE_LIMIT),
            scan_time=futures.time_step,
        )
        for step, ranges in enumerate(futures.ranges[n])
    ]


def to_paths(
    messages: list[Path], standing: Callable[[Path, str], tuple[np.ndarray, str, str]], bounds: Bounds
) -> list[np.ndarray]:
    """Each path as planar poses [P, 3] in the base frame.

    standing(message, what): where the base stands [3] in a frame, that frame, and the base's frame
    Raises GenModelsError: INVALID_COUNT; UNKNOWN_FRAME for a path in neither frame; INVALID_PATH for fewer than two or
    too many poses, or a pose that is none.
    """
    _check_count(len(messages), bounds.sequences, "paths")
    paths = []
    for index, message in enumerate(messages):
        base_pose, frame, base_frame = standing(message, f"Path {index}")
        if message.header.frame_id not in (frame, base_frame):
            raise GenModelsError(
                ErrorCode.UNKNOWN_FRAME,
                f"Path {index} is in {message.header.frame_id!r}: give it in {frame!r} or {base_frame!r}.",
            )
        if not 2 <= len(message.poses) <= bounds.poses:
            raise GenModelsError(
                ErrorCode.INVALID_PATH, f"Path {index} has {len(message.poses)} poses: 2 to {bounds.poses} are needed."
            )
        poses = _planar_poses(message, index)
        paths.append(relative_to(base_pose, poses) if message.header.frame_id == frame else poses)
    return paths


def _planar_poses(message: Path, index: int) -> np.ndarray:
    try:
        return np.array([to_planar(stamped.pose) for stamped in message.poses])
    except GenModelsError as error:
        raise GenModelsError(ErrorCode.INVALID_PATH, f"Path {index}: {error.message}") from error


def _check_count(count: int, bound: int, what: str) -> None:
    if not 1 <= count <= bound:
        raise GenModelsError(ErrorCode.INVALID_COUNT, f"Send 1 to {bound} {what}, got {count}.")


def _float32(values) -> list[float]:
    return np.asarray(values, dtype=np.float32).tolist()
