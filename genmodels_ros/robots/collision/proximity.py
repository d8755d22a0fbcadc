"""Which of a robot's spheres are near obstacles or near each other, for many configurations at once.

Two levels, as in a bounding volume hierarchy: a ball around each link rules out most pairs of link and obstacle, or of
two links; the spheres of the rest are looked at one by one. A sphere s in configuration m has the number s M + m.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from genmodels_ros.robots.collision.padding import link_padding
from genmodels_ros.robots.collision.placement import body_frames, sphere_points
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.distance import ObstacleField, signed_distance
from genmodels_ros.robots.obstacles import Scene
from genmodels_ros.robots.spheres import SphereModel


@dataclass(frozen=True)
class Placed:
    """A robot in M configurations: body frames [D + 1, 3, 4, M], sphere centres [3, S, M], link balls' [3, L, M]."""

    frames: np.ndarray
    points: np.ndarray
    balls: np.ndarray

    @property
    def count(self) -> int:
        """M."""
        return self.frames.shape[-1]

    def at(self, numbers: np.ndarray) -> np.ndarray:
        """Centres [3, P] of spheres by their numbers [P]."""
        return self.points.reshape(3, -1)[:, numbers]


@dataclass(frozen=True)
class ObstaclePairs:
    """Numbers [P] of spheres, the obstacle of each [P], and that obstacle's column of the table [17, P]."""

    sphere: np.ndarray
    obstacle: np.ndarray
    columns: np.ndarray


@dataclass(frozen=True)
class SelfPairs:
    """Numbers [P] of the first and of the second spheres."""

    first: np.ndarray
    second: np.ndarray


class Proximity:
    """One robot among one scene's obstacles. Links that an obstacle lets touch are not looked at beside it; spheres of
    padded links count as larger beside obstacles, by `padding` {link: m}.
    """

    def __init__(self, robot: Robot, scene: Scene):
        self.robot, self.spheres = robot, robot.spheres
        self.columns = ObstacleField.from_scene(scene).table.numpy().T[:, : len(scene.obstacles)].copy()
        self.radii = robot.spheres.radii.astype(np.float32)
        self.links = link_balls(robot.spheres)
        names = self.links.balls.links
        self.clearing = np.flatnonzero(self.links.balls.near_obstacles)
        self.padding = link_padding(scene, names, self.links.radii)
        padding = np.array([self.padding.get(name, 0.0) for name in names], dtype=np.float32)
        self.padded_balls = self.links.radii + padding
        self.padded_radii = self.radii + padding[[names.index(link) for link in robot.spheres.links]]
        self.looked_at = None  # [O, L'] links beside obstacles, or all
        if any(obstacle.touch_links for obstacle in scene.obstacles):
            clearing = [names[link] for link in self.clearing]
            self.looked_at = np.array([[link not in o.touch_links for link in clearing] for o in scene.obstacles])
        self.link_pairs = np.array(
            [(names.index(a), names.index(b)) for a, b in robot.collision_pairs], dtype=int
        ).reshape(-1, 2)

    def place(self, q: np.ndarray) -> Placed:
        """The robot in configurations q [M, D]."""
        frames = body_frames(self.robot.chain, q)
        return Placed(frames, sphere_points(frames, self.spheres), sphere_points(frames, self.links.balls))

    def obstacle_pairs(self, placed: Placed, reach: float) -> ObstaclePairs:
        """All pairs of sphere and obstacle nearer than `reach` m."""
        balls = placed.balls[:, None, self.clearing]
        gaps = signed_distance(self.columns[:, :, None, None], balls)
        near = gaps < reach + self.padded_balls[self.clearing, None]
        if self.looked_at is not None:
            near &= self.looked_at[:, :, None]
        obstacle, link, config = np.nonzero(near)
        members = self.links.members[self.clearing[link]]
        row, column = np.nonzero(members >= 0)
        sphere = members[row, column] * placed.count + config[row]
        pairs = ObstaclePairs(sphere, obstacle[row], self.columns[:, obstacle[row]])
        near = self.obstacle_gaps(placed, pairs) < reach
        return ObstaclePairs(sphere[near], pairs.obstacle[near], pairs.columns[:, near])

    def obstacle_gaps(self, placed: Placed, pairs: ObstaclePairs) -> np.ndarray:
        """Signed distances [P] m of spheres, padded, to their obstacles."""
        return signed_distance(pairs.columns, placed.at(pairs.sphere)) - self.padded_radii[pairs.sphere // placed.count]

    def self_pairs(self, placed: Placed, reach: float) -> SelfPairs:
        """All pairs of spheres nearer than `reach` m whose links must not touch each other."""
        one, other = self.link_pairs.T
        gaps = _lengths(placed.balls[:, one] - placed.balls[:, other])
        pair, config = np.nonzero(gaps < reach + (self.links.radii[one] + self.links.radii[other])[:, None])
        ours, theirs = self.links.members[one[pair]][:, :, None], self.links.members[other[pair]][:, None, :]
        row, i, j = np.nonzero((ours >= 0) & (theirs >= 0))
        pairs = SelfPairs(ours[row, i, 0] * placed.count + config[row], theirs[row, 0, j] * placed.count + config[row])
        near = self.self_gaps(placed, pairs) < reach
        return SelfPairs(pairs.first[near], pairs.second[near])

    def self_gaps(self, placed: Placed, pairs: SelfPairs) -> np.ndarray:
        """Signed distances [P] m between spheres."""
        between = _lengths(placed.at(pairs.first) - placed.at(pairs.second))
        return between - self.radii[pairs.first // placed.count] - self.radii[pairs.second // placed.count]


@dataclass(frozen=True)
class LinkBalls:
    """A ball around the spheres of each link, its radius [L], and the spheres in it [L, most], filled up with -1."""

    balls: SphereModel
    radii: np.ndarray
    members: np.ndarray


@lru_cache(maxsize=16)
def link_balls(spheres: SphereModel) -> LinkBalls:
    """The balls of a sphere model, links in the order of their bodies."""
    links = list(dict.fromkeys(spheres.links))
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
        near_obstacles=np.array([spheres.near_obstacles[m[0]] for m in members]),
        pairs=np.zeros((0, 2), dtype=int),
    )
    table = np.full((len(members), max(map(len, members))), -1)
    for row, m in zip(table, members, strict=True):
        row[: len(m)] = m
    return LinkBalls(balls, np.array(radii, dtype=np.float32), table)


def _lengths(vectors: np.ndarray) -> np.ndarray:
    """[3, *] -> [*]."""
    x, y, z = vectors
    return np.sqrt(x * x + y * y + z * z)
