"""The spheres of every shipped arm enclose its links; the fit is certain to enclose, and tight."""

import numpy as np
import pytest

from genmodels_ros.robots.collision.geometry import link_pieces, load_geometry
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.setup.sphere_fitting import Solid, clip, fit_spheres, fit_within

CUBE = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, 8).T.astype(float)
ROD = CUBE * [1.0, 0.2, 0.2]


def uncovered(spheres, points):
    """How far the worst of points lies outside of every sphere."""
    return (np.linalg.norm(points[:, None] - spheres[:, :3], axis=-1) - spheres[:, 3]).min(axis=1).max()


def inside(corners, rng, count=3000):
    return np.concatenate([corners, rng.dirichlet(np.full(len(corners), 0.05), size=count) @ corners])


@pytest.mark.parametrize("name", ["panda", "ur5"])
def test_spheres_enclose_every_link(name, rng):
    """Random points of each piece of a link lie in a sphere of that link."""
    robot = load_robot(name)
    for link, pieces in link_pieces(*load_geometry(robot.source.urdf, robot.source.folder)).items():
        for corners in pieces:
            assert uncovered(np.array(robot.source.settings["spheres"][link]), inside(corners, rng)) <= 1e-9, link


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_fits_enclose(count, rng):
    corners = rng.normal(size=(30, 3)) * [0.1, 0.05, 0.3]
    spheres = fit_spheres(corners, count, rng)
    assert len(spheres) <= count and uncovered(spheres, inside(corners, rng, 20_000)) <= 1e-9


def test_the_best_single_sphere_is_found(rng):
    """Around a cube it is the circumscribed one, which sticks out by sqrt(3) - 1 over each face."""
    (sphere,) = fit_spheres(CUBE, 1, rng)
    np.testing.assert_allclose(sphere, [0, 0, 0, np.sqrt(3)], atol=0.03)
    assert Solid.around(CUBE).slack(sphere[None]) == pytest.approx(np.sqrt(3) - 1, abs=0.03)


def test_slack_is_how_far_a_sphere_sticks_out(rng):
    solid, sphere = Solid.around(ROD), np.array([[0.5, 0.1, 0.0, 0.4]])
    directions = rng.normal(size=(20_000, 3))
    surface = sphere[:, :3] + 0.4 * directions / np.linalg.norm(directions, axis=1, keepdims=True)
    distance = np.linalg.norm(np.maximum(np.abs(surface) - [1.0, 0.2, 0.2], 0), axis=1).max()
    assert solid.slack(sphere) == pytest.approx(distance, abs=1e-3)


def test_spheres_are_added_until_the_slack_is_as_asked(rng):
    few, loose = fit_within(ROD, 0.3, rng)
    many, tight = fit_within(ROD, 0.2, rng)
    assert tight <= 0.2 < loose <= 0.3 and len(few) < len(many)
    assert len(fit_within(ROD, 0.001, rng, most=2)[0]) <= 2


def test_clipping_a_cube_halves_it():
    half = clip(CUBE, np.array([1.0, 0.0, 0.0]), 0.25)
    assert half[:, 0].max() == pytest.approx(0.25) and half[:, 0].min() == -1
    corners = np.unique(np.round(half, 9), axis=0)
    assert {tuple(np.abs(corner[1:])) for corner in corners[corners[:, 0] > 0]} >= {(1.0, 1.0)}


def test_clipping_beside_a_solid_changes_nothing_or_leaves_nothing():
    assert clip(CUBE, np.array([0.0, 0.0, 1.0]), 2.0) is CUBE
    assert not len(clip(CUBE, np.array([0.0, 0.0, 1.0]), -2.0))
