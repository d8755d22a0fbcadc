"""The robot as spheres that enclose its links: fast, differentiable distances to obstacles and to itself.

Every sphere model encloses the collision geometry (setup/sphere_fitting.py), so a clear sphere model proves a clear
robot; the reverse does not hold, and collision/checker.py decides where spheres touch.
"""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from genmodels_ros.robots.distance import ObstacleField, clearance
from genmodels_ros.robots.kinematics import KinematicChain, bodies


@dataclass(frozen=True, eq=False)
class SphereModel:
    """S spheres on the bodies of a chain.

    links: S link names; bodies: [S], ascending; centers: [S, 3] m in the body's frame; radii: [S] m
    near_obstacles: [S] bool, spheres that must clear obstacles
    pairs: [P, 2] spheres that must clear each other
    """

    links: tuple[str, ...]
    bodies: np.ndarray
    centers: np.ndarray
    radii: np.ndarray
    near_obstacles: np.ndarray
    pairs: np.ndarray
    _tensors: dict = field(default_factory=dict, repr=False)

    @classmethod
    def from_links(
        cls,
        chain: KinematicChain,
        spheres: dict[str, list[list[float]]],
        link_pairs: tuple[tuple[str, str], ...],
        obstacle_links: tuple[str, ...],
    ) -> "SphereModel":
        """Spheres given a link as [x, y, z, radius] in the link's frame."""
        rows = []
        for link, link_spheres in sorted(spheres.items(), key=lambda item: chain.link_bodies[chain.link(item[0])]):
            index = chain.link(link)
            rotation, translation = chain.body_from_link[index, :3, :3], chain.body_from_link[index, :3, 3]
            for *center, radius in link_spheres:
                rows.append((link, int(chain.link_bodies[index]), rotation @ center + translation, radius))
        names, body, centers, radii = zip(*rows, strict=True)
        return cls.from_bodies(names, np.array(body), np.array(centers), np.array(radii), link_pairs, obstacle_links)

    @classmethod
    def from_bodies(
        cls,
        links: tuple[str, ...],
        bodies: np.ndarray,
        centers: np.ndarray,
        radii: np.ndarray,
        link_pairs: tuple[tuple[str, str], ...],
        obstacle_links: tuple[str, ...],
    ) -> "SphereModel":
        """Spheres given in their bodies' frames, bodies ascending."""
        checked = {frozenset(pair) for pair in link_pairs}
        first, second = np.triu_indices(len(links), 1)
        keep = [frozenset((links[i], links[j])) in checked for i, j in zip(first, second, strict=True)]
        return cls(
            links=tuple(links),
            bodies=bodies,
            centers=centers,
            radii=radii,
            near_obstacles=np.array([link in obstacle_links for link in links]),
            pairs=np.stack([first[keep], second[keep]], axis=-1),
        )

    def __len__(self) -> int:
        return len(self.links)

    def tensor(self, name: str, like: Tensor) -> Tensor:
        """One of the arrays on the device of `like`, with its dtype unless it holds indices; converted once."""
        key = (name, like.dtype, like.device)
        if key not in self._tensors:
            array = torch.as_tensor(getattr(self, name)).to(like.device)
            self._tensors[key] = array.to(like.dtype) if array.is_floating_point() else array
        return self._tensors[key]


def sphere_centers(chain: KinematicChain, spheres: SphereModel, q: Tensor) -> Tensor:
    """Centres [*, S, 3] in the base frame, m, for configurations q [*, D]."""
    local, frames = spheres.tensor("centers", q), bodies(chain, q)
    parts = []
    for body, frame in enumerate(frames):
        mine = np.flatnonzero(spheres.bodies == body)
        if len(mine):
            rotation, translation = frame[..., :3, :3], frame[..., None, :3, 3]
            parts.append((rotation @ local[mine[0] : mine[-1] + 1].T).transpose(-1, -2) + translation)
    return torch.cat(parts, dim=-2)


def obstacle_distances(spheres: SphereModel, centers: Tensor, obstacles: ObstacleField) -> Tensor:
    """Signed distance [*, S'] from each sphere that must clear obstacles to the nearest one, m; negative overlaps.

    centers: [*, S, 3]. A field of several scenes [B] takes centers [B, …, S, 3].
    """
    mine = spheres.tensor("near_obstacles", centers)
    points, radii = centers[..., mine, :], spheres.tensor("radii", centers)[mine]
    lead = obstacles.table.shape[:-2]
    flat = points.reshape(*lead, -1, 3)
    return clearance(obstacles, flat).reshape(points.shape[:-1]) - radii


def self_distances(spheres: SphereModel, centers: Tensor) -> Tensor:
    """Signed distance [*, P] between the spheres of every checked pair, m; negative overlaps."""
    pairs, radii = spheres.tensor("pairs", centers), spheres.tensor("radii", centers)
    # Spheres first: whole rows of configurations are then copied at once, much faster than triples of numbers.
    rows = centers.reshape(-1, *centers.shape[-2:]).permute(2, 1, 0).contiguous()
    gap = rows.index_select(1, pairs[:, 0]) - rows.index_select(1, pairs[:, 1])
    x, y, z = gap.unbind(0)
    distance = (x * x + y * y + z * z).sqrt() - (radii[pairs[:, 0]] + radii[pairs[:, 1]])[:, None]
    return distance.T.reshape(*centers.shape[:-2], len(pairs))
