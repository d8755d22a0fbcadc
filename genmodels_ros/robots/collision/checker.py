"""Exact collision checks of a robot against its scene and itself (Pinocchio and coal, convex links).

Where many configurations are asked for, enclosing spheres first prove most of them clear (broad_phase.py); only pairs
of bodies that the spheres cannot separate go to exact geometry. The answer is the same, an order of magnitude sooner.
"""

from functools import lru_cache

import numpy as np
import pinocchio as pin

from genmodels_ros.robots.collision.attachment import carrying
from genmodels_ros.robots.collision.broad_phase import BroadPhase
from genmodels_ros.robots.collision.geometry import load_geometry, obstacle_geometry
from genmodels_ros.robots.collision.proximity import Proximity
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.obstacles import Scene

CONTACT_DISTANCE = 1e-3  # m; what is nearer counts as touching: no controller is more exact, nor do two libraries agree
CLOSE = 3e-3  # m; where a motion passes so near, it is looked at more often
BETWEEN = 3  # times between two configurations


class CollisionChecker:
    """Checks configurations of `robot`, with all it carries, among the obstacles of `scene`; fingers at
    `finger_position` if given (m). What is nearer to a padded link than its padding counts as touching it.

    Not thread-safe: each thread needs its own, as geometry placements are kept between calls.
    """

    def __init__(self, robot: Robot, scene: Scene, finger_position: float | None = None):
        robot = carrying(robot.with_fingers(finger_position), scene.attached, scene.allowed)
        self.robot, self.scene, self.proximity = robot, scene, Proximity(robot, scene)
        self._model, geometry, self._order = _locked_geometry(robot)
        self._geometry = geometry.copy()
        self._padding: list[float] = []  # m of each pair
        self._pairs_of_obstacle, self._pairs_of_self = self._add_pairs()
        self._data = self._model.createData()
        self._checks = self._geometry.createData()
        for request, padding in zip(self._checks.collisionRequests, self._padding, strict=True):
            request.security_margin = CONTACT_DISTANCE + padding
        self._broad_phase = BroadPhase(self.proximity, CLOSE)

    def in_collision(self, q: np.ndarray) -> bool:
        """Whether configuration q [D] touches anything."""
        return pin.computeCollisions(self._model, self._data, self._geometry, self._checks, self._full(q), True)

    def contact(self, q: np.ndarray) -> str | None:
        """Who touches whom at q [D], e.g. "panda_link5 touches shelf", or None."""
        if not self.in_collision(q):
            return None
        touching = next(k for k, result in enumerate(self._checks.collisionResults) if result.isCollision())
        return self._describe(touching)

    def collisions(self, q: np.ndarray) -> np.ndarray:
        """Whether each of q [T, D] touches anything: [T] bool."""
        return self.touching(q[:, None])

    def touching(self, q: np.ndarray) -> np.ndarray:
        """Which of B paths through configurations q [B, T, D] touch anything at one of these: [B] bool."""
        found = np.zeros(len(q), dtype=bool)
        for index, pairs in self._suspects(q.reshape(-1, q.shape[-1])).items():
            path = index // q.shape[1]
            if not found[path]:
                self._place(q[path, index % q.shape[1]])
                found[path] = any(pin.computeCollision(self._geometry, self._checks, pair) for pair in pairs)
        return found

    def first_contact(self, q: np.ndarray) -> tuple[int, str] | None:
        """Index and contact of the first of q [T, D] that touches anything, or None: the whole of q is free."""
        for index, pairs in self._suspects(q).items():
            self._place(q[index])
            for pair in pairs:
                if pin.computeCollision(self._geometry, self._checks, pair):
                    return index, self._describe(pair)
        return None

    def first_contact_on_the_way(self, q: np.ndarray) -> tuple[int, str] | None:
        """`first_contact` of a motion through q [T, D], that looks BETWEEN times between two configurations as well
        wherever something is nearer than CLOSE: a corner may be cut in between. The index is that of the first of two.
        """
        close = []
        for index, pairs in self._suspects(q).items():
            self._place(q[index])
            for pair in pairs:
                if self._nearer(pair, CLOSE):
                    if self._nearer(pair, CONTACT_DISTANCE):
                        return index, self._describe(pair)
                    close.append(index)
        if not close or len(q) < 2:
            return None
        first = np.unique(np.clip([np.array(close) - 1, close], 0, len(q) - 2))
        share = np.arange(1, BETWEEN + 1)[:, None] / (BETWEEN + 1)
        found = self.first_contact(
            (q[first, None] + share * (q[first + 1] - q[first])[:, None]).reshape(-1, q.shape[1])
        )
        return None if found is None else (int(first[found[0] // BETWEEN]), found[1])

    def clearance(self, q: np.ndarray) -> float:
        """Distance from the robot, unpadded, at q [D] to the nearest obstacle that it must not touch, m; negative in
        penetration, infinite without any.
        """
        self._place(q)
        pairs = [pair for link in self._pairs_of_obstacle for entry in link for pair in entry]
        return min((self._distance(pair) for pair in pairs), default=np.inf)

    def min_clearance(self, q: np.ndarray) -> float:
        """The smallest clearance over q [T, D], m.

        Pairs of link and obstacle whose lower bound is above the best distance so far are passed over.
        """
        bounds, best = self._broad_phase.lower_bounds(q), np.inf
        nearest = bounds.min(axis=(1, 2), initial=np.inf)
        for index in np.argsort(nearest):
            if nearest[index] >= best:
                break
            self._place(q[index])
            for link, obstacle in np.argwhere(bounds[index] < best):
                if bounds[index, link, obstacle] < best:
                    best = min([best, *map(self._distance, self._pairs_of_obstacle[link][obstacle])])
        return best

    def _suspects(self, q: np.ndarray) -> dict[int, list[int]]:
        """Collision pairs to check exactly, by configuration in ascending order."""
        candidates = self._broad_phase.candidates(q)
        found: dict[int, list[int]] = {}
        for index, link, obstacle in candidates.with_obstacles.tolist():
            found.setdefault(index, []).extend(self._pairs_of_obstacle[link][obstacle])
        for index, pair in candidates.with_self.tolist():
            found.setdefault(index, []).extend(self._pairs_of_self[pair])
        return dict(sorted(found.items()))

    def _add_pairs(self) -> tuple[list[list[list[int]]], list[list[int]]]:
        """Registers every pair to check; answers their numbers by [link][obstacle] and by self pair."""
        shapes = _shapes_by_link(self._model, self._geometry)
        base = self._model.frames[self._model.getFrameId(self.robot.base_frame)]
        obstacles = []
        for index, obstacle in enumerate(self.scene.obstacles):
            shape, placement = obstacle_geometry(obstacle)
            name = obstacle.id or f"{type(obstacle).__name__.lower()} {index}"
            obstacles.append(
                self._geometry.addGeometryObject(
                    pin.GeometryObject(f"{index}/{name}", 0, 0, base.placement * placement, shape)
                )
            )

        def add(first: int, second: int, padding: float = 0.0) -> int:
            self._geometry.addCollisionPair(pin.CollisionPair(first, second))
            self._padding.append(padding)
            return len(self._padding) - 1

        def beside(link: str, obstacle: int) -> list[int]:
            if link in self.scene.obstacles[obstacle].touch_links:
                return []
            padding = self.proximity.padding.get(link, 0.0)
            return [add(shape, obstacles[obstacle], padding) for shape in shapes[link]]

        with_obstacles = [[beside(link, o) for o in range(len(obstacles))] for link in self.robot.obstacle_links]
        with_self = [
            [add(a, b) for a in shapes[one] for b in shapes[other]] for one, other in self.robot.collision_pairs
        ]
        return with_obstacles, with_self

    def _full(self, q: np.ndarray) -> np.ndarray:
        return self.robot.chain.positions(q)[self._order]

    def _place(self, q: np.ndarray) -> None:
        pin.updateGeometryPlacements(self._model, self._data, self._geometry, self._checks, self._full(q))

    def _nearer(self, pair: int, distance: float) -> bool:
        """Whether the bodies of a pair, placed before and padded, are nearer to each other than `distance` m."""
        request = self._checks.collisionRequests[pair]
        request.security_margin = distance + self._padding[pair]
        nearer = pin.computeCollision(self._geometry, self._checks, pair)
        request.security_margin = CONTACT_DISTANCE + self._padding[pair]
        return nearer

    def _distance(self, pair: int) -> float:
        return pin.computeDistance(self._geometry, self._checks, pair).min_distance

    def _describe(self, pair: int) -> str:
        padded = f" (padded by {self._padding[pair]:.3g} m)" if self._padding[pair] else ""
        pair = self._geometry.collisionPairs[pair]
        first, second = (self._geometry.geometryObjects[index] for index in (pair.first, pair.second))
        if second.parentJoint == 0 and "/" in second.name:
            other = second.name.split("/", 1)[1]
        else:
            other = self._model.frames[second.parentFrame].name
        return f"{self._model.frames[first.parentFrame].name} touches {other}{padded}"


@lru_cache(maxsize=8)
def _locked_geometry(robot: Robot) -> tuple[pin.Model, pin.GeometryModel, np.ndarray]:
    """Model and geometry in which only the chain's joints move, and the chain's number of each of the model's."""
    model, geometry = load_geometry(robot.source.urdf, robot.source.folder)
    position = pin.neutral(model)
    for name, value in robot.standing.items():
        position[model.joints[model.getJointId(name)].idx_q] = value
    moving = robot.chain.joint_names
    locked = [index for index, name in enumerate(model.names) if index > 0 and name not in moving]
    model, geometry = pin.buildReducedModel(model, geometry, locked, position)
    return model, geometry, np.array([moving.index(name) for name in list(model.names)[1:]])


def _shapes_by_link(model: pin.Model, geometry: pin.GeometryModel) -> dict[str, list[int]]:
    shapes: dict[str, list[int]] = {}
    for index, item in enumerate(geometry.geometryObjects):
        shapes.setdefault(model.frames[item.parentFrame].name, []).append(index)
    return shapes
