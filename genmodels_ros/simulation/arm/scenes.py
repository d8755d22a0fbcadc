"""Scenes and planning problems for an arm, made up: tables, shelves, cages, bins, clutter, floating solids.

All in the arm's base frame, metres. The arm stands at the origin; its column stays free. Furniture is drawn for an arm
of REACH and scaled to the arm at hand, so that a small arm meets small shelves.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch

from genmodels_ros.robots.collision import CollisionChecker
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.distance import ObstacleField, distances
from genmodels_ros.robots.inverse_kinematics import converge
from genmodels_ros.robots.kinematics import bodies, link_pose
from genmodels_ros.robots.obstacles import Box, Cylinder, Obstacle, Scene, Sphere
from genmodels_ros.robots.spheres import obstacle_distances, sphere_centers

MAX_OBSTACLES = 24
BOARD = 0.02  # m, usual thickness of boards and panels
EASY = 0.15  # of the problems whose straight line is free are kept
REACH = 0.85  # m from its shoulder that the arm reaches for which sizes and places below are given
REACH_BOX = np.array([[-0.8, -0.8, -0.1], [0.8, 0.8, 1.1]])


@dataclass(frozen=True)
class ArmSpace:
    """Where an arm works: shoulder [3] m; reach: m from there that its fingertips work in; fingertip: m ahead of the
    tool frame, along its z axis; most_obstacles: that leave it a way in most scenes. By default that of a Panda.
    """

    shoulder: tuple[float, float, float] = (0.0, 0.0, 0.333)
    reach: float = REACH
    fingertip: float = 0.1
    most_obstacles: int = MAX_OBSTACLES

    @property
    def scale(self) -> float:
        """Size of this arm over that for which furniture is drawn."""
        return self.reach / REACH

    def column(self) -> np.ndarray:
        """[4, 3] points of the standing part of the arm; nothing comes nearer to them than column_radius."""
        return np.array([[1.0, 1.0, part] for part in (0.3, 0.6, 0.9, 1.2)]) * self.shoulder

    @property
    def column_radius(self) -> float:
        return 0.15 * self.reach


@lru_cache(maxsize=8)
def arm_space(robot: Robot) -> ArmSpace:
    """The shoulder is the second joint's height on the first joint's axis; the reach is 0.9 of the farthest that random
    configurations get, since an arm stretched out has no choice left; the fingertip is the farthest sphere ahead.
    """
    ready = torch.as_tensor(robot.ready)
    origins = [frame[:3, 3].tolist() for frame in bodies(robot.chain, ready)[1:3]]
    shoulder = (origins[0][0], origins[0][1], origins[-1][2])
    mine = robot.spheres.bodies == robot.chain.link_bodies[robot.chain.link(robot.tool_frame)]
    tool = link_pose(robot.chain, ready, robot.tool_frame).numpy()
    ahead = (sphere_centers(robot.chain, robot.spheres, ready).numpy()[mine] - tool[:3, 3]) @ tool[:3, 2]
    fingertip = max(0.0, float(ahead.max(initial=0.0)))
    q = np.random.default_rng(0).uniform(robot.limits.lower, robot.limits.upper, (4000, robot.num_joints))
    poses = link_pose(robot.chain, torch.as_tensor(q), robot.tool_frame).numpy()
    tips = poses[:, :3, 3] + fingertip * poses[:, :3, 2]
    reach = 0.9 * float(np.linalg.norm(tips - shoulder, axis=1).max())
    few = max(1, 2 * robot.num_joints - 3)  # an arm of less than 6 joints has no way around many
    return ArmSpace(shoulder, reach, fingertip, MAX_OBSTACLES if robot.num_joints >= 6 else few)


def random_arm_scene(rng: np.random.Generator, space: ArmSpace = ArmSpace()) -> Scene:
    """One scene of a random family, with 1 to most_obstacles, none of which reaches into the arm's column."""
    while True:
        family = FAMILIES[rng.choice(len(FAMILIES), p=WEIGHTS)]
        obstacles = family(rng)
        if rng.random() < 0.3:
            obstacles = [*obstacles, *_floating(rng, int(rng.integers(1, 4)))]
        obstacles = [_scaled(obstacle, space.scale) for obstacle in obstacles]
        obstacles = [obstacle for obstacle in obstacles if _clear_of_column(obstacle, space)]
        if obstacles:
            return Scene(tuple(obstacles[: space.most_obstacles]))


def random_problems(
    checker: CollisionChecker, rng: np.random.Generator, count: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Up to `count` pairs of start and goal [D], all free of collision.

    Ends are configurations reaching close to an obstacle, often into it where it is hollow, the ready pose or near it,
    and random ones. Few where the scene leaves little room.
    """
    close = reach_in(checker, rng, 4 * count)
    others = _free_ones(checker, _ready_and_random(checker.robot, rng, 8 * count))
    problems = []
    for _ in range(20 * count):
        if len(problems) == count or not len(close) or not len(others):
            break
        goal = close[rng.integers(len(close))] if rng.random() < 0.85 else others[rng.integers(len(others))]
        start = close[rng.integers(len(close))] if rng.random() < 0.4 else others[rng.integers(len(others))]
        if np.linalg.norm(goal - start) < 0.5:
            continue
        if rng.random() < EASY or checker.collisions(np.linspace(start, goal, 60)).any():
            problems.append((start, goal))
    return problems


def reach_in(checker: CollisionChecker, rng: np.random.Generator, count: int, starts: int = 5) -> np.ndarray:
    """Free configurations [K, D] whose fingertips are beside, above or inside obstacles, at most one for each of
    `count` points, each sought from `starts` random configurations. An arm of less than 6 joints cannot choose where
    its tool points: of its free configurations the ones nearest to obstacles are taken.
    """
    robot, space = checker.robot, arm_space(checker.robot)
    if robot.num_joints < 6:
        return _beside(checker, rng, count)
    points = _points_near(checker.scene, space, rng, count)
    poses = np.tile(np.eye(4), (len(points), 1, 1))
    for pose, point in zip(poses, points, strict=True):
        pose[:3, :3] = _approach(point, rng)
        pose[:3, 3] = point - space.fingertip * pose[:3, 2]
    begin = rng.uniform(robot.limits.lower, robot.limits.upper, (len(points) * starts, robot.num_joints))
    q, reached = converge(robot, np.repeat(poses, starts, axis=0), begin)
    good = np.flatnonzero(reached)
    good = good[~checker.collisions(q[good])] if len(good) else good
    chosen = [rng.choice(good[good // starts == k]) for k in np.unique(good // starts)]
    return q[np.array(chosen, dtype=int)]


def _beside(checker: CollisionChecker, rng: np.random.Generator, count: int) -> np.ndarray:
    """The `count` of ten times as many random configurations that are free and nearest to obstacles."""
    robot = checker.robot
    q = rng.uniform(robot.limits.lower, robot.limits.upper, (10 * count, robot.num_joints))
    q = _free_ones(checker, q)
    centers = sphere_centers(robot.chain, robot.spheres, torch.as_tensor(q, dtype=torch.float32))
    gaps = obstacle_distances(robot.spheres, centers, ObstacleField.from_scene(checker.scene)).amin(-1).numpy()
    return q[np.argsort(gaps)[:count]]


def _free_ones(checker: CollisionChecker, q: np.ndarray) -> np.ndarray:
    return q[~checker.collisions(q)] if len(q) else q


def _ready_and_random(robot: Robot, rng: np.random.Generator, count: int) -> np.ndarray:
    near_ready = robot.ready + rng.normal(0, 0.15, (count // 2, robot.num_joints))
    near_ready[: count // 4] = robot.ready
    near_ready[:, 0] += rng.choice([0.0, 1.0], count // 2) * rng.uniform(-2.5, 2.5, count // 2)
    anywhere = rng.uniform(robot.limits.lower, robot.limits.upper, (count // 2, robot.num_joints))
    return np.clip(np.concatenate([near_ready, anywhere]), robot.limits.lower, robot.limits.upper)


def _points_near(scene: Scene, space: ArmSpace, rng: np.random.Generator, count: int) -> np.ndarray:
    """[count, 3] points within reach, 3 to 15 cm from the nearest obstacle; hollow furniture has such points inside."""
    field, points = ObstacleField.from_scene(scene), np.empty((0, 3))
    centers = np.array([obstacle.center for obstacle in scene.obstacles])
    lower, upper = np.clip([centers.min(axis=0) - 0.15, centers.max(axis=0) + 0.15], *(space.scale * REACH_BOX))
    for _ in range(4):
        tried = rng.uniform(lower, upper, (20 * count, 3))
        gap = distances(field, torch.as_tensor(tried, dtype=torch.float32)).amin(-1).numpy()
        reach = np.linalg.norm(tried - space.shoulder, axis=1) / space.reach
        points = np.concatenate([points, tried[(gap > 0.03) & (gap < 0.15) & (reach > 0.3) & (reach < 1)]])
    return points[rng.choice(len(points), count)] if len(points) else np.empty((0, 3))


def _approach(point: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """[3, 3] a hand orientation whose z axis points outwards, downwards or anywhere, turned at random about it."""
    outwards = np.array([point[0], point[1], rng.normal(0, 0.2 * np.linalg.norm(point[:2]))])
    axis = (outwards, np.array([0.0, 0.0, -1.0]), rng.normal(size=3))[rng.choice(3, p=(0.45, 0.35, 0.2))]
    axis = axis / np.linalg.norm(axis) + rng.normal(0, 0.15, 3)
    axis /= np.linalg.norm(axis)
    side = np.cross(axis, rng.normal(size=3))
    side /= np.linalg.norm(side)
    return np.stack([side, np.cross(axis, side), axis], axis=1)


def _clear_of_column(obstacle: Obstacle, space: ArmSpace) -> bool:
    field = ObstacleField.from_scene(Scene((obstacle,)))
    return bool((distances(field, torch.as_tensor(space.column(), dtype=torch.float32)) > space.column_radius).all())


def _scaled(obstacle: Obstacle, scale: float) -> Obstacle:
    """The obstacle in a world `scale` times as large."""
    names = [name for name in ("center", "dims", "radius", "height") if hasattr(obstacle, name)]
    return replace(obstacle, **{name: scale * np.asarray(getattr(obstacle, name)) for name in names})


class _Place:
    """A frame somewhere around the arm, x away from it, in which furniture is built upright."""

    def __init__(self, position, yaw: float):
        self.position, self.yaw = np.array(position, dtype=float), yaw
        self.rotation = np.array(
            [[math.cos(yaw), -math.sin(yaw), 0], [math.sin(yaw), math.cos(yaw), 0], [0, 0, 1]], dtype=float
        )

    @classmethod
    def around(cls, rng: np.random.Generator, near: float, far: float, low: float, high: float) -> "_Place":
        """At distance near to far in any direction (more often ahead), at height low to high, about facing the arm."""
        direction = rng.normal(0, 0.8) if rng.random() < 0.6 else rng.uniform(-math.pi, math.pi)
        distance = rng.uniform(near, far)
        position = (distance * math.cos(direction), distance * math.sin(direction), rng.uniform(low, high))
        return cls(position, direction + rng.normal(0, 0.25))

    def box(self, center, dims, tilt: float = 0.0) -> Box:
        return Box(self.at(center), np.maximum(dims, 0.005), _yaw(self.yaw + tilt))

    def cylinder(self, center, radius: float, height: float) -> Cylinder:
        return Cylinder(self.at(center), radius, height)

    def at(self, point) -> np.ndarray:
        return self.position + self.rotation @ np.asarray(point, dtype=float)


def _yaw(angle: float) -> tuple[float, float, float, float]:
    return 0.0, 0.0, math.sin(angle / 2), math.cos(angle / 2)


def _things(place: _Place, rng: np.random.Generator, count: int, lower, upper) -> list[Obstacle]:
    """Boxes and cylinders standing on a surface spanning lower to upper [2], at lower height 0 of the place."""
    things: list[Obstacle] = []
    for _ in range(count):
        (x, y), height = rng.uniform(lower, upper), rng.uniform(0.05, 0.35)
        if rng.random() < 0.5:
            things.append(place.cylinder((x, y, height / 2), rng.uniform(0.02, 0.07), height))
        else:
            dims = (*rng.uniform(0.04, 0.2, 2), height)
            things.append(place.box((x, y, height / 2), dims, tilt=rng.uniform(0, math.pi)))
    return things


def _table(rng: np.random.Generator) -> list[Obstacle]:
    """A table, with or without legs, and things on it."""
    depth, width, thickness = rng.uniform(0.5, 1.2), rng.uniform(0.6, 1.8), rng.uniform(0.02, 0.06)
    place = _Place.around(rng, 0.2, 0.45, -0.15, 0.45)
    table: list[Obstacle] = [place.box((depth / 2, 0, -thickness / 2), (depth, width, thickness))]
    if rng.random() < 0.6:
        height = rng.uniform(0.3, 0.9)
        for x in (0.04, depth - 0.04):
            for y in (-width / 2 + 0.04, width / 2 - 0.04):
                table.append(place.box((x, y, -thickness - height / 2), (0.05, 0.05, height)))
    reach = min(depth, 0.6)
    return table + _things(
        place, rng, int(rng.integers(1, 9)), (0.0, -min(width / 2, 0.6)), (reach, min(width / 2, 0.6))
    )


def _shelf(rng: np.random.Generator) -> list[Obstacle]:
    """A bookcase: boards between two sides, with or without a back, things on the boards."""
    depth, width = rng.uniform(0.2, 0.7), rng.uniform(0.4, 1.3)
    boards, gap = int(rng.integers(2, 6)), rng.uniform(0.22, 0.42)
    thickness = rng.uniform(0.01, 0.05)
    place = _Place.around(rng, 0.35, 0.65, -0.2, 0.2)
    top = (boards - 1) * gap
    shelf: list[Obstacle] = [place.box((depth / 2, 0, k * gap), (depth, width, thickness)) for k in range(boards)]
    for side in (-1, 1):
        shelf.append(place.box((depth / 2, side * width / 2, top / 2), (depth, thickness, top + thickness)))
    if rng.random() < 0.3:
        shelf.append(place.box((depth, 0, top / 2), (thickness, width, top + thickness)))
    for _ in range(int(rng.integers(0, 10))):
        level, height = rng.integers(boards - 1), rng.uniform(0.05, 0.8 * gap)
        x, y = rng.uniform(0.05, depth), rng.uniform(-width / 2, width / 2)
        shelf.append(place.cylinder((x, y, level * gap + (thickness + height) / 2), rng.uniform(0.02, 0.06), height))
    return shelf


def _table_and_shelf(rng: np.random.Generator) -> list[Obstacle]:
    """A table on one side and a small shelf on another."""
    return _table(rng)[: MAX_OBSTACLES // 2] + _shelf(rng)[: MAX_OBSTACLES // 2]


def _cage(rng: np.random.Generator) -> list[Obstacle]:
    """Bars around a space that is open towards the arm or above."""
    depth, width, height, bar = (*rng.uniform(0.3, 0.6, 2), rng.uniform(0.3, 0.7), rng.uniform(0.015, 0.04))
    place = _Place.around(rng, 0.3, 0.5, 0.0, 0.4)
    cage: list[Obstacle] = [place.box((depth / 2, 0, 0), (depth, width, bar))]
    for x in (0, depth):
        for y in (-width / 2, width / 2):
            cage.append(place.box((x, y, height / 2), (bar, bar, height)))
    for level in rng.uniform(0.3, 1.0, int(rng.integers(1, 4))) * height:
        cage.append(place.box((depth, 0, level), (bar, width, bar)))
        for y in (-width / 2, width / 2):
            cage.append(place.box((depth / 2, y, level), (depth, bar, bar)))
    return cage


def _bin(rng: np.random.Generator) -> list[Obstacle]:
    """One or two bins, open above, standing on a table or on nothing."""
    found: list[Obstacle] = []
    for _ in range(int(rng.integers(1, 3))):
        depth, width, height = *rng.uniform(0.25, 0.5, 2), rng.uniform(0.12, 0.4)
        place = _Place.around(rng, 0.25, 0.5, -0.1, 0.3)
        found.append(place.box((depth / 2, 0, 0), (depth, width, BOARD)))
        for side in (-1, 1):
            found.append(place.box((depth / 2, side * width / 2, height / 2), (depth, BOARD, height)))
            found.append(place.box((depth / 2 * (1 + side), 0, height / 2), (BOARD, width, height)))
    if rng.random() < 0.5:
        found.append(Box((0.0, 0.0, -0.2 - BOARD), (2.5, 2.5, 0.1)))
    return found


def _walls(rng: np.random.Generator) -> list[Obstacle]:
    """Upright panels, some with a lintel, between which the arm must find its way."""
    walls: list[Obstacle] = []
    for _ in range(int(rng.integers(1, 5))):
        width, height = rng.uniform(0.2, 0.8), rng.uniform(0.3, 1.0)
        place = _Place.around(rng, 0.3, 0.6, 0.0, 0.2)
        walls.append(place.box((width / 2, 0, height / 2), (width, rng.uniform(0.01, 0.06), height)))
        if rng.random() < 0.3:
            walls.append(place.box((width / 2, 0, height), (width, rng.uniform(0.2, 0.6), BOARD)))
    return walls


def _floating(rng: np.random.Generator, count: int | None = None) -> list[Obstacle]:
    """Boxes and cylinders at any height in any orientation."""
    solids: list[Obstacle] = []
    for _ in range(count or int(rng.integers(2, 13))):
        center = _around_the_arm(rng)
        quaternion = rng.normal(size=4)
        quaternion /= np.linalg.norm(quaternion)
        if rng.random() < 0.6:
            solids.append(Box(center, rng.uniform(0.03, 0.4, 3), quaternion))
        else:
            solids.append(Cylinder(center, rng.uniform(0.02, 0.12), rng.uniform(0.05, 0.6), quaternion))
    return solids


def _spheres(rng: np.random.Generator) -> list[Obstacle]:
    """Balls in the air, of one size or several."""
    size = rng.uniform(0.05, 0.18)
    spread = rng.choice([0.0, 0.5])
    return [
        Sphere(_around_the_arm(rng), size * (1 + spread * rng.uniform(-1, 1))) for _ in range(int(rng.integers(4, 19)))
    ]


def _around_the_arm(rng: np.random.Generator) -> np.ndarray:
    angle, radius = rng.uniform(-math.pi, math.pi), rng.uniform(0.2, 0.85)
    return np.array([radius * math.cos(angle), radius * math.sin(angle), rng.uniform(0.0, 1.1)])


FAMILIES: tuple[Callable[[np.random.Generator], list[Obstacle]], ...] = (
    _table,
    _shelf,
    _table_and_shelf,
    _cage,
    _bin,
    _walls,
    _floating,
    _spheres,
)
WEIGHTS = (0.2, 0.24, 0.12, 0.08, 0.08, 0.06, 0.08, 0.14)
