"""Where an arm meets itself: pairs of its links in random configurations, by the exact geometry."""

from itertools import combinations

import numpy as np
import pinocchio as pin

from genmodels_ros.robots.collision.geometry import load_geometry
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.urdf import read_joints

SAMPLES = 2000  # random configurations looked at
BLOCKED = 0.9  # of the configurations at one joint position in contact: no way past it
BINS = 48


class SelfContacts:
    """Which pairs of links touch in random configurations: q [N, D], pairs (P of names), touching [N, P]."""

    def __init__(self, urdf: str, folder, robot: Robot, rng: np.random.Generator):
        links, settings = list(robot.source.settings["spheres"]), robot.source.settings
        adjacent = {frozenset((joint.parent, joint.child)) for joint in read_joints(urdf).values()}
        self.pairs = [pair for pair in combinations(links, 2) if frozenset(pair) not in adjacent]
        model, geometry = load_geometry(urdf, folder)
        on_link: dict[str, list[int]] = {}
        for index, item in enumerate(geometry.geometryObjects):
            on_link.setdefault(model.frames[item.parentFrame].name, []).append(index)
        column = []
        for number, (one, other) in enumerate(self.pairs):
            for a in on_link[one]:
                for b in on_link[other]:
                    geometry.addCollisionPair(pin.CollisionPair(a, b))
                    column.append(number)
        self.q = rng.uniform(settings["limits"]["lower"], settings["limits"]["upper"], (SAMPLES, robot.num_joints))
        full = np.tile(pin.neutral(model), (SAMPLES, 1))
        place = {name: model.joints[model.getJointId(name)].idx_q for name in list(model.names)[1:]}
        for name, value in robot.standing.items():
            full[:, place[name]] = value
        full[:, [place[name] for name in robot.chain.joint_names]] = robot.chain.positions(self.q)
        data, checks = model.createData(), geometry.createData()
        self.touching = np.zeros((SAMPLES, len(self.pairs)), dtype=bool)
        for row, configuration in zip(self.touching, full, strict=True):
            pin.computeCollisions(model, data, geometry, checks, configuration, False)
            np.logical_or.at(row, column, [result.isCollision() for result in checks.collisionResults])

    def colliding(self, robot: Robot) -> np.ndarray:
        """[N] whether a pair that `robot` checks touches."""
        checked = {frozenset(pair) for pair in robot.collision_pairs}
        return self.touching[:, [frozenset(pair) in checked for pair in self.pairs]].any(axis=1)


def free_range(q: np.ndarray, colliding: np.ndarray, lower: float, upper: float) -> tuple[float, float]:
    """The longest part of a joint's range whose way the arm itself does not block; q, colliding [N]: its positions.

    Beyond a blocked position nothing could be reached but from itself.
    """
    edges = np.linspace(lower, upper, BINS + 1)
    which = np.clip(np.digitize(q, edges) - 1, 0, BINS - 1)
    share = np.bincount(which, colliding, BINS) / np.maximum(np.bincount(which, minlength=BINS), 1)
    first, last = _longest_free(share < BLOCKED)
    return float(edges[first]), float(edges[last])


def _longest_free(free: np.ndarray) -> tuple[int, int]:
    """First and last + 1 of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], free, [False]]).astype(int)))
    runs = edges.reshape(-1, 2)
    return tuple(runs[np.diff(runs, axis=1).argmax()].tolist()) if len(runs) else (0, len(free))
