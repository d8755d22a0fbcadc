"""Batched optimisation of paths: out of the obstacles, then short and smooth. It refines what the diffusion model
samples and smooths what sampling-based planners find.

A path's B-spline has N control points; the ends stay, the n = N - 4 interior ones c [n, D] are the variables of

    E(c) = length |D_1 c|² + smoothness |D_2 c|² + collision sum_k max(0, margin - d_k(c))²

over differences D_1, D_2 of control points and signed distances d_k between the robot's spheres and obstacles, or each
other, at T waypoints. The distances enter with analytic Jacobians (joint j moves a sphere at x by z_j × (x - p_j)), so
that Gauss-Newton steps (Nocedal & Wright 2006, section 10.3) converge in some ten iterations where gradient descent
takes hundreds. Only pairs that come near are followed from one iteration to the next.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from genmodels_ros.robots import bspline
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.distance import ObstacleField, distances, distances_to
from genmodels_ros.robots.kinematics import bodies
from genmodels_ros.robots.obstacles import Scene
from genmodels_ros.robots.spheres import SphereModel, self_distances, sphere_centers

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
    control_points: np.ndarray, robot: Robot, scene: Scene, settings: OptimisationSettings | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Better control points [B, N, D] and the paths' sphere clearances [B] in m (negative: spheres overlap; large ones
    are cut off where they do not matter any more).

    The first two and last two control points of each path stay where they are; all others end within the joint limits.
    """
    settings = settings or OptimisationSettings()
    paths = torch.as_tensor(control_points, dtype=torch.float32).clone()
    problem = _Problem(robot, scene, settings, paths.shape[1])
    lower, upper = (torch.as_tensor(bound, dtype=torch.float32) for bound in (robot.limits.lower, robot.limits.upper))
    moving = torch.arange(len(paths))
    for iteration in range(settings.iterations):
        if iteration % settings.refresh == 0:
            near = problem.near_pairs(paths[moving])
        step = problem.gauss_newton_step(paths[moving], near)
        step = step * (settings.largest_step / step.abs().amax((1, 2), keepdim=True).clamp(min=settings.largest_step))
        paths[moving, 2:-2] = (paths[moving, 2:-2] + step).clamp(lower, upper)
        still = step.abs().amax((1, 2)) > settings.tolerance
        if not still.any():
            break
        if not still.all():
            near = near.of_paths(still)
            moving = moving[still]
    return paths.double().numpy(), problem.clearance(paths).double().numpy()


@dataclass(frozen=True)
class _Pairs:
    """Near pairs: path and waypoint index, sphere, and the obstacle's or second sphere's index; each [P]."""

    path: Tensor
    waypoint: Tensor
    sphere: Tensor
    other: Tensor

    def where(self, keep: Tensor) -> "_Pairs":
        return _Pairs(*(getattr(self, name)[keep] for name in self.__dataclass_fields__))

    def of_paths(self, keep: Tensor) -> "_Pairs":
        """The pairs of the paths to keep, numbered anew."""
        pairs = self.where(keep[self.path])
        return replace(pairs, path=(keep.cumsum(0) - 1)[pairs.path])


@dataclass(frozen=True)
class _Near:
    obstacle: _Pairs
    own: _Pairs

    def of_paths(self, keep: Tensor) -> "_Near":
        return _Near(self.obstacle.of_paths(keep), self.own.of_paths(keep))


class _Problem:
    """The constants of one optimisation: robot, scene, weights, spline."""

    def __init__(self, robot: Robot, scene: Scene, settings: OptimisationSettings, num_control_points: int):
        self.robot, self.settings = robot, settings
        self.field = ObstacleField.from_scene(scene)
        self.basis = _basis(num_control_points, settings.waypoints)
        inner = self.basis[:, 2:-2]
        self.outer = (inner[:, :, None] * inner[:, None, :]).flatten(1)
        first = torch.diff(torch.eye(num_control_points), dim=0)
        second = torch.diff(first, dim=0)
        count = num_control_points - 1
        self.stiffness = settings.length * count * first.T @ first
        self.stiffness += settings.smoothness * count * second.T @ second
        like = torch.empty(0)
        self.radii = robot.spheres.tensor("radii", like)
        self.balls = link_balls(robot.spheres)
        self.pairs = torch.as_tensor(robot.spheres.pairs)
        self.axes = robot.chain.tensor("axes", like)
        moved = np.zeros((len(robot.spheres), robot.num_joints), dtype=np.float32)
        for row, body in zip(moved, robot.spheres.bodies, strict=True):
            row[robot.chain.ancestors(int(body))] = 1
        self.moved = torch.as_tensor(moved)

    def near_pairs(self, paths: Tensor) -> _Near:
        """Pairs that could come within the margin before the next search."""
        q = self.basis @ paths
        centers = sphere_centers(self.robot.chain, self.robot.spheres, q)
        near = self_distances(self.robot.spheres, centers) < self.settings.self_margin + REACH
        path, waypoint, pair = near.nonzero(as_tuple=True)
        own = _Pairs(path, waypoint, self.pairs[pair, 0], self.pairs[pair, 1])
        return _Near(self.near_obstacles(q, centers), own)

    def near_obstacles(self, q: Tensor, centers: Tensor) -> _Pairs:
        """Spheres near obstacles; balls around whole links are looked at first and rule most of them out."""
        near = self.settings.margin + REACH
        balls, members = self.balls
        ball_centers = sphere_centers(self.robot.chain, balls, q)
        gaps = distances(self.field, ball_centers.flatten(0, 2)).unflatten(0, ball_centers.shape[:3])
        path, waypoint, ball, obstacle = (gaps - balls.tensor("radii", q)[:, None] < near).nonzero(as_tuple=True)
        sphere = members[ball]
        pairs = _Pairs(
            *(x[:, None].expand_as(sphere) for x in (path, waypoint)), sphere, obstacle[:, None].expand_as(sphere)
        )
        pairs = pairs.where(sphere >= 0)
        return pairs.where(self.obstacle_distances(centers, pairs) < near)

    def obstacle_distances(self, centers: Tensor, pairs: _Pairs) -> Tensor:
        """Signed distances [P] of spheres to obstacles."""
        points = centers[pairs.path, pairs.waypoint, pairs.sphere]
        return distances_to(self.field, points, pairs.other) - self.radii[pairs.sphere]

    def clearance(self, paths: Tensor) -> Tensor:
        """Smallest distance [B] of spheres to obstacles or each other, m; at most `margin + REACH`."""
        q = self.basis @ paths
        centers = sphere_centers(self.robot.chain, self.robot.spheres, q)
        own = self_distances(self.robot.spheres, centers).amin((1, 2)).clamp(max=self.settings.margin + REACH)
        pairs = self.near_obstacles(q, centers)
        return own.scatter_reduce(0, pairs.path, self.obstacle_distances(centers, pairs), "amin")

    def gauss_newton_step(self, paths: Tensor, near: _Near) -> Tensor:
        """Step [B, n, D] of the interior control points."""
        (batch, _, joints), inner = paths.shape, paths.shape[1] - 4
        gradient, curvature = self.collision_terms(self.basis @ paths, near)
        gradient = self.basis[:, 2:-2].T @ gradient.reshape(batch, -1, joints)
        gradient = gradient + (self.stiffness @ paths)[:, 2:-2]
        curvature = (self.outer.T @ curvature.reshape(batch, -1, joints * joints)).reshape(
            batch, inner, inner, joints, joints
        )
        curvature = curvature.transpose(2, 3).reshape(batch, inner * joints, inner * joints)
        curvature = curvature + torch.kron(self.stiffness[2:-2, 2:-2], torch.eye(joints))
        factor, _ = torch.linalg.cholesky_ex(curvature)
        step = torch.cholesky_solve(gradient.reshape(batch, -1, 1), factor)
        return -torch.nan_to_num(step).reshape(batch, inner, joints)

    def collision_terms(self, q: Tensor, near: _Near) -> tuple[Tensor, Tensor]:
        """Gradient [B T, D] and Gauss-Newton curvature [B T, D D] of the collision cost at waypoints q [B, T, D]."""
        joints = q.shape[-1]
        frames = torch.stack(bodies(self.robot.chain, q)[1:], dim=2)
        axes = (frames[..., :3, :3] @ self.axes[:, :, None])[..., 0].flatten(0, 1)
        origins = frames[..., :3, 3].flatten(0, 1)
        centers = sphere_centers(self.robot.chain, self.robot.spheres, q)
        weight = self.settings.collision / self.settings.waypoints
        gradient = torch.zeros(q.shape[0] * q.shape[1], joints)
        curvature = torch.zeros(q.shape[0] * q.shape[1], joints * joints)
        for violation, jacobian, where in (
            self.obstacle_terms(centers, axes, origins, near.obstacle),
            self.own_terms(centers, axes, origins, near.own),
        ):
            gradient.index_add_(0, where, -weight * violation[:, None] * jacobian)
            squares = (jacobian[:, :, None] * jacobian[:, None, :]).flatten(1)
            curvature.index_add_(0, where, weight * squares)
        return gradient, curvature

    def obstacle_terms(self, centers, axes, origins, pairs: _Pairs) -> tuple[Tensor, Tensor, Tensor]:
        """Violations [P], Jacobians of the distances [P, D] and waypoint numbers [P] of the pairs within the margin."""
        violation = self.settings.margin - self.obstacle_distances(centers, pairs)
        keep = violation > 0
        pairs = pairs.where(keep)
        points = centers[pairs.path, pairs.waypoint, pairs.sphere]
        normal = distance_gradient(self.field, points, pairs.other)
        where = pairs.path * self.settings.waypoints + pairs.waypoint
        return violation[keep], self.approach(points, normal, pairs.sphere, where, axes, origins), where

    def own_terms(self, centers, axes, origins, pairs: _Pairs) -> tuple[Tensor, Tensor, Tensor]:
        """The same for pairs of the robot's own spheres."""
        first = centers[pairs.path, pairs.waypoint, pairs.sphere]
        second = centers[pairs.path, pairs.waypoint, pairs.other]
        gap = torch.linalg.vector_norm(first - second, dim=-1)
        violation = self.settings.self_margin - (gap - self.radii[pairs.sphere] - self.radii[pairs.other])
        keep = violation > 0
        pairs, first, second = pairs.where(keep), first[keep], second[keep]
        normal = (first - second) / gap[keep, None].clamp(min=1e-6)
        where = pairs.path * self.settings.waypoints + pairs.waypoint
        jacobian = self.approach(first, normal, pairs.sphere, where, axes, origins)
        return violation[keep], jacobian - self.approach(second, normal, pairs.other, where, axes, origins), where

    def approach(self, points, normal, sphere, where, axes, origins) -> Tensor:
        """How far points [P, 3] on spheres move along their normals with each joint [P, D]: n · (z_j × (x - p_j))."""
        arm = points[:, None] - origins[where]
        moment = torch.linalg.cross(arm, normal[:, None].expand_as(arm))
        rotational = (axes[where] * moment).sum(-1)
        if self.robot.chain.prismatic.any():
            sliding = (axes[where] * normal[:, None]).sum(-1)
            rotational = torch.where(torch.as_tensor(self.robot.chain.prismatic), sliding, rotational)
        return rotational * self.moved[sphere]


def distance_gradient(field: ObstacleField, points: Tensor, index: Tensor) -> Tensor:
    """Gradient [P, 3] of the signed distance of each point [P, 3] to the obstacle of its index [P]."""
    with torch.enable_grad():
        points = points.detach().requires_grad_()
        return torch.autograd.grad(distances_to(field, points, index).sum(), points)[0]


@lru_cache(maxsize=16)
def link_balls(spheres: SphereModel) -> tuple[SphereModel, Tensor]:
    """A ball around the spheres of each link that must clear obstacles, and the numbers of those spheres [L, most].

    Rows are filled up with -1.
    """
    links = [link for link in dict.fromkeys(spheres.links) if spheres.near_obstacles[spheres.links.index(link)]]
    members = [np.flatnonzero([link == other for other in spheres.links]) for link in links]
    centers = [(spheres.centers[m].max(0) + spheres.centers[m].min(0)) / 2 for m in members]
    radii = [
        (np.linalg.norm(spheres.centers[m] - center, axis=1) + spheres.radii[m]).max()
        for m, center in zip(members, centers, strict=True)
    ]
    balls = SphereModel(
        links=tuple(links),
        bodies=np.array([spheres.bodies[m[0]] for m in members]),
        centers=np.array(centers),
        radii=np.array(radii),
        near_obstacles=np.ones(len(links), dtype=bool),
        pairs=np.zeros((0, 2), dtype=int),
    )
    table = np.full((len(members), max(map(len, members))), -1)
    for row, m in zip(table, members, strict=True):
        row[: len(m)] = m
    return balls, torch.as_tensor(table)


@lru_cache(maxsize=16)
def _basis(num_control_points: int, waypoints: int) -> Tensor:
    return torch.tensor(bspline.basis(num_control_points, waypoints), dtype=torch.float32)
