"""A planning query as a network sees it, and the way back from its output to joint angles.

Turning scene and arm together about the base's z axis changes nothing that matters, so networks see every query turned
by minus `yaw`, half-way between the first joint's start and goal, and need not learn that symmetry. (The first joint of
the arms here turns about the base's z axis.)

    deviation        [n, D] rad of the interior control points from those of the straight line between start and goal
    path features    at each of the line's, in the turned frame: body origins, the last body's axis, each body's
                     distance to obstacles, and the joint-space gradient of the overlap with them
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from genmodels_ros.robots.bspline import basis_at, knot_vector, straight_line
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.distance import ObstacleField
from genmodels_ros.robots.kinematics import bodies
from genmodels_ros.robots.obstacles import Scene
from genmodels_ros.robots.scene_arrays import obstacle_tokens, scene_arrays
from genmodels_ros.robots.spheres import obstacle_distances, sphere_centers

NEAR = 0.3  # m; farther obstacles look all the same
OVERLAP = 0.1  # m; from this distance on, spheres push


@dataclass(frozen=True)
class QueryFeatures:
    """Of M queries: endpoints [M, 2 D], path_features [M, n, F], obstacles [M, O, K], obstacle_mask [M, O] (bool)."""

    endpoints: Tensor
    path_features: Tensor
    obstacles: Tensor
    obstacle_mask: Tensor


def num_path_features(robot: Robot) -> int:
    """F."""
    return 4 * robot.num_joints + 3 + len(_facing_bodies(robot))


def deviation(paths: np.ndarray) -> np.ndarray:
    """Interior control points less the straight line [*, n, D] of paths [*, n + 4, D]."""
    return (paths - straight_line(paths[..., 0, :], paths[..., -1, :], paths.shape[-2]))[..., 2:-2, :]


def paths_of(start: np.ndarray, goal: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """The inverse: control points [*, n + 4, D] from start to goal [*, D] around `deviation` [*, n, D] rad."""
    paths = straight_line(start, goal, deviation.shape[-2] + 4)
    paths[..., 2:-2, :] += deviation
    paths[..., -2:, :] = goal[..., None, :]  # start + (goal - start) is not the goal to the last bit
    return paths


def query_features(
    robot: Robot,
    start: np.ndarray,
    goal: np.ndarray,
    scenes: Sequence[Scene],
    n: int,
    num_obstacles: int | None = None,
) -> QueryFeatures:
    """Features of M queries: start, goal [M, D] rad and a scene each; n interior control points.

    num_obstacles: O, by default the largest scene's.
    """
    arrays = scene_arrays(scenes, num_obstacles)
    return features_of_arrays(robot, start, goal, arrays, ObstacleField.from_arrays(arrays), n)


def features_of_arrays(
    robot: Robot, start: np.ndarray, goal: np.ndarray, arrays: dict[str, np.ndarray], field: ObstacleField, n: int
) -> QueryFeatures:
    """The same for scenes given as arrays and as the field of these."""
    yaw = (start[:, 0] + goal[:, 0]) / 2
    middle, half = (robot.limits.upper + robot.limits.lower) / 2, (robot.limits.upper - robot.limits.lower) / 2
    ends = np.stack([start, goal], axis=1)
    ends[..., 0] -= yaw[:, None]
    line = torch.as_tensor(straight_line(start, goal, n + 4)[:, 2:-2], dtype=torch.float32)
    turn = torch.as_tensor(yaw, dtype=torch.float32)[:, None]
    return QueryFeatures(
        endpoints=torch.as_tensor((ends - middle) / half, dtype=torch.float32).flatten(1),
        path_features=_geometry(robot, line, turn, field),
        obstacles=torch.as_tensor(obstacle_tokens(arrays, yaw)),
        obstacle_mask=torch.as_tensor(arrays["kind"] > 0),
    )


@dataclass(frozen=True)
class PathGeometry:
    """What `path_features` says of the straight line, of any paths: a function of their deviation from it.

    start, goal: [Q, D] rad; field: of Q scenes, on the device of the deviations
    """

    robot: Robot
    start: Tensor
    goal: Tensor
    field: ObstacleField

    @classmethod
    def of_queries(cls, robot: Robot, start: np.ndarray, goal: np.ndarray, scenes: Sequence[Scene]) -> "PathGeometry":
        """Of Q queries: start, goal [Q, D] rad and a scene each."""
        ends = (torch.as_tensor(q, dtype=torch.float32) for q in (start, goal))
        return cls(robot, *ends, ObstacleField.from_arrays(scene_arrays(scenes)))

    def to(self, device: torch.device | str) -> "PathGeometry":
        """The same on another device."""
        return PathGeometry(self.robot, self.start.to(device), self.goal.to(device), self.field.to(device))

    def __call__(self, deviation: Tensor) -> Tensor:
        """Features [Q, S, n, F] of the curves of deviations [Q, S, n, D] rad, nearest their control points."""
        n = deviation.shape[-2]
        ends, inner = (matrix.to(deviation) for matrix in _curve(n))
        q = (ends @ torch.stack([self.start, self.goal], dim=1))[:, None] + inner @ deviation
        turn = (self.start[:, 0] + self.goal[:, 0])[:, None, None] / 2
        return _geometry(self.robot, q, turn, self.field)


@lru_cache(maxsize=4)
def _curve(n: int) -> tuple[Tensor, Tensor]:
    """Where a clamped B-spline passes each interior control point (its Greville abscissa), as weights of start and goal
    [n, 2] along the straight line and of the interior control points [n, n].
    """
    knots = knot_vector(n + 4)
    basis = basis_at(n + 4, np.stack([knots[i + 3 : i + 3 + n] for i in range(3)]).mean(0))
    line = basis @ straight_line(np.array([1.0, 0.0]), np.array([0.0, 1.0]), n + 4)
    return torch.as_tensor(line), torch.as_tensor(basis[:, 2:-2])


def _geometry(robot: Robot, q: Tensor, turn: Tensor, field: ObstacleField) -> Tensor:
    """Path features [Q, *, F] at configurations q [Q, *, D] in a field of Q scenes, seen turned by minus `turn`."""
    with torch.inference_mode(False), torch.enable_grad():
        q = q.clone().requires_grad_()
        gaps = obstacle_distances(robot.spheres, sphere_centers(robot.chain, robot.spheres, q), field)
        (push,) = torch.autograd.grad((OVERLAP - gaps).clamp(min=0).sum(), q)
    turned = torch.cat([q.detach()[..., :1] - turn[..., None], q.detach()[..., 1:]], dim=-1)
    frames = torch.stack(bodies(robot.chain, turned)[1:], dim=-3)
    nearest = torch.stack([gaps.detach()[..., mine].amin(-1) for mine in _facing_bodies(robot)], -1)
    return torch.cat(
        [
            frames[..., :3, 3].flatten(-2),
            frames[..., -1, :3, 2],
            nearest.clamp(-NEAR, NEAR) / NEAR,
            push.clamp(-3, 3),
        ],
        dim=-1,
    )


def _facing_bodies(robot: Robot) -> list[np.ndarray]:
    """For every body that must clear obstacles, which of the spheres that must are its own."""
    owner = robot.spheres.bodies[robot.spheres.near_obstacles]
    return [np.flatnonzero(owner == body) for body in np.unique(owner)]
