"""What a mobile robot's world model is told at one moment, checked before any network sees it."""

import math
from dataclasses import dataclass, field

import numpy as np
import torch

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.world_model.fan import Beams, Fan

MAX_BEAMS = 20_000


@dataclass(frozen=True)
class Observation:
    """A scan and the odometry of the same moment.

    Beams follow REP-117: +inf or at least `range_max` is free to the end of the range; NaN, zero and what lies below
    `range_min` tell nothing. `command` is what the robot is told from now on, if known; without it the model goes by
    the measured motion and cannot know of latency.
    """

    stamp: float  # [s]
    ranges: np.ndarray  # [B] m
    angle_min: float  # [rad] of beam 0 in base_link
    angle_increment: float  # [rad], negative for a clockwise lidar
    range_min: float  # [m]
    range_max: float  # [m]
    pose: np.ndarray  # [3] x, y, yaw in odom
    twist: np.ndarray = field(default_factory=lambda: np.zeros(2))  # [2] m/s, rad/s, measured
    command: np.ndarray | None = None  # [2] m/s, rad/s

    def checked(self) -> "Observation":
        """The same observation with arrays of the right type and counter-clockwise beams.

        Raises GenModelsError: WRONG_LENGTH for no, too many or badly shaped beams, pose or twist; NOT_FINITE for NaN or
        infinity in anything but ranges, a geometry that is none, or a scan without any usable range.
        """
        ranges = np.asarray(self.ranges, dtype=np.float32)
        if ranges.ndim != 1 or not 2 <= len(ranges) <= MAX_BEAMS:
            raise GenModelsError(
                ErrorCode.WRONG_LENGTH, f"A scan needs 2 to {MAX_BEAMS} beams in one row, got shape {ranges.shape}."
            )
        pose = _vector(self.pose, 3, "pose")
        twist = _vector(self.twist, 2, "twist")
        command = None if self.command is None else _vector(self.command, 2, "command")
        geometry = (self.stamp, self.angle_min, self.angle_increment, self.range_min, self.range_max)
        if not all(math.isfinite(value) for value in geometry) or self.angle_increment == 0:
            raise GenModelsError(
                ErrorCode.NOT_FINITE, "Stamp, angles and range limits must be finite and the increment not 0."
            )
        if not 0 <= self.range_min < self.range_max:
            raise GenModelsError(
                ErrorCode.NOT_FINITE,
                f"The scan needs 0 <= range_min < range_max, got {self.range_min} and {self.range_max}.",
            )
        start, increment = self.angle_min, self.angle_increment
        if increment < 0:
            start, increment, ranges = start + increment * (len(ranges) - 1), -increment, ranges[::-1].copy()
        # More than a turn of beams would tell one bearing twice.
        count = min(len(ranges), int(2 * math.pi / increment + 1e-3)) if increment * len(ranges) > 6.3 else len(ranges)
        checked = Observation(
            float(self.stamp), ranges[: max(count, 2)], float(start), float(increment), float(self.range_min),
            float(self.range_max), pose, twist, command,
        )  # fmt: skip
        if not checked.fan().known.any():
            raise GenModelsError(
                ErrorCode.NOT_FINITE,
                "The scan has no usable range, only NaN, zero or too near: check the lidar.",
            )
        return checked

    @property
    def beams(self) -> Beams:
        """The lidar's own directions."""
        return Beams(len(self.ranges), self.angle_min, self.angle_increment)

    def too_near(self, beams: Beams) -> np.ndarray:
        """Which of other, closed `beams` [N] look where something is nearer than the lidar measures (REP 117: -inf)."""
        angles = self.beams.angles().numpy()[(self.ranges < self.range_min) & (self.ranges != 0)]
        result = np.zeros(beams.count, bool)
        result[np.rint((angles - beams.angle_min) / beams.increment).astype(int) % beams.count] = True
        return result

    def fan(self) -> Fan:
        """The scan at the lidar's own beams [1, B]; misses hold `range_max`."""
        ranges = torch.from_numpy(self.ranges)[None]
        hit = torch.isfinite(ranges) & (ranges >= self.range_min) & (ranges > 0) & (ranges < self.range_max)
        known = hit | (ranges >= self.range_max)
        return Fan(torch.where(hit, ranges, torch.full_like(ranges, self.range_max)), hit, known)


def _vector(values, length: int, name: str) -> np.ndarray:
    vector = np.asarray(values, dtype=float)
    if vector.shape != (length,):
        raise GenModelsError(ErrorCode.WRONG_LENGTH, f"The {name} needs {length} numbers, got shape {vector.shape}.")
    if not np.isfinite(vector).all():
        raise GenModelsError(ErrorCode.NOT_FINITE, f"The {name} must be finite, got {vector.tolist()}.")
    return vector
