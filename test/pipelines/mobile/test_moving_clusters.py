"""The tracker: what crosses free space moves, what a doorway reveals does not."""

import math

import numpy as np
import pytest

from genmodels_ros.models.world_model.fan import Beams
from genmodels_ros.models.world_model.tracks import FEATURES
from genmodels_ros.pipelines.mobile.moving_clusters import Tracker, segment

BEAMS = Beams(360, -math.pi, 2 * math.pi / 360)
ANGLES = BEAMS.angle_min + BEAMS.increment * np.arange(BEAMS.count)
LIMIT = 12.0


def discs(pose, *places, radius=0.25, walls=()):
    """Ranges [360] from `pose` among discs at (x, y) and wall segments (x0, y0, x1, y1)."""
    ranges = np.full(BEAMS.count, LIMIT)
    along = np.stack([np.cos(ANGLES + pose[2]), np.sin(ANGLES + pose[2])], 1)
    for place in places:
        offset = np.asarray(place) - pose[:2]
        near, side = along @ offset, along[:, 0] * offset[1] - along[:, 1] * offset[0]
        seen = (np.abs(side) < radius) & (near > 0)
        ranges[seen] = np.minimum(ranges, near - np.sqrt(np.maximum(radius**2 - side**2, 0)))[seen]
    for x0, y0, x1, y1 in walls:
        edge, start = np.array([x1 - x0, y1 - y0]), np.array([x0, y0]) - pose[:2]
        cross = along[:, 0] * edge[1] - along[:, 1] * edge[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            distance = (start[0] * edge[1] - start[1] * edge[0]) / cross
            share = (start[0] * along[:, 1] - start[1] * along[:, 0]) / cross
        seen = (distance > 0) & (share >= 0) & (share <= 1) & (distance < ranges)
        ranges[seen] = distance[seen]
    return ranges


def follow(scene, seconds=1.6, pose=lambda t: np.zeros(3), noise=0.01, step=0.2):
    """The last Clusters of a tracker that watched scene(t, pose) for `seconds`."""
    tracker, rng = Tracker(), np.random.default_rng(0)
    for t in np.arange(0.0, seconds + 1e-9, step):
        ranges = scene(t, pose(t))
        hit = ranges < LIMIT
        ranges = np.where(hit, ranges + rng.normal(0, noise, len(ranges)), LIMIT)
        found = tracker.observe(t, ranges, hit, np.ones_like(hit), BEAMS, pose(t))
    return found


@pytest.mark.parametrize("velocity", [(0.0, 0.8), (0.7, 0.0), (-0.6, 0.6)])
def test_a_walker_is_found_with_its_velocity(velocity):
    found = follow(lambda t, pose: discs(pose, (3.0 + velocity[0] * (t - 1), velocity[1] * (t - 1))))
    assert found.moving.sum() == 1 and found.features.shape == (len(found.moving), FEATURES)
    np.testing.assert_allclose(found.velocity[found.moving][0], velocity, atol=0.15)
    beams = found.at_beams(found.moving)
    assert 5 <= beams.sum() <= 15 and np.abs(ANGLES[beams]).max() < 0.4


def test_velocities_are_in_the_robots_frame_and_free_of_its_own_motion():
    drive = lambda t: np.array([0.4 * t, 0.0, 0.5 * t])  # noqa: E731
    found = follow(lambda t, pose: discs(pose, (3.0, 0.8 * (t - 1)), (1.0, 2.5)), pose=drive)
    yaw = drive(1.6)[2]
    expected = 0.8 * np.array([math.sin(yaw), math.cos(yaw)])
    np.testing.assert_allclose(found.velocity[found.moving], [expected], atol=0.17)


def test_what_stands_does_not_move():
    found = follow(lambda t, pose: discs(pose, (2.0, 1.0), (3.0, -1.0), (-2.0, 0.5)))
    assert len(found.moving) == 3 and not found.moving.any()
    np.testing.assert_allclose(found.velocity, 0, atol=0.1)


def test_a_wall_behind_a_doorway_seems_to_walk_but_is_not_believed():
    """Driving past a doorway, the piece of the far wall that one sees shifts sideways."""
    walls = ((-5, 2, 1.0, 2), (1.6, 2, 6, 2), (-5, 4.5, 6, 4.5))
    found = follow(lambda t, pose: discs(pose, walls=walls), pose=lambda t: np.array([0.5 * t, 0.0, 0.0]), seconds=2.0)
    assert not found.moving.any()


def test_a_cluster_across_the_seam_of_a_closed_fan_is_one():
    ranges = discs(np.zeros(3), (-2.0, 0.0))
    points = ranges[:, None] * np.stack([np.cos(ANGLES), np.sin(ANGLES)], 1)
    labels = segment(points, ranges, ranges < LIMIT, closed=True)
    assert len(set(labels[labels >= 0])) == 1 and {0, 359} <= set(np.flatnonzero(labels >= 0))
    apart = segment(points, ranges, ranges < LIMIT, closed=False)
    assert len(set(apart[apart >= 0])) == 2


def test_walls_and_single_points_are_not_tracked():
    ranges = discs(np.zeros(3), walls=((2, -3, 2, 3),))
    ranges[10] = 1.0
    points = ranges[:, None] * np.stack([np.cos(ANGLES), np.sin(ANGLES)], 1)
    assert (segment(points, ranges, ranges < LIMIT, closed=True) == -1).all()


def test_an_empty_view_and_a_full_wall_are_no_trouble():
    tracker = Tracker()
    for t, ranges in enumerate((np.full(360, LIMIT), np.full(360, 2.0), np.full(360, LIMIT))):
        found = tracker.observe(0.2 * t, ranges, ranges < LIMIT, np.ones(360, bool), BEAMS, np.zeros(3))
        assert len(found.velocity) == 0 and (found.labels == -1).all()
        assert found.at_beams(found.velocity).shape == (360, 2)
