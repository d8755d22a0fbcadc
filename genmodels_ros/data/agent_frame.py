"""What a moving agent is predicted from, in its own frame: where it was, where the robot is, what stands around it.

The frame's origin is the agent's last position, x the way it has lately been going; so a model has to learn a motion
once, not once for every place and heading. A future is 14 displacements in that frame (as MotionLM's tokens, Seff et
al. 2023). What is unknown or far counts as nothing near.
"""

import math

import numpy as np

TIME_STEP = 0.2  # s
PAST, FUTURE = 8, 14  # displacements known, 1.6 s, and to come, 2.8 s
LATELY = 3  # displacements that tell the heading
STANDS = 0.06  # m within LATELY, or else within PAST, below which there is no heading
SECTORS = 16  # around the agent, in which what stands there is told
REACH = 4.0  # m beyond which nothing is looked at
OWN_BODY = 0.35  # m around the agent, whose points are its own
CONDITION = 2 * PAST + 2 + SECTORS  # numbers that a prediction depends on


def padded(tracks: np.ndarray) -> np.ndarray:
    """The last PAST + 1 positions [A, PAST + 1, 2] of tracks [A, T, 2], T of two or more.

    Young tracks are prolonged backwards at the velocity they were first seen with.
    """
    missing = PAST + 1 - tracks.shape[1]
    if missing <= 0:
        return tracks[:, -(PAST + 1) :]
    steps = np.arange(missing, 0, -1)[None, :, None]
    return np.concatenate([tracks[:, :1] - steps * (tracks[:, 1:2] - tracks[:, :1]), tracks], axis=1)


def headings(past: np.ndarray) -> np.ndarray:
    """[A] rad, of past [A, PAST + 1, 2]; 0 for those who stand."""
    lately, ever = past[:, -1] - past[:, -1 - LATELY], past[:, -1] - past[:, 0]
    went = np.where((np.hypot(*lately.T) > STANDS)[:, None], lately, ever)
    return np.where(np.hypot(*went.T) > STANDS, np.arctan2(went[:, 1], went[:, 0]), 0.0)


def turned(vectors: np.ndarray, yaw: np.ndarray) -> np.ndarray:
    """Vectors [A, ..., 2] turned by yaw [A]."""
    yaw = yaw.reshape(-1, *[1] * (vectors.ndim - 2))
    c, s, x, y = np.cos(yaw), np.sin(yaw), vectors[..., 0], vectors[..., 1]
    return np.stack([c * x - s * y, s * x + c * y], axis=-1)


def condition(past: np.ndarray, robot: np.ndarray | None = None, obstacles: np.ndarray | None = None) -> np.ndarray:
    """[A, CONDITION] of past [A, PAST + 1, 2], a robot's place [2] or [A, 2] (NaN: unknown) and obstacle points [P, 2].

    All in m in one frame.
    """
    back, here = -headings(past), past[:, -1]
    went = turned(np.diff(past, axis=1), back).reshape(len(past), 2 * PAST)
    toward = np.zeros((len(past), 2)) if robot is None else _nearness(turned(robot - here, back))
    around = np.zeros((len(past), SECTORS))
    if obstacles is not None and len(obstacles):
        for row, place, yaw in zip(around, here, back, strict=True):
            row[:] = sectors(obstacles - place, yaw)
    return np.concatenate([went, toward, around], axis=1)


def sectors(points: np.ndarray, turn: float) -> np.ndarray:
    """How near the nearest of points [P, 2] is in each of SECTORS, the first centred ahead: 1 here, 0 beyond REACH."""
    distance = np.hypot(points[:, 0], points[:, 1])
    near = (distance > OWN_BODY) & (distance < REACH)
    bearing = np.arctan2(points[near, 1], points[near, 0]) + turn
    sector = np.rint(bearing / (2 * math.pi / SECTORS)).astype(int) % SECTORS
    nearness = np.zeros(SECTORS)
    np.maximum.at(nearness, sector, 1 - distance[near] / REACH)
    return nearness


def to_displacements(past: np.ndarray, future: np.ndarray) -> np.ndarray:
    """Positions [A, FUTURE, 2] to come → displacements [A, FUTURE, 2] in each agent's frame."""
    return turned(np.diff(future, axis=1, prepend=past[:, -1:]), -headings(past))


def to_positions(past: np.ndarray, displacements: np.ndarray) -> np.ndarray:
    """The inverse; displacements [A, ..., FUTURE, 2], so that several futures of each agent are one call."""
    here = past[:, -1].reshape(len(past), *[1] * (displacements.ndim - 2), 2)
    return here + turned(displacements, headings(past)).cumsum(axis=-2)


def _nearness(vectors: np.ndarray) -> np.ndarray:
    """[A, 2]: the direction, as long as it is near; 0 for NaN."""
    distance = np.maximum(np.hypot(*vectors.T), 1e-9)[:, None]
    return np.nan_to_num(vectors / distance * np.maximum(1 - distance / REACH, 0.0))
