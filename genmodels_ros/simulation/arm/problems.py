"""Planning problems in a scene, made up: ends beside, above and inside what stands around the arm."""

import numpy as np
import torch

from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.distance import ObstacleField, distances
from genmodels_ros.robots.inverse_kinematics.least_squares import converge
from genmodels_ros.robots.obstacles import Scene
from genmodels_ros.robots.spheres import obstacle_distances, sphere_centers
from genmodels_ros.simulation.arm.space import ArmSpace, arm_space

EASY = 0.15  # of the problems whose straight line is free are kept
REACH_BOX = np.array([[-0.8, -0.8, -0.1], [0.8, 0.8, 1.1]])  # m, around an arm of REACH


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
