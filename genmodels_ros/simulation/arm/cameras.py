"""The cameras of an arm cell: colour and depth from one lens, on the arm's hand or above the table."""

import math
from dataclasses import dataclass

from genmodels_ros.simulation.camera.pinhole import Pinhole


@dataclass(frozen=True)
class RgbdCamera(Pinhole):
    """A camera with its pose (position m, roll, pitch, yaw rad, x forward) in the frame of `parent`, a link of the arm.

    Its frames are `<name>_link`, x forward, and `<name>_optical_frame`, z forward. near, far: of measured depth, m
    """

    name: str
    parent: str
    position: tuple[float, float, float]
    rpy: tuple[float, float, float]
    width: int = 320
    height: int = 240
    horizontal_fov: float = math.radians(60)
    near: float = 0.05
    far: float = 4.0
    rate: float = 10.0


def looking_at(name: str, parent: str, position, target, **settings) -> RgbdCamera:
    """A level camera at `position` that looks at `target`, both in the frame of `parent`, m."""
    dx, dy, dz = (t - p for t, p in zip(target, position, strict=True))
    pitch, yaw = -math.atan2(dz, math.hypot(dx, dy)), math.atan2(dy, dx)
    return RgbdCamera(name, parent, tuple(position), (0.0, pitch, yaw), **settings)


def panda_cameras() -> tuple[RgbdCamera, RgbdCamera]:
    """On the Panda's hand along the fingers, and above the far side of the table."""
    wrist = RgbdCamera("wrist_camera", "panda_hand", (0.07, 0.0, 0.02), (0.0, -math.pi / 2, 0.0))
    overview = looking_at("overview_camera", "panda_link0", (1.25, 0.0, 1.15), (0.45, 0.0, 0.2))
    return wrist, overview
