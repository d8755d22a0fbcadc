"""Recordings of real or simulated robots behind one reader: stamped scans, odometry, commands and images.

`open_recording(path)` looks at the content, not the name: a rosbag2 folder (MCAP or SQLite), a CARMEN log (gzip or not)
or a Donkey Car tub (folder or .tar.gz). What a reader could not use it counts and says in `Recording.notes`.
"""

import gzip
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError


@dataclass(frozen=True)
class Scan:
    """One sweep of a planar lidar, counter-clockwise. Ranges at or above `range_max` mean that nothing was hit."""

    stamp: float  # [s]
    ranges: np.ndarray  # [B] float32 [m]
    angle_min: float  # [rad] of beam 0 in the robot's frame
    angle_increment: float  # [rad]
    range_min: float  # [m]
    range_max: float  # [m]

    @property
    def angles(self) -> np.ndarray:
        """Bearing of each beam [B] in rad."""
        return self.angle_min + self.angle_increment * np.arange(len(self.ranges))


@dataclass(frozen=True)
class Odometry:
    """Where the robot believes to be (odom → base_link) and how fast it moves in its own frame."""

    stamp: float  # [s]
    pose: np.ndarray  # [3]: x [m], y [m], yaw [rad]
    twist: np.ndarray  # [2]: forward [m/s], turning [rad/s]


@dataclass(frozen=True)
class Command:
    """What the robot was told: forward speed [m/s] and turning rate [rad/s] (a car's tub: throttle and steering)."""

    stamp: float  # [s]
    twist: np.ndarray  # [2]


@dataclass(frozen=True)
class StampedImage:
    stamp: float  # [s]
    image: np.ndarray  # [H, W, 3] uint8 RGB


def _no_images() -> Iterator[StampedImage]:
    return iter(())


@dataclass(frozen=True)
class Recording:
    """All that was recorded, each list in the order of its stamps; images are read only when iterated."""

    kind: str  # "carmen", "rosbag" or "tub"
    path: Path
    scans: tuple[Scan, ...] = ()
    odometry: tuple[Odometry, ...] = ()
    commands: tuple[Command, ...] = ()
    num_images: int = 0
    images: Callable[[], Iterator[StampedImage]] = _no_images
    notes: tuple[str, ...] = field(default=())  # what was skipped and why, one sentence each


def bad_recording(path: Path, why: str) -> GenModelsError:
    """The error for a recording that cannot be used: `why` completes the sentence after the path."""
    return GenModelsError(ErrorCode.NO_OBSERVATION, f"{path}: {why}")


def open_recording(path: Path | str) -> Recording:
    """Reads the recording at `path`.

    Raises GenModelsError(NO_OBSERVATION) with one sentence if it is missing, damaged, of no known format, or empty.
    """
    path = Path(path)
    if not path.exists():
        raise bad_recording(path, "no such file or folder.")
    if path.is_dir():
        return _open_folder(path)
    with path.open("rb") as file:
        head = file.read(512)
    if head[:2] == b"\x1f\x8b":
        head = _gzip_head(path)
    if head[257:262] == b"ustar":
        from genmodels_ros.data.tub import read_tub

        return read_tub(path)
    if head[:8] == b"\x89MCAP0\r\n" or path.suffix == ".db3":
        raise bad_recording(path, "give the bag's folder (the one with metadata.yaml), not a file inside it.")
    if b"\x00" in head or not head:
        raise bad_recording(path, "is not a rosbag2 folder, a CARMEN log or a Donkey tub.")
    from genmodels_ros.data.carmen import read_carmen

    return read_carmen(path)


def _open_folder(path: Path) -> Recording:
    if (path / "metadata.yaml").exists() or any(path.glob("*.mcap")) or any(path.glob("*.db3")):
        from genmodels_ros.data.rosbag import read_rosbag

        return read_rosbag(path)
    if any(path.glob("*.catalog")):
        from genmodels_ros.data.tub import read_tub

        return read_tub(path)
    raise bad_recording(path, "holds neither a rosbag2 (metadata.yaml) nor a Donkey tub (*.catalog).")


def _gzip_head(path: Path) -> bytes:
    try:
        with gzip.open(path) as file:
            return file.read(512)
    except (OSError, EOFError, zlib.error) as error:
        raise bad_recording(path, f"the gzip data is damaged ({error}); copy it again.") from error
