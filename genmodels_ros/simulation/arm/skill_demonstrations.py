"""Made-up demonstrations of a via-point task, as somebody might lead an arm by hand: the tool passes one point.

Minimum-jerk pieces (Flash & Hogan 1985) through start, via-point and goal, each demonstration with other ends, another
pose of the tool and another configuration at the via-point, other durations, a pause, a tremor and sensor noise.
Kinematic: no forces. Nothing here knows how skills are learnt.
"""

from dataclasses import dataclass

import numpy as np
import torch

from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.inverse_kinematics.least_squares import converge
from genmodels_ros.robots.kinematics import link_pose
from genmodels_ros.robots.obstacles import Box, Scene, Sphere

RATE = 50.0  # Hz
AROUND = 0.5  # rad, standard deviation of ends and via-point of a task about the ready configuration
ENDS, TREMOR, SENSOR = 0.05, 0.01, 5e-4  # rad, standard deviations between demonstrations, along one, of one reading
CARE, TILT = 2e-3, 0.05  # m, rad: how exactly the via-point is passed
SEGMENT, PAUSE = (0.8, 3.0), (0.0, 1.0)  # s
FARTHEST = 0.10  # m, a moved via-point
BALL, SCATTER, MARGIN = (0.04, 0.08), 0.08, 0.03  # m: radii of a ball in the way, its distance from the tool, room


@dataclass(frozen=True)
class ViaPointTask:
    """via [3] m in the base frame; moved [3]: another one within FARTHEST of it, which can be reached; demonstrations:
    joint positions [T, D] rad, RATE times a second.
    """

    scene: Scene
    via: np.ndarray
    moved: np.ndarray
    demonstrations: tuple[np.ndarray, ...]


def make_task(robot: Robot, seed: int, count: int = 5) -> ViaPointTask:
    """A task with `count` demonstrations, which all keep the position limits and touch nothing."""
    rng = np.random.default_rng([seed, 11])
    scene = Scene((Box(np.array([0.3, 0.0, -0.1]), np.array([2.0, 2.0, 0.1]), id="table"),))
    checker = CollisionChecker(robot, scene)
    while True:
        start, via, goal = (robot.ready + AROUND * rng.normal(size=robot.num_joints) for _ in range(3))
        pose = _pose(robot, via)
        other = pose.copy()
        other[:3, 3] += _in_ball(rng, FARTHEST)
        reached = converge(robot, other[None], via[None])[1][0]
        if not reached or np.linalg.norm(goal - start) < 1.0 or other[2, 3] < 0.1:
            continue
        paths = tuple(_demonstration(robot, rng, start, via, goal, pose) for _ in range(count))
        if all(path is not None and robot.within_limits(path) and not checker.collisions(path).any() for path in paths):
            return ViaPointTask(scene, pose[:3, 3], other[:3, 3], paths)


def ball_in_the_way(robot: Robot, scene: Scene, path: np.ndarray, keep: np.ndarray, seed: int) -> Scene:
    """`scene` with a ball that a path [T, D] touches, but which leaves configurations `keep` [K, D] MARGIN of room."""
    rng = np.random.default_rng([seed, 12])
    tool = link_pose(robot.chain, torch.as_tensor(path), robot.tool_frame)[:, :3, 3].numpy()
    while True:
        centre, radius = tool[rng.integers(len(tool))] + SCATTER * rng.normal(size=3), rng.uniform(*BALL)
        swollen = CollisionChecker(robot, Scene((Sphere(centre, radius + MARGIN),)))
        with_ball = Scene((*scene.obstacles, Sphere(centre, radius, id="ball")))
        if not swollen.collisions(keep).any() and CollisionChecker(robot, with_ball).collisions(path).any():
            return with_ball


def _demonstration(robot: Robot, rng: np.random.Generator, start, via, goal, pose: np.ndarray) -> np.ndarray | None:
    """[T, D]; None where the pose at the via-point is out of reach."""
    target = pose.copy()
    target[:3, 3] += CARE * rng.normal(size=3)
    target[:3, :3] = _rotation(TILT * rng.normal(size=3)) @ pose[:3, :3]
    near = via + ENDS * rng.normal(size=len(via))
    q, reached = converge(robot, target[None], near[None])
    if not reached[0]:
        return None
    start, goal = (end + ENDS * rng.normal(size=len(end)) for end in (start, goal))
    first, second = rng.uniform(*SEGMENT, size=2)
    speed = (goal - start) / (first + second)
    time = np.arange(0, first + second, 1 / RATE)
    path = np.where(
        (time < first)[:, None],
        _piece(start, q[0], 0 * speed, speed, first, np.minimum(time, first)),
        _piece(q[0], goal, speed, 0 * speed, second, np.maximum(time - first, 0)),
    )
    path = path + _tremor(rng, time, first, len(via))
    pause = rng.integers(len(time))
    path = np.insert(path, pause, np.repeat(path[pause, None], int(RATE * rng.uniform(*PAUSE)), 0), axis=0)
    return path + SENSOR * rng.normal(size=path.shape)


def _piece(a, b, speed_a, speed_b, duration: float, time: np.ndarray) -> np.ndarray:
    """The quintic [T, D] of least jerk from a to b with these speeds and no acceleration at both ends."""
    rows = [[0.0**k for k in range(6)], [float(k == 1) for k in range(6)], [2.0 * (k == 2) for k in range(6)]]
    rows += [[1.0] * 6, list(range(6)), [k * (k - 1) for k in range(6)]]
    ends = np.stack([a, duration * speed_a, 0 * a, b, duration * speed_b, 0 * b])
    return np.vander(time / duration, 6, increasing=True) @ np.linalg.solve(np.array(rows, dtype=float), ends)


def _tremor(rng: np.random.Generator, time: np.ndarray, via: float, joints: int) -> np.ndarray:
    """Slow waves [T, D] that fade at both ends and where care is taken."""
    frequency, offset = rng.uniform(0.3, 1.5, size=(3, joints)), rng.uniform(0, 2 * np.pi, size=(3, joints))
    waves = np.sin(2 * np.pi * frequency * time[:, None, None] + offset).sum(1) * TREMOR * np.sqrt(2 / 3)
    fade = np.sin(np.pi * time / time[-1]) * (1 - np.exp(-(((time - via) / 0.3) ** 2)))
    return waves * fade[:, None]


def _in_ball(rng: np.random.Generator, radius: float) -> np.ndarray:
    """Uniform in a ball."""
    direction = rng.normal(size=3)
    return radius * rng.random() ** (1 / 3) * direction / np.linalg.norm(direction)


def _pose(robot: Robot, q: np.ndarray) -> np.ndarray:
    return link_pose(robot.chain, torch.as_tensor(q), robot.tool_frame).numpy()


def _rotation(vector: np.ndarray) -> np.ndarray:
    """Rodrigues' formula."""
    angle = np.linalg.norm(vector)
    x, y, z = vector / max(angle, 1e-12)
    K = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * K + (1 - np.cos(angle)) * K @ K
