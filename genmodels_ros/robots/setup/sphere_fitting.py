"""Spheres that provably enclose a convex solid and stick out of it as little as possible.

A ball at c with radius r sticks out of a convex solid {x : n_f · x <= b_f} by r - depth(c), where
depth(c) = min_f (b_f - n_f · c) is how far c lies below the surface. Centres are sought that minimise the largest of
these, the slack, over sample points of the solid: Lloyd's iteration with the cells

    cell i = points x whose |x - c_i| - depth(c_i), the slack that ball i needs to hold x, is smallest at i

and, in each cell, subgradient steps on the convex function max_x |x - c| - depth(c). Samples prove nothing: at the end
the solid is cut exactly into the power cells of the balls (convex polytopes, Aurenhammer 1987), and each radius is the
distance to the farthest corner of the ball's own cell. Corners that the samples had missed join them, and once more.
"""

from dataclasses import dataclass

import numpy as np

from genmodels_ros.robots.collision.geometry import farthest_from, hull_faces, unit_vectors

SAMPLES = 500
STARTS = 6
ROUNDS = 50  # of Lloyd's iteration
STEPS = 12  # subgradient steps a round
CUTS = 3  # times the solid is cut exactly
MOST_CORNERS = 300  # of a hull; finer ones are taken for a coarse one and what sticks out of it
DIRECTIONS = 600
COUNTS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16)


@dataclass(frozen=True)
class Solid:
    """The convex hull of points: corners [N, 3] m; of its faces the corners' numbers [F, 3], outward normals [F, 3] and
    offsets [F] m. excess: m by which points may lie outside of this hull, where it is a coarse one.
    """

    corners: np.ndarray
    triangles: np.ndarray
    normals: np.ndarray
    offsets: np.ndarray
    excess: float = 0.0

    @classmethod
    def around(cls, points: np.ndarray) -> "Solid":
        """Raises ValueError where the points span no volume."""
        corners, triangles, excess = *hull_faces(points), 0.0
        if len(corners) > MOST_CORNERS:
            fine, directions = corners, unit_vectors(DIRECTIONS)
            corners, triangles = hull_faces(fine[np.unique((fine @ directions.T).argmax(axis=0))])
            excess = farthest_from(corners, fine)
        first, second, third = corners[triangles].transpose(1, 0, 2)
        normals = np.cross(second - first, third - first)
        flat = np.linalg.norm(normals, axis=1) < 1e-12
        triangles, normals, first = triangles[~flat], normals[~flat], first[~flat]
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        normals *= np.sign(((first - corners.mean(axis=0)) * normals).sum(axis=1))[:, None]
        return cls(corners, triangles, normals, (normals * first).sum(axis=1), excess)

    def depth(self, points: np.ndarray) -> np.ndarray:
        """How far points [*, 3] lie below the surface [*], m; negative outside."""
        return (self.offsets - points @ self.normals.T).min(axis=-1)

    def slack(self, spheres: np.ndarray) -> float:
        """How far spheres [K, 4] stick out at most, m."""
        return float((spheres[:, 3] - self.depth(spheres[:, :3])).max())

    def sample(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Points [N, 3]: at most `count` corners, and as many points on edges, on faces and inside."""
        a, b, c = self.corners[self.triangles].transpose(1, 0, 2)
        area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
        face = rng.choice(len(a), count, p=area / area.sum())
        weights = rng.dirichlet(np.ones(3), count)
        weights[: count // 4, 2] = 0  # on an edge
        weights /= weights.sum(axis=1, keepdims=True)
        points = np.einsum("nk,nkd->nd", weights, self.corners[self.triangles[face]])
        inside, center = slice(count // 4, count // 2), self.corners.mean(axis=0)
        points[inside] = center + (points[inside] - center) * rng.uniform(size=(len(points[inside]), 1)) ** (1 / 3)
        return np.concatenate([rng.permutation(self.corners)[:count], points])


def fit_spheres(points: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """At most `count` spheres [K, 4] (x, y, z, radius) that hold the hull of points [N, 3], of little slack."""
    solid = Solid.around(points)
    samples = solid.sample(rng, SAMPLES)
    middle = samples.mean(axis=0)
    centers = middle + 0.7 * (samples[rng.integers(len(samples), size=(STARTS, count))] - middle)
    best = None
    for _ in range(CUTS):
        centers, slack = _lloyd(solid, samples, centers)
        spheres, corners = _cut(solid, centers[slack.argmin()], slack.min())
        if best is None or solid.slack(spheres) < solid.slack(best):
            best = spheres
        samples, centers = np.concatenate([samples, corners]), centers[[slack.argmin()]]
    return best + [0, 0, 0, solid.excess]  # noqa: RUF005


def fit_within(
    points: np.ndarray, slack: float, rng: np.random.Generator, most: int = COUNTS[-1]
) -> tuple[np.ndarray, float]:
    """About the fewest spheres [K, 4] that stick out by at most `slack` m, or `most` where no fewer do; and their
    slack. The count is found by bisection.
    """
    solid, counts = Solid.around(points), [count for count in COUNTS if count <= most]
    spheres, first, last = None, 0, len(counts) - 1
    while first < last or spheres is None:
        middle = (first + last) // 2
        tried = fit_spheres(points, counts[middle], rng)
        if solid.slack(tried) <= slack or middle == last:
            spheres, last = tried, middle
        else:
            first = middle + 1
    return spheres, solid.slack(spheres)


def clip(points: np.ndarray, normal: np.ndarray, offset: float) -> np.ndarray:
    """Points [M, 3] whose hull is hull(points) cut with the half space normal · x <= offset; empty where nothing is
    left.

    Every corner of the cut is an old corner or lies on an old edge, between a kept and a dropped one.
    """
    if (points @ normal <= offset).all():
        return points
    corners, edges = _edges(points)
    height = corners @ normal - offset
    crossing = edges[(height[edges[:, 0]] <= 0) & (height[edges[:, 1]] > 0)]
    below, above = -height[crossing[:, :1]], height[crossing[:, 1:]]
    cuts = (corners[crossing[:, 0]] * above + corners[crossing[:, 1]] * below) / (above + below)
    return np.concatenate([corners[height <= 0], cuts])


def _edges(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corners of the hull and its edges [E, 2], both ways round; all pairs of points that span no volume."""
    try:
        corners, triangles = hull_faces(points)
    except ValueError:
        return points, np.argwhere(~np.eye(len(points), dtype=bool))
    edges = triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    return corners, np.unique(np.concatenate([edges, edges[:, ::-1]]), axis=0)


def _lloyd(solid: Solid, samples: np.ndarray, centers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The best centres [S, K, 3] on the way from those given, and the slack that each start's need on the samples
    [S].
    """
    best, least = centers.copy(), np.full(len(centers), np.inf)
    size = np.ptp(samples, axis=0).max()
    for round_ in range(ROUNDS):
        needed = _distances(samples, centers) - solid.depth(centers)[:, None]
        owner, slack = needed.argmin(axis=-1), needed.min(axis=-1)
        better = slack.max(axis=1) < least
        best[better], least[better] = centers[better], slack.max(axis=1)[better]
        mine = owner[..., None] == np.arange(centers.shape[1])
        centers = _shrink(solid, samples, mine, centers, 0.05 * size * (1 - round_ / ROUNDS) + 1e-4)
        start, idle = np.nonzero(~mine.any(axis=1))
        worst = samples[slack.argmax(axis=1)]
        centers[start, idle] = (worst[start] + samples.mean(axis=0)) / 2  # an idle ball goes where one is missing
    return best, least


def _shrink(solid: Solid, samples: np.ndarray, mine: np.ndarray, centers: np.ndarray, step: float) -> np.ndarray:
    """Centres [S, K, 3] from which the slack needed for the own samples, mine [S, N, K], is smaller."""
    best, least = centers, np.full(centers.shape[:2], np.inf)
    for iteration in range(STEPS):
        distances = np.where(mine, _distances(samples, centers), -1)
        farthest = distances.argmax(axis=1)
        reach = np.take_along_axis(distances, farthest[:, None], axis=1)[:, 0]
        outside = centers @ solid.normals.T - solid.offsets
        face, slack = outside.argmax(axis=-1), reach + outside.max(axis=-1)
        better = slack < least
        best, least = np.where(better[..., None], centers, best), np.where(better, slack, least)
        gradient = (centers - samples[farthest]) / np.maximum(reach, 1e-9)[..., None] + solid.normals[face]
        centers = np.where(reach[..., None] >= 0, centers - step / (iteration + 1) * gradient, centers)
    return best


def _cut(solid: Solid, centers: np.ndarray, slack: float) -> tuple[np.ndarray, np.ndarray]:
    """Balls [K, 4] around `centers` that hold the solid, each as large as the corners of its own cell ask for; and all
    these corners.
    """
    power = (centers**2).sum(axis=1) - (solid.depth(centers) + slack) ** 2
    spheres, corners = [], []
    for index, center in enumerate(centers):
        cell = solid.corners
        for other in np.delete(np.arange(len(centers)), index):
            cell = clip(cell, 2 * (centers[other] - center), power[other] - power[index])
            if not len(cell):
                break
        else:
            spheres.append([*center, np.linalg.norm(cell - center, axis=1).max()])
            corners.append(cell)
    return np.array(spheres), np.concatenate(corners)


def _distances(points: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """[S, N, K] from points [N, 3] to centres [S, K, 3]."""
    squares = (points**2).sum(axis=1)[:, None] + (centers**2).sum(axis=-1)[:, None]
    return np.sqrt(np.maximum(squares - 2 * points @ centers.transpose(0, 2, 1), 0))
