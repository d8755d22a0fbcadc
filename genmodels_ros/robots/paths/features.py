"""A planning query as a network sees it, and the way back from its output to joint angles.

Turning scene and arm together about the base's z axis changes nothing that matters, so networks see every query turned
by minus `yaw`, half-way between the first joint's start and goal, and need not learn that symmetry. An arm whose first
joint does not turn about the base's z axis is seen as it stands.

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

from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.distance import ObstacleField, nearest_obstacles
from genmodels_ros.robots.kinematics import bodies
from genmodels_ros.robots.obstacles import Scene
from genmodels_ros.robots.paths.bspline import basis_at, knot_vector, straight_line
from genmodels_ros.robots.scene_arrays import obstacle_tokens, scene_arrays

NEAR = 0.3  # m; farther obstacles look all the same
OVERLAP = 0.1  # m; from this distance on, spheres push
GROUP = 3  # spheres a ball, where geometry is asked for at every step of sampling


@dataclass(frozen=True)
class QueryFeatures:
    """Of M queries: endpoints [M, 2 D], path_features [M, n, F], obstacles [M, O, K], obstacle_mask [M, O] (bool)."""

    endpoints: Tensor
    path_features: Tensor
    obstacles: Tensor
    obstacle_mask: Tensor


def num_path_features(robot: Robot) -> int:
    """F."""
    return 3 * len(robot.chain.parents) + robot.num_joints + 3 + len(_balls(robot, 1, torch.device("cpu")).counts)


def deviation(paths: np.ndarray) -> np.ndarray:
    """Interior control points less the straight line [*, n, D] of paths [*, n + 4, D]."""
    return (paths - straight_line(paths[..., 0, :], paths[..., -1, :], paths.shape[-2]))[..., 2:-2, :]


def paths_of(start: np.ndarray, goal: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """The inverse: control points [*, n + 4, D] from start to goal [*, D] around `deviation` [*, n, D] rad."""
    paths = straight_line(start, goal, deviation.shape[-2] + 4)
    paths[..., 2:-2, :] += deviation
    paths[..., -2:, :] = goal[..., None, :]  # start + (goal - start) is not the goal to the last bit
    return paths


def scaled_endpoints(robot: Robot, start: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """[M, 2 D]: start and goal [M, D] rad turned by minus `yaw`, -1 and 1 at the joint limits."""
    middle, half = (robot.limits.upper + robot.limits.lower) / 2, (robot.limits.upper - robot.limits.lower) / 2
    ends = np.stack([start, goal], axis=1)
    ends[..., 0] -= _upright(robot) * _yaw(robot, start, goal)[:, None]
    return ((ends - middle) / half).reshape(len(ends), -1)


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
    yaw = _yaw(robot, start, goal)
    line = torch.as_tensor(straight_line(start, goal, n + 4)[:, 2:-2], dtype=torch.float32)
    turn = torch.as_tensor(yaw, dtype=torch.float32)[:, None]
    return QueryFeatures(
        endpoints=torch.as_tensor(scaled_endpoints(robot, start, goal), dtype=torch.float32),
        path_features=_geometry(robot, line, turn, field),
        obstacles=torch.as_tensor(obstacle_tokens(arrays, yaw)),
        obstacle_mask=torch.as_tensor(arrays["kind"] > 0),
    )


@dataclass(frozen=True)
class PathGeometry:
    """What `path_features` says of the straight line, of any paths: a function of their deviation from it, and a
    coarser one, as it is called at every step of sampling.

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
        turn = _upright(self.robot) * (self.start[:, 0] + self.goal[:, 0])[:, None, None] / 2
        return _geometry(self.robot, q, turn, self.field, GROUP)


@lru_cache(maxsize=4)
def _curve(n: int) -> tuple[Tensor, Tensor]:
    """Where a clamped B-spline passes each interior control point (its Greville abscissa), as weights of start and goal
    [n, 2] along the straight line and of the interior control points [n, n].
    """
    knots = knot_vector(n + 4)
    basis = basis_at(n + 4, np.stack([knots[i + 3 : i + 3 + n] for i in range(3)]).mean(0))
    line = basis @ straight_line(np.array([1.0, 0.0]), np.array([0.0, 1.0]), n + 4)
    return torch.as_tensor(line), torch.as_tensor(basis[:, 2:-2])


def _yaw(robot: Robot, start: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """[M] rad about the base's z axis."""
    return _upright(robot) * (start[:, 0] + goal[:, 0]) / 2


@lru_cache(maxsize=8)
def _upright(robot: Robot) -> int:
    """1 where the first joint turns about the base's z axis, -1 where it does so the other way round, 0 otherwise."""
    chain = robot.chain
    axis = chain.constant[0, :3, :3] @ chain.axes[0]
    through = np.abs(chain.constant[0, :2, 3]).max() < 1e-6
    return 0 if chain.prismatic[0] or not through or abs(axis[2]) < 1 - 1e-6 else int(np.sign(axis[2]))


def _geometry(robot: Robot, q: Tensor, turn: Tensor, field: ObstacleField, group: int = 1) -> Tensor:
    """Path features [Q, *, F] at configurations q [Q, *, D] in a field of Q scenes, seen turned by minus `turn`.

    group: so many neighbouring spheres of a body count as one around them
    """
    frames = torch.stack(bodies(robot.chain, q)[1:], dim=-3)[..., :3, :]
    gaps, push = _gaps_and_push(robot, _balls(robot, group, frames.device), frames, field)
    seen = torch.cat([frames[..., 3], frames[..., -1:, :, 2]], dim=-2)
    cos, sin = turn[..., None].cos(), turn[..., None].sin()
    x, y, z = seen.unbind(-1)
    turned = torch.stack([cos * x + sin * y, cos * y - sin * x, z], dim=-1)
    return torch.cat([turned.flatten(-2), gaps.clamp(-NEAR, NEAR) / NEAR, push.clamp(-3, 3)], dim=-1)


@dataclass(frozen=True)
class _Balls:
    """K balls on the bodies that must clear obstacles, by body: frames [K] of their bodies (counted from the first
    moving one), centers [K, 3], radii [K], moved [M, K] (1 where the joint moves the ball), and each body's number.
    """

    frames: Tensor
    centers: Tensor
    radii: Tensor
    moved: Tensor
    counts: tuple[int, ...]


def _gaps_and_push(robot: Robot, balls: _Balls, frames: Tensor, field: ObstacleField) -> tuple[Tensor, Tensor]:
    """Each body's distance to obstacles, and the gradient [Q, *, D] by the joints of the balls' overlap with them.

    frames: [Q, *, M, 3, 4] of the moving bodies. The gradient is that of sum_k max(0, OVERLAP - d_k). Joint j with axis
    z through p moves a ball at x along its normal n by z · (x × n) - (z × p) · n, if it moves it at all.
    """
    own = frames.index_select(-3, balls.frames)
    points = (own[..., :3] * balls.centers[:, None]).sum(-1) + own[..., 3]
    distance, normal = nearest_obstacles(field, points.reshape(len(points), -1, 3))
    gaps = distance.reshape(points.shape[:-1]) - balls.radii
    normal = normal.reshape(points.shape) * (gaps < OVERLAP)[..., None]
    wrench = balls.moved @ torch.cat([torch.linalg.cross(points, normal), normal], dim=-1)
    axis = (frames[..., :3] * robot.chain.tensor("axes", frames)[:, None]).sum(-1)
    moment = torch.linalg.cross(frames[..., 3], axis)
    sliding = torch.as_tensor(robot.chain.prismatic, device=frames.device)[:, None]
    screws = torch.cat([torch.where(sliding, 0, axis), torch.where(sliding, axis, moment)], dim=-1)
    nearest = torch.stack([part.amin(-1) for part in gaps.split(balls.counts, dim=-1)], dim=-1)
    push = -(screws * wrench).sum(-1)
    return nearest, push @ robot.chain.tensor("commands", push) if robot.chain.has_followers else push


@lru_cache(maxsize=8)
def _balls(robot: Robot, group: int, device: torch.device) -> _Balls:
    """Balls around `group` spheres each, neighbours along their body's longest direction."""
    spheres, rows = robot.spheres, []
    facing = spheres.near_obstacles & (spheres.bodies > 0)
    for body in np.unique(spheres.bodies[facing]):
        mine = np.flatnonzero(facing & (spheres.bodies == body))
        centers, radii = spheres.centers[mine], spheres.radii[mine]
        longest = np.linalg.svd(centers - centers.mean(axis=0))[2][0]
        order = np.argsort(centers @ longest, kind="stable")
        for part in np.array_split(order, -(-len(order) // group)):
            middle = centers[part].mean(axis=0)
            reach = np.linalg.norm(centers[part] - middle, axis=-1) + radii[part]
            rows.append((body, middle, reach.max()))
    owner, centers, radii = (np.array(column) for column in zip(*rows, strict=True))
    moved = [[joint in robot.chain.ancestors(int(body)) for body in owner] for joint in range(len(robot.chain.parents))]
    return _Balls(
        torch.as_tensor(owner - 1, device=device),
        *(torch.as_tensor(np.asarray(a, dtype=np.float32), device=device) for a in (centers, radii, moved)),
        counts=tuple(np.unique(owner, return_counts=True)[1].tolist()),
    )
