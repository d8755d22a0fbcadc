"""The spheres of every robot enclose its links; the geometry behind their fit."""

import numpy as np
import pytest

from genmodels_ros.robots.geometry import link_points, load_geometry
from genmodels_ros.robots.sphere_fitting import clip, enclosing_ball, fit_spheres


def test_spheres_enclose_every_link(panda, rng):
    """Random points of each link's hull lie in a sphere of that link."""
    for link, corners in link_points(*load_geometry(panda.urdf, panda.package_folder)).items():
        index = panda.chain.link(link)
        weights = rng.dirichlet(np.full(len(corners), 0.05), size=4000)
        points = np.concatenate([corners, weights @ corners])
        points = points @ panda.chain.body_from_link[index, :3, :3].T + panda.chain.body_from_link[index, :3, 3]
        mine = [k for k, name in enumerate(panda.spheres.links) if name == link]
        gap = np.linalg.norm(points[:, None] - panda.spheres.centers[mine], axis=-1) - panda.spheres.radii[mine]
        assert gap.min(axis=1).max() <= 1e-9, link


def test_enclosing_ball_encloses_tightly(rng):
    corners = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, 8).T.astype(float)
    center, radius = enclosing_ball(corners)
    assert radius == pytest.approx(np.sqrt(3), rel=0.02)
    assert np.linalg.norm(corners - center, axis=1).max() <= radius


def test_clipping_a_cube_halves_it():
    corners = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, 8).T.astype(float)
    half = clip(corners, np.array([1.0, 0.0, 0.0]), 0.25)
    assert len(half) == 8 and half[:, 0].max() == pytest.approx(0.25)


def test_more_spheres_are_smaller(rng):
    rod = np.array(np.meshgrid([-1, 1], [-0.2, 0.2], [-0.2, 0.2])).reshape(3, 8).T.astype(float)
    one, five = (fit_spheres(rod, count, rng, starts=2) for count in (1, 5))
    assert five[:, 3].max() < 0.5 * one[:, 3].max()
