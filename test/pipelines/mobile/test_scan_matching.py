"""Matching of scans: motions are found without odometry's help, and where walls tell nothing odometry's word stands."""

import math

import numpy as np
import pytest

from genmodels_ros.models.world_model.fan import circle
from genmodels_ros.pipelines.mobile.scan_matching import arrivals, compose, match, relative, surface

BEAMS = circle(180)
ANGLES = -math.pi + BEAMS.increment * np.arange(180)


def room(pose, walls=(-4.0, -3.0, 5.0, 3.0)):
    """Ranges of the walls (x, y, x, y) of a room, up to 12 m."""
    cos, sin = np.cos(ANGLES + pose[2]), np.sin(ANGLES + pose[2])
    with np.errstate(divide="ignore", invalid="ignore"):
        hits = [(walls[2] - pose[0]) / cos, (walls[0] - pose[0]) / cos]
        hits += [(walls[3] - pose[1]) / sin, (walls[1] - pose[1]) / sin]
    return np.minimum(np.min([np.where(hit > 0, hit, np.inf) for hit in hits], axis=0), 12.0)


def seen(pose, rng=None, noise=0.01, **settings):
    ranges = room(pose, **settings)
    hit = ranges < 12.0
    return surface(ranges + (0.0 if rng is None else rng.normal(0, noise, 180)) * hit, hit, BEAMS)


@pytest.mark.parametrize("told", [(0.0, 0.0, 0.0), (0.1, 0.0, 0.2), (0.2, 0.0, -0.2)])
def test_the_motion_is_found_whatever_odometry_tells(told):
    rng = np.random.default_rng(0)
    motion = np.array([0.1, 0.02, 0.05])
    found = match(seen(np.zeros(3), rng), seen(motion, rng), np.array(told))
    np.testing.assert_allclose(found.motion, motion, atol=0.01)
    assert found.misfit < 0.15


def test_along_a_corridor_odometry_is_believed():
    walls = (-1000.0, -1.0, 1000.0, 1.0)
    told = np.array([0.12, 0.0, 0.0])
    found = match(seen(np.zeros(3), walls=walls), seen(np.array([0.04, 0.03, 0.0]), walls=walls), told)
    assert found.motion[0] == pytest.approx(told[0], abs=0.01)
    assert found.motion[1] == pytest.approx(0.03, abs=0.01)
    assert found.information[0, 0] < 0.05 * found.information[1, 1]


def test_another_place_fits_no_motion():
    near = match(seen(np.zeros(3)), seen(np.array([0.1, 0.0, 0.0])), np.array([0.1, 0.0, 0.0]))
    far = match(seen(np.zeros(3)), seen(np.array([2.5, -1.5, 1.0])), np.array([0.1, 0.0, 0.0]))
    assert far.misfit > near.misfit + 0.3


def test_what_stands_never_arrives_and_what_is_put_down_does():
    before, motion = seen(np.zeros(3)), np.array([0.1, 0.0, 0.1])
    known = np.ones(180, bool)
    assert arrivals(before, known, seen(motion), motion, 9.0).max() < 0.2  # half a gap between beams at the far corner
    ranges = room(motion)
    ranges[80:100] = 0.4
    came = arrivals(before, known, surface(ranges, ranges < 12, BEAMS), motion, 9.0)
    assert came[80:100].min() > 2.0
    assert not arrivals(before, known, surface(ranges, ranges < 12, BEAMS), motion, 0.3).any()
    assert not arrivals(before, ~known, surface(ranges, ranges < 12, BEAMS), motion, 9.0).any()


def test_relative_undoes_compose():
    rng = np.random.default_rng(1)
    pose, motion = rng.normal(size=3), rng.normal(size=3)
    np.testing.assert_allclose(relative(pose, compose(pose, motion)), motion, atol=1e-12)
