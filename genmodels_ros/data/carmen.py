"""CARMEN logs: ROBOTLASER1 lines of sequential logs and FLASER lines of logs with corrected poses.

    ROBOTLASER1 type start_angle fov resolution max_range accuracy remission_mode n r_1..r_n n_remission ..
                laser_x laser_y laser_theta robot_x robot_y robot_theta tv rv .. ipc_time host logger_time
    FLASER n r_1..r_n x y theta odom_x odom_y odom_theta ipc_time host logger_time

http://carmen.sourceforge.net, "logger file format". FLASER lines have no angles: 180 degrees to the front.
"""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from genmodels_ros.data.recordings import Odometry, Recording, Scan, bad_recording

FLASER_RANGE_MAX = 50.0  # [m]; SICK scanners write about 82 m where nothing came back
RANGE_MIN = 0.05  # [m]
NOMINAL_SPEED = 0.5  # [m/s]
SCAN_LINES = ("ROBOTLASER1", "FLASER")


def read_carmen(path: Path) -> Recording:
    """The scans with the pose of the robot at each. Raises GenModelsError(NO_OBSERVATION) if there is none.

    Malformed scan lines are skipped and counted in `notes`; so are scans whose time does not rise, unless that is most
    of them: then the log's time is of no use and is replaced by one from the distance driven, which a note says.
    """
    entries, malformed = [], 0
    for line in _lines(path):
        fields = line.split()
        if not fields or fields[0] not in SCAN_LINES:
            continue
        try:
            entries.append((_robotlaser if fields[0] == "ROBOTLASER1" else _flaser)(fields))
        except (ValueError, IndexError):
            malformed += 1
    if not entries:
        why = f"{malformed} malformed scan lines and no good one" if malformed else "no ROBOTLASER1 or FLASER line"
        raise bad_recording(path, f"{why}: it is no CARMEN log with laser scans.")
    kept, notes = _in_time(entries)
    if malformed:
        notes.append(f"{malformed} malformed scan lines skipped")
    odometry = _with_twist([(scan.stamp, pose) for scan, pose in kept])
    return Recording("carmen", path, tuple(scan for scan, _ in kept), tuple(odometry), notes=tuple(notes))


def _in_time(entries: list[tuple[Scan, np.ndarray]]) -> tuple[list[tuple[Scan, np.ndarray]], list[str]]:
    """Entries with rising stamps, and notes on what was done for it."""
    kept = []
    for scan, pose in entries:
        if not kept or scan.stamp > kept[-1][0].stamp:
            kept.append((scan, pose))
    if len(kept) > len(entries) / 2:
        skipped = len(entries) - len(kept)
        return kept, [f"{skipped} scans whose time does not rise skipped"] if skipped else []
    poses = np.stack([pose for _, pose in entries])
    driven = np.linalg.norm(np.diff(poses[:, :2], axis=0), axis=1)
    stamps = np.concatenate([[0.0], np.cumsum(np.maximum(driven / NOMINAL_SPEED, 0.1))])
    spaced = [(replace(scan, stamp=float(t)), pose) for t, (scan, pose) in zip(stamps, entries, strict=True)]
    return spaced, [f"the log has no usable time: scans spaced as if driven at {NOMINAL_SPEED} m/s"]


def _lines(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path, "rt", errors="replace") if compressed else path.open(errors="replace") as file:
            yield from file
    except (EOFError, OSError, zlib.error) as error:
        raise bad_recording(path, f"the log ends or breaks in the middle ({error}); copy it again.") from error


def _robotlaser(fields: list[str]) -> tuple[Scan, np.ndarray]:
    start, fov, resolution, range_max = (float(value) for value in fields[2:6])
    n = int(fields[8])
    ranges = _ranges(fields[9 : 9 + n], n)
    rest = fields[9 + n :]
    rest = rest[1 + int(rest[0]) :]  # remissions
    pose = _pose(rest[3:6])
    increment = resolution if resolution > 0 else fov / max(n - 1, 1)
    if not (np.isfinite([start, increment, range_max]).all() and increment > 0 and range_max > 0):
        raise ValueError("angles")
    return Scan(_stamp(rest[-3], rest[-1]), ranges, start, increment, RANGE_MIN, range_max), pose


def _flaser(fields: list[str]) -> tuple[Scan, np.ndarray]:
    n = int(fields[1])
    ranges = _ranges(fields[2 : 2 + n], n)
    rest = fields[2 + n :]
    increment = np.pi / (n - 1 if n % 2 else n)  # 180 beams: one degree; 181 and 361 include both ends
    return Scan(_stamp(rest[-3], rest[-1]), ranges, -np.pi / 2, increment, RANGE_MIN, FLASER_RANGE_MAX), _pose(rest[:3])


def _ranges(values: list[str], n: int) -> np.ndarray:
    if n < 2 or len(values) != n:
        raise ValueError("number of ranges")
    return np.array(values, dtype=np.float32)


def _pose(values: list[str]) -> np.ndarray:
    pose = np.array(values, dtype=float)
    if pose.shape != (3,) or not np.isfinite(pose).all():
        raise ValueError("pose")
    return pose


def _stamp(ipc_time: str, logger_time: str) -> float:
    """Time since the epoch; logs without it write the logger's own clock twice or zero."""
    stamp = float(ipc_time)
    stamp = stamp if stamp != 0 else float(logger_time)
    if not np.isfinite(stamp):
        raise ValueError("stamp")
    return stamp


def _with_twist(poses: list[tuple[float, np.ndarray]]) -> Iterator[Odometry]:
    """Adds the mean twist since the pose before, since the logs' own velocities are often zero."""
    previous = None
    for stamp, pose in poses:
        twist = np.zeros(2)
        if previous is not None:
            seconds, (dx, dy) = stamp - previous[0], pose[:2] - previous[1][:2]
            turn = np.arctan2(np.sin(pose[2] - previous[1][2]), np.cos(pose[2] - previous[1][2]))
            heading = previous[1][2] + turn / 2
            twist = np.array([np.cos(heading) * dx + np.sin(heading) * dy, turn]) / seconds
        yield Odometry(stamp, pose, twist)
        previous = (stamp, pose)
