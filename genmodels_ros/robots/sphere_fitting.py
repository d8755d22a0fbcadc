"""Spheres that provably enclose a link: `python -m genmodels_ros.robots.sphere_fitting URDF SHARE_FOLDER` prints them.

The convex hull of the link is cut into the Voronoi cells of the sphere centres. A cell of a convex body is a convex
polytope, so the ball around its corners holds all of it, and the balls of all cells hold the hull: no sampling,
nothing left out. Lloyd's iteration (cells, balls, ball centres as the new sites) shrinks them; the best of several
starts is kept.
"""

import argparse

import numpy as np

from genmodels_ros.robots.geometry import hull_points, link_points, load_geometry


def enclosing_ball(points: np.ndarray, iterations: int = 300) -> tuple[np.ndarray, float]:
    """Centre and radius of a ball around points [N, 3], near the smallest (Bădoiu and Clarkson, 2003); it holds them
    all.
    """
    center = points.mean(axis=0)
    for step in range(1, iterations):
        farthest = points[np.argmax(((points - center) ** 2).sum(axis=1))]
        center = center + (farthest - center) / (step + 1)
    return center, float(np.linalg.norm(points - center, axis=1).max())


def clip(points: np.ndarray, normal: np.ndarray, offset: float) -> np.ndarray:
    """Corners [M, 3] of hull(points) cut with the half space normal · x <= offset; empty where nothing is left.

    Every corner of the cut is an old corner or lies on a segment between a kept and a dropped one; the other such
    points lie inside and are removed with the hull.
    """
    height = points @ normal - offset
    kept, dropped = points[height <= 0], points[height > 0]
    if not len(dropped) or not len(kept):
        return kept
    above, below = height[height > 0][None, :, None], -height[height <= 0][:, None, None]
    crossings = (kept[:, None] * above + dropped[None] * below) / (above + below)
    return hull_points(np.concatenate([kept, crossings.reshape(-1, 3)]))


def voronoi_cell(points: np.ndarray, sites: np.ndarray, index: int) -> np.ndarray:
    """Corners of the part of hull(points) that is nearest to sites[index]."""
    for other in np.delete(np.arange(len(sites)), index):
        normal = sites[other] - sites[index]
        points = clip(points, normal, normal @ (sites[other] + sites[index]) / 2)
        if not len(points):
            break
    return points


def fit_spheres(points: np.ndarray, count: int, rng: np.random.Generator, starts: int = 8) -> np.ndarray:
    """[count, 4] (x, y, z, radius) around hull(points), with a small largest radius; fewer where a cell came out
    empty.
    """
    points, best = hull_points(points), None
    for _ in range(starts):
        weights = rng.dirichlet(np.full(len(points), 0.1), size=count)
        sites = weights @ points
        for _ in range(25):
            cells = [voronoi_cell(points, sites, index) for index in range(len(sites))]
            balls = [enclosing_ball(cell) for cell in cells if len(cell)]
            sites = np.array([center for center, _ in balls])
        # The sites moved after the last cells were cut: the balls belong to those cells and hold them.
        if best is None or max(r for _, r in balls) < best[:, 3].max():
            best = np.array([[*center, radius] for center, radius in balls])
    return best


def protrusion(spheres: np.ndarray, points: np.ndarray, rng: np.random.Generator, count: int = 4000) -> float:
    """How far the spheres stick out of hull(points) at most, m, over random directions: the slack of the enclosure."""
    directions = rng.normal(size=(count, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    support = (points @ directions.T).max(axis=0)
    return float(((spheres[:, :3] @ directions.T + spheres[:, 3:]).max(axis=0) - support).max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("urdf")
    parser.add_argument("package_folder", help="the folder that package:// URIs are relative to")
    parser.add_argument("--counts", nargs="*", default=[], metavar="LINK=N", help="spheres a link (default 6)")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    counts = dict(entry.split("=") for entry in arguments.counts)
    rng = np.random.default_rng(arguments.seed)
    print("spheres:  # x, y, z, radius in m, in the link's frame; made by sphere_fitting.py")
    for link, points in link_points(*load_geometry(arguments.urdf, arguments.package_folder)).items():
        spheres = fit_spheres(points, int(counts.get(link, 6)), rng)
        spheres[:, 3] += 1e-4  # the printed digits are rounded
        print(f"  {link}:  # slack {1000 * protrusion(spheres, points, rng):.0f} mm")
        for row in spheres:
            print("    - [" + ", ".join(f"{value:.4f}" for value in row) + "]")


if __name__ == "__main__":
    main()
