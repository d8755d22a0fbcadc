"""Which pairs of bodies could touch, for a batch of configurations: everything else is proved clear by enclosing
spheres.

Two levels, as in a bounding volume hierarchy: one sphere a link against every obstacle and every other link, then, for
the pairs that overlap, the link's own spheres. What remains is for exact geometry to decide.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.distance import ObstacleField, distances, distances_to
from genmodels_ros.robots.obstacles import Scene
from genmodels_ros.robots.spheres import SphereModel, sphere_centers

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

    def __init__(self, robot: Robot, scene: Scene, contact_distance: float = 0.0):
        self._margin = contact_distance + ROUNDING
        self._chain, self._spheres = robot.chain, robot.spheres
        self._field = ObstacleField.from_scene(scene) if scene.obstacles else None
        links = tuple(dict.fromkeys(robot.spheres.links))
        self._members, bounds = _members_and_bounds(robot, links)
        self._bounds = SphereModel.from_bodies(*bounds, robot.collision_pairs, robot.obstacle_links)
        self._obstacle_links = torch.tensor([links.index(link) for link in robot.obstacle_links])
        self._pairs = torch.tensor([[links.index(a), links.index(b)] for a, b in robot.collision_pairs]).reshape(-1, 2)

    def candidates(self, q: np.ndarray) -> Candidates:
        """Pairs that spheres cannot prove clear, for configurations q [T, D]."""
        q = torch.as_tensor(q, dtype=torch.float32)
        bounds = sphere_centers(self._chain, self._bounds, q)
        centers = sphere_centers(self._chain, self._spheres, q)
        return Candidates(
            self._near_obstacles(bounds, centers).numpy(),
            self._near_self(bounds, centers).numpy(),
        )

    def lower_bounds(self, q: np.ndarray) -> np.ndarray:
        """Lower bounds [T, links, obstacles] of each obstacle link's distance to each obstacle, m, at q [T, D]."""
        if self._field is None:
            return np.empty((len(q), len(self._obstacle_links), 0))
        centers = sphere_centers(self._chain, self._spheres, torch.as_tensor(q, dtype=torch.float32))
        gaps = distances(self._field, centers) - self._spheres.tensor("radii", centers)[:, None] - ROUNDING
        return gaps[:, self._members[self._obstacle_links]].amin(dim=2).numpy().astype(float)

    def _near_obstacles(self, bounds: Tensor, centers: Tensor) -> Tensor:
        if self._field is None:
            return torch.empty(0, 3, dtype=torch.long)
        radii = self._bounds.tensor("radii", bounds)[self._obstacle_links]
        overlap = distances(self._field, bounds[:, self._obstacle_links]) <= radii[:, None] + self._margin
        found = overlap.nonzero()
        members = self._members[self._obstacle_links[found[:, 1]]]
        points = centers[found[:, :1], members]
        gaps = distances_to(self._field, points, found[:, 2:].expand(members.shape))
        return found[(gaps <= self._spheres.tensor("radii", centers)[members] + self._margin).any(dim=-1)]

    def _near_self(self, bounds: Tensor, centers: Tensor) -> Tensor:
        first, second = self._pairs.unbind(-1)
        radii = self._bounds.tensor("radii", bounds)
        gap = torch.linalg.vector_norm(bounds[:, first] - bounds[:, second], dim=-1)
        found = (gap <= radii[first] + radii[second] + self._margin).nonzero()
        one, other = self._members[first[found[:, 1]]], self._members[second[found[:, 1]]]
        radii = self._spheres.tensor("radii", centers)
        gaps = torch.cdist(
            centers[found[:, :1], one], centers[found[:, :1], other], compute_mode="donot_use_mm_for_euclid_dist"
        )
        touching = gaps <= radii[one][:, :, None] + radii[other][:, None, :] + self._margin
        return found[touching.flatten(1).any(dim=-1)]


def _members_and_bounds(robot: Robot, links: tuple[str, ...]):
    """Each link's spheres [L, K], the last repeated to fill up, and the ball around them: links, bodies, centres,
    radii.
    """
    spheres, of_link = robot.spheres, np.array(robot.spheres.links)
    indices = [np.flatnonzero(of_link == link) for link in links]
    width = max(len(index) for index in indices)
    members = np.array([np.pad(index, (0, width - len(index)), mode="edge") for index in indices])
    centers = np.array([spheres.centers[index].mean(axis=0) for index in indices])
    reach = np.linalg.norm(spheres.centers[members] - centers[:, None], axis=-1) + spheres.radii[members]
    bodies = spheres.bodies[members[:, 0]]
    return torch.as_tensor(members), (links, bodies, centers, reach.max(axis=1))
