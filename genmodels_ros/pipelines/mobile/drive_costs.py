"""What a driven future costs a mobile base: way left to its target, and the risk of touching something."""

from dataclasses import dataclass

import numpy as np

STAYS = 0.15  # m within which a future counts as staying


@dataclass(frozen=True)
class DriveWeights:
    """Prices in metres of way."""

    collision: float = 6.0  # of a certain collision at the end of the horizon, and as much again if it comes at once
    heading: float = 0.3  # of a radian off the target's bearing, at 1 m or more from it
    staying: float = 0.1  # of staying where it is, for each decision without progress
    most_staying: float = 2.5
    backwards: float = 0.5  # of ending behind: only for when the way ahead is blocked
    smoothness: float = 0.05  # of changing the command by 1 m/s or 1 rad/s in each step


def drive_costs(
    commands: np.ndarray, poses: np.ndarray, probability: np.ndarray, target: np.ndarray, waited: int = 0,
    weights: DriveWeights = DriveWeights(),
) -> np.ndarray:  # fmt: skip
    """The cost [N] in metres of futures: commands [N, T, 2], poses [N, T, 3] and target [2] in base_link.

    probability [N, T]: of having touched something by then, so that its mean is the larger the sooner that happens.
    waited: decisions since the base last made progress; two who wait for each other would wait for ever.
    """
    to_target = target - poses[..., :2]
    distance = np.hypot(to_target[..., 0], to_target[..., 1])
    bearing = np.arctan2(to_target[:, -1, 1], to_target[:, -1, 0]) - poses[:, -1, 2]
    stays = np.hypot(*poses[:, -1, :2].T) < STAYS
    return (
        0.5 * (distance[:, -1] + distance.mean(axis=1))
        + weights.heading * np.abs(np.angle(np.exp(1j * bearing))) * np.minimum(distance[:, -1], 1.0)
        + weights.collision * (probability[:, -1] + probability.mean(axis=1))
        + min(weights.staying * waited, weights.most_staying) * stays
        + weights.backwards * (poses[:, -1, 0] < -STAYS)
        + weights.smoothness * np.abs(np.diff(commands, axis=1)).sum(-1).mean(-1)
    )
