"""Latents and recorded moments ↔ messages."""

import numpy as np
from nav_msgs.msg import Odometry
from sensor_msgs.msg import LaserScan

from genmodels_interfaces.msg import Latent as LatentMessage
from genmodels_ros.conversions.observations import to_observation
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.mobile.latents import Latent
from genmodels_ros.pipelines.mobile.observation import Observation

MAX_SCANS = 100  # of a recorded moment


def to_latent(latent: Latent, name: str = "") -> LatentMessage:
    """The message of a latent."""
    values = (np.asarray(part, dtype=np.float32).tolist() for part in (latent.h, latent.z))
    return LatentMessage(name=name, **dict(zip(("h", "z"), values, strict=True)))


def to_recorded(
    scans: list[LaserScan], odometry: list[Odometry], laser: tuple[float, float, float]
) -> list[Observation]:
    """A recorded moment, oldest first; without odometry the robot stands.

    Raises GenModelsError: INVALID_COUNT for no or too many scans, or another number of odometry; as `to_observation`.
    """
    if not 1 <= len(scans) <= MAX_SCANS or len(odometry) not in (0, len(scans)):
        raise GenModelsError(
            ErrorCode.INVALID_COUNT,
            f"Give 1 to {MAX_SCANS} scans with no odometry or one a scan, got {len(scans)} and {len(odometry)}.",
        )
    messages = odometry or [Odometry(header=scan.header) for scan in scans]
    return [to_observation(scan, message, None, laser) for scan, message in zip(scans, messages, strict=True)]
