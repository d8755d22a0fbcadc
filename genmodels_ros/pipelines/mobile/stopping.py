"""A check on the raw scan that trusts no network: does anything stand where the base can no longer brake?"""

from dataclasses import dataclass

import numpy as np

from genmodels_ros.models.world_model.model import RADIUS
from genmodels_ros.pipelines.mobile.observation import Observation

STANDING = 1e-3  # m/s below which a round base sweeps nothing
APPROACH = (0.1, 0.01)  # share of the way, and m, that may lead nearer: a base may pass along what it stands beside
SAMPLES = 12  # along the arc


@dataclass(frozen=True)
class Braking:
    """reaction: s until brakes act (a decision, latency); deceleration: m/s²; margin: m between hull and obstacle."""

    reaction: float = 0.25
    deceleration: float = 1.2
    margin: float = 0.04
    radius: float = RADIUS


def scan_points(observation: Observation, within: float = np.inf) -> np.ndarray:
    """What the scan hit nearer than `within` m: [P, 2] in base_link."""
    fan = observation.fan()
    ranges, hit = fan.ranges[0].numpy(), fan.hit[0].numpy()
    angles = observation.beams.angles().numpy()
    hit &= ranges < within
    return (ranges[hit, None] * np.stack([np.cos(angles[hit]), np.sin(angles[hit])], axis=1)).astype(np.float64)


def must_stop(points: np.ndarray, velocity, braking: Braking = Braking()) -> bool:
    """Whether a base that moves at `velocity` [2] (m/s, rad/s) would come too near to points [P, 2] before it stands.

    The way is the arc of that velocity as long as the stopping distance; what it leaves behind or beside is no reason.
    """
    speed, turn_rate = velocity
    if abs(speed) < STANDING or not len(points):
        return False
    distance = abs(speed) * braking.reaction + speed**2 / (2 * braking.deceleration)
    along = np.sign(speed) * distance * np.linspace(0, 1, SAMPLES)
    yaw = along * turn_rate / speed
    chord = along * np.sinc(yaw / (2 * np.pi))
    way = np.stack([chord * np.cos(yaw / 2), chord * np.sin(yaw / 2)], axis=1)
    clearance = np.hypot(*(points[:, None] - way).transpose(2, 0, 1)).min(axis=0) - braking.radius
    nearer = min(APPROACH[0] * distance, APPROACH[1])
    return bool(clearance.min() < min(braking.margin, clearance[0] - nearer))
