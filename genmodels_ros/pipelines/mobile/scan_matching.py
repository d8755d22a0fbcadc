"""Which motion between two scans explains the second one, and how well: odometry's word, checked against the walls.

Projective point-to-line matching (Chen & Medioni 1992; Blais & Levine 1995) with Gauss-Newton and a Geman-McClure
weight, which leaves people out. Several first guesses are refined at once: the motion as told, half of it, none of it.
"""

import math
from dataclasses import dataclass

import numpy as np

from genmodels_ros.models.world_model.fan import Beams

SCALE = 0.05  # [m] residual at which a beam counts half
ITERATIONS = 6
SETTLED = 1e-4  # [m] and rad
HALF_WINDOW = 2  # neighbours on either side that a line is laid through
STRAIGHT = 0.04  # [m] deviation from that line above which a place has no line
LOOSE = np.array([0.3, 0.3, 0.5])  # [m, m, rad] deviation of the told motion that keeps what the scans do not tell
FIRST_GUESSES = np.array([1.0, 0.5, 0.0])  # of the told motion


@dataclass(frozen=True)
class Match:
    """The motion [3] of the second scan's sensor in the first one's frame, and how the beams like it."""

    told: np.ndarray  # [3] m, m, rad by odometry
    motion: np.ndarray  # [3] that explains most
    information: np.ndarray  # [3, 3] of it: the inverse of its covariance, for residuals of deviation SCALE
    misfit: float  # mean over beams in [0, 1]: 0 all explained, 1 none


@dataclass(frozen=True)
class Surface:
    """What a scan hit, with the straight line through each point and its neighbours."""

    ranges: np.ndarray  # [N] m
    hit: np.ndarray  # [N] bool
    points: np.ndarray  # [N, 2] m
    middles: np.ndarray  # [N, 2] m of the line's points
    normals: np.ndarray  # [N, 2]
    straight: np.ndarray  # [N] bool
    beams: Beams


def surface(ranges: np.ndarray, hit: np.ndarray, beams: Beams) -> Surface:
    """Lines through HALF_WINDOW neighbours on either side of each beam [N], by total least squares."""
    angles = beams.angle_min + beams.increment * np.arange(beams.count)
    points = ranges[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    shifts = range(-HALF_WINDOW, HALF_WINDOW + 1)
    window = np.stack([np.roll(points, -shift, axis=0) for shift in shifts])
    whole = np.all([np.roll(hit, -shift) for shift in shifts], axis=0)
    if not beams.closed:
        whole[:HALF_WINDOW] = whole[-HALF_WINDOW:] = False
    middles = window.mean(0)
    xx, yy, xy = _moments(window - middles)
    half, mean = np.hypot((xx - yy) / 2, xy), (xx + yy) / 2
    along = 0.5 * np.arctan2(2 * xy, xx - yy)
    normals = np.stack([-np.sin(along), np.cos(along)], axis=1)
    thin = np.sqrt(np.maximum(mean - half, 0.0)) < STRAIGHT
    return Surface(ranges, hit, points, middles, normals, whole & thin & (half > 0), beams)


def _moments(offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, y = offsets[..., 0], offsets[..., 1]
    return (x * x).mean(0), (y * y).mean(0), (x * y).mean(0)


def match(before: Surface, now: Surface, told: np.ndarray) -> Match:
    """Refines each first guess and takes the one that explains most; `told` [3] is odometry's motion in between."""
    told = np.asarray(told, dtype=float)
    guesses, prior = FIRST_GUESSES[:, None] * told, np.diag((SCALE / LOOSE) ** 2)
    for _ in range(ITERATIONS):
        information, gradient, _ = _normal_equations(before, now, guesses)
        gradient = gradient + (told - guesses) @ prior
        change = np.linalg.solve(information + prior, gradient[..., None])[..., 0]
        guesses = guesses + change
        if np.abs(change).max() < SETTLED:
            break
    information, _, misfit = _normal_equations(before, now, guesses)
    best = int(np.argmin(misfit))
    return Match(told, guesses[best], (information[best] + prior) / SCALE**2, float(misfit[best]))


def _normal_equations(before: Surface, now: Surface, motions: np.ndarray):
    """J^T W J [G, 3, 3], J^T W r [G, 3] and the misfit [G] of some motions [G, 3]."""
    points = now.points[now.hit]
    turned = _turned(points, motions[:, 2:])
    moved = turned + motions[:, None, :2]  # [G, K, 2] in the frame of the scan before
    index, inside = _beam_of(moved, before.beams)
    normals, straight = before.normals[index], before.straight[index] & inside
    residual = ((before.middles[index] - moved) * normals).sum(-1)
    radial = np.abs(np.hypot(moved[..., 0], moved[..., 1]) - before.ranges[index])
    distance = np.where(straight, np.abs(residual), radial)
    share = SCALE**2 / (SCALE**2 + distance**2)
    known = inside & before.hit[index]
    misfit = 1 - (share * known).sum(-1) / np.maximum(inside.sum(-1), 1)
    lever = -turned[..., 1] * normals[..., 0] + turned[..., 0] * normals[..., 1]
    jacobian = np.concatenate([normals, lever[..., None]], axis=-1)
    weight = np.where(straight & known, share**2, 0.0)
    weighted = weight[..., None] * jacobian
    return np.swapaxes(weighted, 1, 2) @ jacobian, (weighted * residual[..., None]).sum(1), misfit


def _turned(points: np.ndarray, yaw: np.ndarray) -> np.ndarray:
    """Points [K, 2] turned counter-clockwise by each yaw [G, 1]: [G, K, 2]."""
    cos, sin = np.cos(yaw), np.sin(yaw)
    return np.stack([cos * points[:, 0] - sin * points[:, 1], sin * points[:, 0] + cos * points[:, 1]], axis=-1)


def arrivals(before: Surface, known: np.ndarray, now: Surface, motion: np.ndarray, near: float) -> np.ndarray:
    """How far [N] m what each beam hits within `near` m must have come since the scan before, 0 where it need not have.

    That is the distance to the nearest point hit before, if it stands where that scan, `known` [N], saw free space, and
    at most the depth to which it saw through. `motion` [3] leads from the scan before to now.
    """
    result, asked = np.zeros(len(now.ranges)), now.hit & (now.ranges < near)
    points = _turned(now.points[asked], motion[None, 2:])[0] + motion[:2]
    index, inside = _beam_of(points, before.beams)
    depth = np.where(inside & known[index], before.ranges[index] - np.hypot(*points.T), 0.0)
    others = before.points[before.hit]
    nearest = np.hypot(*(points[:, None] - others[None]).transpose(2, 0, 1)).min(1, initial=np.inf)
    result[asked] = np.clip(np.minimum(depth, nearest), 0.0, None)
    return result


def _beam_of(points: np.ndarray, beams: Beams) -> tuple[np.ndarray, np.ndarray]:
    """Index of the beam that looks at each point, and whether there is one."""
    bearing = np.arctan2(points[..., 1], points[..., 0])
    index = np.rint(np.remainder(bearing - beams.angle_min, 2 * math.pi) / beams.increment).astype(int)
    if beams.closed:
        return index % beams.count, np.ones(index.shape, bool)
    return np.minimum(index, beams.count - 1), index < beams.count


def relative(origin: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """Pose [3] in the frame of `origin` [3]."""
    cos, sin = math.cos(origin[2]), math.sin(origin[2])
    dx, dy = pose[:2] - origin[:2]
    return np.array([cos * dx + sin * dy, cos * dy - sin * dx, math.remainder(pose[2] - origin[2], 2 * math.pi)])


def compose(pose: np.ndarray, motion: np.ndarray) -> np.ndarray:
    """The pose [3] after a motion [3] given in its frame."""
    cos, sin = math.cos(pose[2]), math.sin(pose[2])
    x, y = pose[0] + cos * motion[0] - sin * motion[1], pose[1] + sin * motion[0] + cos * motion[1]
    return np.array([x, y, math.remainder(pose[2] + motion[2], 2 * math.pi)])
