"""Batched optimisation of paths: out of the obstacles, then short and smooth. It refines what the diffusion model
samples and smooths what sampling-based planners find.

A path's B-spline has N control points; the ends stay, the n = N - 4 interior ones c [n, D] are the variables of

    E(c) = length |D_1 c|² + smoothness |D_2 c|² + collision sum_k max(0, margin - d_k(c))²

over differences D_1, D_2 of control points and signed distances d_k between the robot's spheres and obstacles, or each
other, at T waypoints. The distances enter with analytic Jacobians (joint j moves a sphere at x by z_j × (x - p_j)), so
that Gauss-Newton steps (Nocedal & Wright 2006, section 10.3) converge in some ten iterations where gradient descent
takes hundreds. Only pairs that come near are followed from one iteration to the next.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from genmodels_ros.robots import bspline
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.distance import distance_and_gradient
from genmodels_ros.robots.obstacles import Scene
from genmodels_ros.robots.proximity import ObstaclePairs, Placed, Proximity, SelfPairs

REACH = 0.1  # m that a sphere may come nearer before near pairs are searched again


@dataclass(frozen=True)
class OptimisationSettings:
    """margin: m that spheres should keep from obstacles; self_margin: from each other
    length, smoothness, collision: the weights of E, per rad² and m²
    largest_step: rad a control point moves in one iteration; paths that move less than `tolerance` rad are done
    refresh: iterations between two searches for the pairs that are near
    """

    margin: float = 0.02
    self_margin: float = 0.005
    length: float = 1.0
    smoothness: float = 2.0
    collision: float = 1e5
    iterations: int = 16
    refresh: int = 4
    waypoints: int = 32
    largest_step: float = 0.3
    tolerance: float = 0.01


def optimise(
    control_points: np.ndarray,
    robot: Robot,
    scene: Scene,
    settings: OptimisationSettings | None = None,
    proximity: Proximity | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Better control points [B, N, D] and the paths' sphere clearances [B] in m (negative: spheres overlap; large ones
    are cut off where they do not matter any more).

    The first two and last two control points of each path stay where they are; all others end within the joint limits.
    A `proximity` of the same robot and scene saves building one.
    """
    settings = settings or OptimisationSettings()
    paths = np.array(control_points, dtype=np.float32)
    problem = _Problem(proximity or Proximity(robot, scene), settings, paths.shape[1])
    lower, upper = robot.limits.lower.astype(np.float32), robot.limits.upper.astype(np.float32)
    moving = np.arange(len(paths))
    for iteration in range(settings.iterations):
        placed = problem.place(paths[moving])
        if iteration % settings.refresh == 0:
            near = problem.near_pairs(placed)
        step = problem.gauss_newton_step(paths[moving], placed, near)
        farthest = np.abs(step).max(axis=(1, 2))
        step *= (settings.largest_step / np.maximum(farthest, settings.largest_step))[:, None, None]
        paths[moving, 2:-2] = np.clip(paths[moving, 2:-2] + step, lower, upper)
        if (iteration + 1) % settings.refresh == 0:  # pairs are numbered by path: paths leave when pairs are renewed
            moving = moving[farthest > settings.tolerance]
            if not len(moving):
                break
    return paths.astype(float), problem.clearance(paths)


class _Problem:
    """The constants of one optimisation. B paths at T waypoints are B T configurations of the robot."""

    def __init__(self, proximity: Proximity, settings: OptimisationSettings, num_control_points: int):
        self.proximity, self.settings = proximity, settings
        self.chain, spheres = proximity.robot.chain, proximity.spheres
        self.basis = _basis(num_control_points, settings.waypoints)
        inner = self.basis[:, 2:-2]
        self.outer = (inner[:, :, None] * inner[:, None, :]).reshape(len(inner), -1)
        first = np.diff(np.eye(num_control_points, dtype=np.float32), axis=0)
        second = np.diff(first, axis=0)
        count = num_control_points - 1
        self.stiffness = count * (settings.length * first.T @ first + settings.smoothness * second.T @ second)
        self.inner_stiffness = np.kron(self.stiffness[2:-2, 2:-2], np.eye(self.chain.num_joints, dtype=np.float32))
        self.moved = np.zeros((len(spheres), self.chain.num_joints), dtype=np.float32)
        for row, body in zip(self.moved, spheres.bodies, strict=True):
            row[self.chain.ancestors(int(body))] = 1

    def place(self, paths: np.ndarray) -> Placed:
        """The robot at the waypoints of paths [B, N, D]."""
        return self.proximity.place((self.basis @ paths).reshape(-1, paths.shape[-1]))

    def near_pairs(self, placed: Placed) -> tuple[ObstaclePairs, SelfPairs]:
        """Pairs that could come within the margin before the next search."""
        settings, proximity = self.settings, self.proximity
        return (
            proximity.obstacle_pairs(placed, settings.margin + REACH),
            proximity.self_pairs(placed, settings.self_margin + REACH),
        )

    def clearance(self, paths: np.ndarray) -> np.ndarray:
        """Smallest distance [B] of spheres to obstacles or each other, m; at most `margin`."""
        placed, proximity, reach = self.place(paths), self.proximity, self.settings.margin
        least = np.full(placed.count, max(reach, 1e-3))
        near, own = proximity.obstacle_pairs(placed, reach), proximity.self_pairs(placed, min(reach, 0.005))
        np.minimum.at(least, near.sphere % placed.count, proximity.obstacle_gaps(placed, near))
        np.minimum.at(least, own.first % placed.count, proximity.self_gaps(placed, own))
        return least.reshape(len(paths), -1).min(axis=1)

    def gauss_newton_step(self, paths: np.ndarray, placed: Placed, near: tuple[ObstaclePairs, SelfPairs]) -> np.ndarray:
        """Step [B, n, D] of the interior control points."""
        (batch, _, joints), inner = paths.shape, paths.shape[1] - 4
        gradient, curvature = self.collision_terms(placed, near)
        gradient = self.basis[:, 2:-2].T @ gradient.reshape(batch, -1, joints)
        gradient += (self.stiffness @ paths)[:, 2:-2]
        curvature = self.outer.T @ curvature.reshape(batch, -1, joints * joints)
        curvature = curvature.reshape(batch, inner, inner, joints, joints).transpose(0, 1, 3, 2, 4)
        curvature = curvature.reshape(batch, inner * joints, inner * joints) + self.inner_stiffness
        factor, _ = torch.linalg.cholesky_ex(torch.from_numpy(curvature))
        step = torch.cholesky_solve(torch.from_numpy(gradient.reshape(batch, -1, 1)), factor)
        return -torch.nan_to_num(step).reshape(batch, inner, joints).numpy()

    def collision_terms(self, placed: Placed, near: tuple[ObstaclePairs, SelfPairs]) -> tuple[np.ndarray, np.ndarray]:
        """Gradient [B T, D] and Gauss-Newton curvature [B T, D D] of the collision cost at placed waypoints."""
        screws = self.screws(placed)
        terms = (self.obstacle_terms(placed, screws, near[0]), self.own_terms(placed, screws, near[1]))
        violation, jacobian, where = (np.concatenate(parts) for parts in zip(*terms, strict=True))
        weight, joints = self.settings.collision / self.settings.waypoints, jacobian.shape[-1]
        rows = np.empty((len(where), joints * (joints + 1)), dtype=np.float32)
        np.multiply(jacobian, (-weight * violation)[:, None], out=rows[:, :joints])
        np.multiply(jacobian[:, :, None], weight * jacobian[:, None], out=rows[:, joints:].reshape(-1, joints, joints))
        sums = np.zeros((placed.count, rows.shape[1]), dtype=np.float32)
        if len(where):
            order = np.argsort(where, kind="stable")
            first = np.flatnonzero(np.diff(where[order], prepend=-1))
            sums[where[order][first]] = np.add.reduceat(rows[order], first, axis=0)
        return sums[:, :joints], sums[:, joints:]

    def screws(self, placed: Placed) -> np.ndarray:
        """[B T, D, 6] of each joint: its axis z and -z × p for an axis through p, or 0 and z for one that slides.

        With a contact at x and its normal n, a joint's part in the distance is z · (x × n) + (-z × p) · n.
        """
        frames, axes = placed.frames[1:], self.chain.axes.astype(np.float32)
        z = np.einsum("dikm,dk->mdi", frames[:, :, :3], axes)
        moment = np.cross(frames[:, :, 3].transpose(2, 0, 1), z)
        sliding = self.chain.prismatic[:, None]
        return np.concatenate([np.where(sliding, 0, z), np.where(sliding, z, moment)], axis=-1)

    def obstacle_terms(self, placed: Placed, screws: np.ndarray, pairs: ObstaclePairs):
        """Violations [P], Jacobians of the distances [P, D] and waypoint numbers [P] of the pairs within the margin."""
        violation = self.settings.margin - self.proximity.obstacle_gaps(placed, pairs)
        keep = np.flatnonzero(violation > 0)
        sphere, points = pairs.sphere[keep], placed.at(pairs.sphere[keep])
        _, normal = distance_and_gradient(pairs.columns[:, keep], points)
        return violation[keep], self.approach(points, normal, sphere, screws), sphere % placed.count

    def own_terms(self, placed: Placed, screws: np.ndarray, pairs: SelfPairs):
        """The same for pairs of the robot's own spheres."""
        violation = self.settings.self_margin - self.proximity.self_gaps(placed, pairs)
        keep = np.flatnonzero(violation > 0)
        first, second = pairs.first[keep], pairs.second[keep]
        one, other = placed.at(first), placed.at(second)
        normal = (one - other) / np.maximum(np.linalg.norm(one - other, axis=0), 1e-6)
        jacobian = self.approach(one, normal, first, screws) - self.approach(other, normal, second, screws)
        return violation[keep], jacobian, first % placed.count

    def approach(self, points: np.ndarray, normal: np.ndarray, sphere: np.ndarray, screws: np.ndarray) -> np.ndarray:
        """How far points [3, P] on spheres move along their normals [3, P] with each joint, [P, D]."""
        wrench = np.concatenate([np.cross(points.T, normal.T), normal.T], axis=1)
        count = len(screws)
        return np.einsum("pdk,pk->pd", screws[sphere % count], wrench) * self.moved[sphere // count]


@lru_cache(maxsize=16)
def _basis(num_control_points: int, waypoints: int) -> np.ndarray:
    return bspline.basis(num_control_points, waypoints).astype(np.float32)
