"""What is wrong with a path, to second order: overlaps with obstacles and itself, length, roughness, its workspace.

A path's B-spline has N control points; the ends stay, the n = N - 4 interior ones c [n, D] are the variables of

    E(c) = length |D_1 c|² + smoothness |D_2 c|² + collision mean_T sum_k max(0, margin - d_k(c))²
           + workspace mean_T |tool frame's distance from the workspace|²                              (halves of each)

over differences D_1, D_2 of control points and signed distances d_k between the robot's spheres and obstacles, or each
other, at T waypoints. Distances enter with analytic Jacobians: joint j moves a point x by z_j × (x - p_j). The
curvature is Gauss and Newton's (Nocedal & Wright 2006, section 10.3). Only pairs that come near are followed from one
iteration to the next.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from genmodels_ros.robots.collision.proximity import ObstaclePairs, Placed, Proximity, SelfPairs
from genmodels_ros.robots.distance import distance_and_gradient
from genmodels_ros.robots.paths import bspline

REACH = 0.04  # m that a sphere may come nearer before near pairs are searched again; 0.1 finds no more free paths


@dataclass(frozen=True)
class CostSettings:
    """margin: m that spheres should keep from obstacles; self_margin: from each other
    length, smoothness: weights, per rad²; collision, workspace: per m²
    waypoints: T
    """

    margin: float = 0.02
    self_margin: float = 0.005
    length: float = 1.0
    smoothness: float = 2.0
    collision: float = 1e5
    workspace: float = 0.0
    waypoints: int = 32


@dataclass(frozen=True)
class Expansion:
    """Of E at B paths: gradient [B, n D] and Gauss-Newton curvature [B, n D, n D]."""

    gradient: np.ndarray
    curvature: np.ndarray


class PathCost:
    """E for one robot, scene and number N of control points. B paths at T waypoints are B T configurations.

    workspace: [2, 3] m, lower and upper corner of the box that the tool frame should stay in.
    """

    def __init__(
        self,
        proximity: Proximity,
        settings: CostSettings,
        num_control_points: int,
        workspace: np.ndarray | None = None,
    ):
        self.proximity, self.settings, self.workspace = proximity, settings, workspace
        self.chain, spheres = proximity.robot.chain, proximity.spheres
        self.basis = _basis(num_control_points, settings.waypoints)
        inner = self.basis[:, 2:-2]
        self.outer = (inner[:, :, None] * inner[:, None, :]).reshape(len(inner), -1)
        first = np.diff(np.eye(num_control_points, dtype=np.float32), axis=0)
        second = np.diff(first, axis=0)
        count = num_control_points - 1
        self.stiffness = count * (settings.length * first.T @ first + settings.smoothness * second.T @ second)
        self.inner_stiffness = np.kron(self.stiffness[2:-2, 2:-2], np.eye(self.chain.num_joints, dtype=np.float32))
        self.moved = np.stack([self._moving(int(body)) for body in spheres.bodies])

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

    def expand(self, paths: np.ndarray, placed: Placed, near: tuple[ObstaclePairs, SelfPairs]) -> Expansion:
        """E around paths [B, N, D] that are placed, with their near pairs."""
        (batch, _, joints), inner = paths.shape, paths.shape[1] - 4
        gradient, curvature = self.waypoint_terms(placed, near)
        gradient = self.basis[:, 2:-2].T @ gradient.reshape(batch, -1, joints)
        gradient += (self.stiffness @ paths)[:, 2:-2]
        curvature = self.outer.T @ curvature.reshape(batch, -1, joints * joints)
        curvature = curvature.reshape(batch, inner, inner, joints, joints).transpose(0, 1, 3, 2, 4)
        curvature = curvature.reshape(batch, inner * joints, inner * joints) + self.inner_stiffness
        return Expansion(gradient.reshape(batch, -1), curvature)

    def waypoint_terms(self, placed: Placed, near: tuple[ObstaclePairs, SelfPairs]) -> tuple[np.ndarray, np.ndarray]:
        """Gradient [B T, D] and curvature [B T, D D] of the costs of single waypoints."""
        screws = self.screws(placed)
        collision, outside = (w / self.settings.waypoints for w in (self.settings.collision, self.settings.workspace))
        terms = [
            (collision, *self.obstacle_terms(placed, screws, near[0])),
            (collision, *self.own_terms(placed, screws, near[1])),
        ]
        if outside > 0 and self.workspace is not None:
            terms.append((outside, *self.workspace_terms(placed, screws)))
        weights, *terms = zip(*terms, strict=True)
        violation, jacobian, where = (np.concatenate(parts) for parts in terms)
        weight = np.repeat(np.float32(weights), [len(part) for part in terms[0]])
        joints = jacobian.shape[-1]
        rows = np.empty((len(where), joints * (joints + 1)), dtype=np.float32)
        np.multiply(jacobian, (-weight * violation)[:, None], out=rows[:, :joints])
        squares = jacobian[:, :, None] * (weight[:, None] * jacobian)[:, None, :]
        rows[:, joints:] = squares.reshape(len(where), joints * joints)
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

    def workspace_terms(self, placed: Placed, screws: np.ndarray):
        """How far the tool frame is outside of the workspace along each axis, as `obstacle_terms` would say it."""
        link = self.chain.link(self.proximity.robot.tool_frame)
        body, offset = int(self.chain.link_bodies[link]), self.chain.body_from_link[link, :3, 3].astype(np.float32)
        frame = placed.frames[body]
        points = np.einsum("ijm,j->im", frame[:, :3], offset) + frame[:, 3]
        lower, upper = (corner.astype(np.float32)[:, None] for corner in np.asarray(self.workspace))
        beyond = np.maximum(points - upper, 0) - np.maximum(lower - points, 0)
        axis, where = np.nonzero(beyond)
        inwards = np.zeros((3, len(axis)), dtype=np.float32)
        inwards[axis, np.arange(len(axis))] = -np.sign(beyond[axis, where])
        wrench = np.concatenate([np.cross(points[:, where].T, inwards.T), inwards.T], axis=1)
        jacobian = np.einsum("pdk,pk->pd", screws[where], wrench) * self._moving(body)
        return np.abs(beyond[axis, where]), self.commanded(jacobian), where

    def approach(self, points: np.ndarray, normal: np.ndarray, sphere: np.ndarray, screws: np.ndarray) -> np.ndarray:
        """How far points [3, P] on spheres move along their normals [3, P] with each joint, [P, D]."""
        wrench = np.concatenate([np.cross(points.T, normal.T), normal.T], axis=1)
        count = len(screws)
        jacobian = np.einsum("pdk,pk->pd", screws[sphere % count], wrench) * self.moved[sphere // count]
        return self.commanded(jacobian)

    def commanded(self, jacobian: np.ndarray) -> np.ndarray:
        """[P, D] from the Jacobian by all moving joints [P, M]: followers count for their leaders."""
        return jacobian @ self.chain.commands.astype(np.float32) if self.chain.has_followers else jacobian

    def _moving(self, body: int) -> np.ndarray:
        """[M] 1 for the joints that move a body."""
        row = np.zeros(len(self.chain.parents), dtype=np.float32)
        row[self.chain.ancestors(body)] = 1
        return row


@lru_cache(maxsize=16)
def _basis(num_control_points: int, waypoints: int) -> np.ndarray:
    return bspline.basis(num_control_points, waypoints).astype(np.float32)
