"""Which pairs of bodies could touch, for a batch of configurations: everything else is proved clear by enclosing
spheres. What remains is for exact geometry to decide.
"""

from dataclasses import dataclass

import numpy as np

from genmodels_ros.robots.collision.proximity import Proximity
from genmodels_ros.robots.distance import signed_distance

LARGEST = 200_000  # configurations times obstacles at once; more are done in parts, which bounds the memory
ROUNDING = 1e-4  # m; far above the rounding of float32 at arm's length


@dataclass(frozen=True)
class Candidates:
    """Pairs that could touch: configuration [M] with link pair or obstacle pair.

    with_obstacles: [M, 3] configuration, link (index into obstacle_links), obstacle
    with_self: [M', 2] configuration, index into collision_pairs
    """

    with_obstacles: np.ndarray
    with_self: np.ndarray


class BroadPhase:
    """Bounds for one robot among one scene's obstacles; bodies nearer than `contact_distance` [m] touch."""

    def __init__(self, proximity: Proximity, contact_distance: float = 0.0):
        self._proximity, self._reach = proximity, contact_distance + ROUNDING
        robot = proximity.robot
        links = np.array(proximity.spheres.links)
        self._obstacle_link = np.array(
            [robot.obstacle_links.index(link) if link in robot.obstacle_links else -1 for link in links]
        )
        number = {link: index for index, link in enumerate(proximity.links.balls.links)}
        self._link = np.array([number[link] for link in links])
        self._pair = np.full((len(number), len(number)), -1)
        for index, (one, other) in enumerate(robot.collision_pairs):
            self._pair[number[one], number[other]] = self._pair[number[other], number[one]] = index

    def candidates(self, q: np.ndarray) -> Candidates:
        """Pairs that spheres cannot prove clear, for configurations q [T, D]."""
        size = max(1, LARGEST // max(1, self._proximity.columns.shape[1]))
        parts = [self._candidates(q[first : first + size], first) for first in range(0, max(1, len(q)), size)]
        return Candidates(
            np.concatenate([part.with_obstacles for part in parts]), np.concatenate([part.with_self for part in parts])
        )

    def _candidates(self, q: np.ndarray, first_number: int) -> Candidates:
        placed = self._proximity.place(q)
        near = self._proximity.obstacle_pairs(placed, self._reach)
        own = self._proximity.self_pairs(placed, self._reach)
        sphere, config = np.divmod(near.sphere, placed.count)
        (first, now), second = np.divmod(own.first, placed.count), own.second // placed.count
        return Candidates(
            _different(config + first_number, self._obstacle_link[sphere], near.obstacle),
            _different(now + first_number, self._pair[self._link[first], self._link[second]]),
        )

    def lower_bounds(self, q: np.ndarray) -> np.ndarray:
        """Lower bounds [T, links, obstacles] of each obstacle link's distance to each obstacle, m, at q [T, D]."""
        proximity = self._proximity
        placed = proximity.place(q)
        gaps = signed_distance(proximity.columns[:, :, None, None], placed.points[:, None])
        gaps -= (proximity.radii + np.float32(ROUNDING))[:, None]
        spheres = [np.flatnonzero(self._obstacle_link == link) for link in range(len(proximity.robot.obstacle_links))]
        bounds = np.stack([gaps[:, mine].min(axis=1) for mine in spheres], axis=1)
        return bounds.transpose(2, 1, 0).astype(float)


def _different(*columns: np.ndarray) -> np.ndarray:
    """The distinct rows of a table, sorted."""
    rows = np.stack(columns, axis=1)
    if not len(rows):
        return rows
    rows = rows[np.lexsort(rows.T[::-1])]
    return rows[np.append(True, (np.diff(rows, axis=0) != 0).any(axis=1))]
