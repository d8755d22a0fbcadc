"""Demonstrations of a skill: paths [T, D] as they were recorded, each in a length of its own.

From an .npz every array in it is one, in the order of their names: joint positions [T, D] rad, or tool positions
[T, 3] m in the base frame, evenly spaced in time. A rosbag2 folder is one: its JointState messages of the arm's joints.
"""

from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from genmodels_ros.data.rosbag import deserialize, errors, open_bag, stamp_of
from genmodels_ros.errors import ErrorCode, GenModelsError

JOINT_STATE = "sensor_msgs/msg/JointState"
STILL = 1e-3  # rad; before and after, an arm that moves less is waiting
SHORTEST = 8  # points of a demonstration


def read_demonstrations(paths: Sequence[Path], joint_names: Sequence[str]) -> list[np.ndarray]:
    """All demonstrations of .npz files and bags. Raises GenModelsError(INVALID_DATA) for what cannot be used."""
    found = []
    for path in map(Path, paths):
        found += [_from_bag(path, tuple(joint_names))] if path.is_dir() else _from_npz(path)
    return [check_demonstration(demonstration, f"demonstration {i}") for i, demonstration in enumerate(found)]


def check_demonstration(path: np.ndarray, name: str) -> np.ndarray:
    """[T, D] float64, without waiting at the ends. Raises GenModelsError(INVALID_DATA)."""
    path = np.asarray(path)
    if path.ndim != 2 or path.dtype.kind not in "fiu" or len(path) < SHORTEST or not np.isfinite(path).all():
        raise GenModelsError(
            ErrorCode.INVALID_DATA,
            f"{name} must be finite numbers [T, D] with {SHORTEST} points or more, got {path.dtype} {path.shape}.",
        )
    path = path.astype(float)
    moving = np.flatnonzero(np.abs(path - path[0]).max(1) > STILL)
    resting = np.flatnonzero(np.abs(path - path[-1]).max(1) > STILL)
    if not len(moving):
        raise GenModelsError(ErrorCode.INVALID_DATA, f"{name} does not move: record it again.")
    trimmed = path[max(0, moving[0] - 1) : resting[-1] + 2]
    return trimmed if len(trimmed) >= SHORTEST else path


def _from_npz(path: Path) -> list[np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return [file[name] for name in sorted(file)]
    except (OSError, ValueError, KeyError, EOFError, TypeError, AttributeError, BadZipFile) as error:
        raise GenModelsError(ErrorCode.INVALID_DATA, f"Cannot read {path}: {error}.") from error


def _from_bag(path: Path, joint_names: tuple[str, ...]) -> np.ndarray:
    """Of a topic's messages those that hold all the joints, by their stamps."""
    rows = []
    try:
        with open_bag(path) as bag:
            wanted = [connection for connection in bag.connections if connection.msgtype == JOINT_STATE]
            for connection, received, raw in bag.messages(connections=wanted) if wanted else ():
                message = deserialize(raw, connection.msgtype)
                places = dict(zip(message.name, message.position, strict=False))
                if all(name in places for name in joint_names):
                    rows.append((stamp_of(message, received * 1e-9), [places[name] for name in joint_names]))
    except errors() as error:
        raise GenModelsError(ErrorCode.INVALID_DATA, f"The bag {path} cannot be read ({error}).") from error
    if not rows:
        raise GenModelsError(ErrorCode.INVALID_DATA, f"{path} holds no JointState with {', '.join(joint_names)}.")
    return np.array([positions for _, positions in sorted(rows, key=lambda row: row[0])])
