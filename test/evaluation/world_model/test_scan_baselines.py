"""Baselines are as good as geometry allows."""

import math

import numpy as np
import pytest

from genmodels_ros.evaluation.world_model.scan_baselines import COPY, MAP, TRACK, WARP, Baselines
from genmodels_ros.models.world_model.fan import Beams
from genmodels_ros.pipelines.mobile.observation import Observation

BEAMS = Beams(181, -math.pi / 2, math.pi / 180)


def room(pose):
    """An empty room of 8 x 6 m around the origin."""
    angles = BEAMS.angles().numpy() + pose[2]
    cos, sin = np.cos(angles), np.sin(angles)
    with np.errstate(divide="ignore"):
        hits = [(4 - pose[0]) / cos, (-4 - pose[0]) / cos, (3 - pose[1]) / sin, (-3 - pose[1]) / sin]
    return np.min([np.where(hit > 0, hit, np.inf) for hit in hits], axis=0)


def seen(pose, stamp=0.0, ranges=None):
    return Observation(
        stamp, room(pose) if ranges is None else ranges, BEAMS.angle_min, BEAMS.increment, 0.05, 30.0, np.array(pose)
    ).checked()


def after(*observations):
    baselines = Baselines()
    for observation in observations:
        baselines.observe(observation)
    return baselines


def test_in_a_static_room_the_map_beats_the_warp_and_the_warp_beats_the_copy():
    poses = np.array([[0.0, 0.0, 1.2], [0.0, 0.0, 0.6], [0.1, 0.0, 0.0]])
    targets = np.array([[0.3, 0.1, 0.3], [0.3, 0.1, 1.0]])
    result = after(*[seen(pose, 0.2 * i) for i, pose in enumerate(poses)]).predict(targets, np.array([0.2, 0.4]))
    truth = np.stack([room(pose) for pose in targets])
    error = {name: np.abs(ranges - truth).mean() for name, ranges in result.items()}
    assert error[MAP] < 0.02 < error[WARP] < error[COPY]
    assert error[TRACK] == pytest.approx(error[MAP], abs=1e-3)  # nothing moves
    assert all(ranges.shape == (2, 181) for ranges in result.values())


def test_at_rest_all_agree():
    pose = np.array([0.5, -0.5, 0.2])
    for ranges in after(seen(pose)).predict(pose[None], np.array([0.2])).values():
        np.testing.assert_allclose(ranges[0], room(pose), atol=1e-4)


def test_misses_are_filled_from_the_nearest_hit():
    ranges = room(np.zeros(3))
    ranges[60:80] = np.inf
    result = after(seen(np.zeros(3), ranges=ranges)).predict(np.zeros((1, 3)), np.array([0.2]))
    assert result[COPY].max() < 6 and result[WARP].max() < 6


def with_person(y):
    """The room with a round person of radius 0.25 m at (2, y), seen from the origin."""
    angles, ranges = BEAMS.angles().numpy(), room(np.zeros(3))
    along, off = 2 * np.cos(angles) + y * np.sin(angles), np.abs(y * np.cos(angles) - 2 * np.sin(angles))
    front = along - np.sqrt(np.maximum(0.0625 - off**2, 0))
    return np.where((off < 0.25) & (along > 0), np.minimum(ranges, front), ranges)


def test_tracking_foresees_who_walks_and_what_stands_behind():
    speed = 0.8
    walk = lambda t: with_person(-1.2 + speed * t)  # noqa: E731
    baselines = after(*[seen(np.zeros(3), t, walk(t)) for t in np.arange(0.0, 1.7, 0.2)])
    moving = np.hypot(*baselines.velocity.T) > 0
    assert 5 < moving.sum() < 25
    np.testing.assert_allclose(baselines.velocity[moving].mean(0), [0, speed], atol=0.12)
    result = baselines.predict(np.zeros((1, 3)), np.array([1.0]))
    error = {name: np.abs(ranges[0] - walk(2.6)).mean() for name, ranges in result.items()}
    assert error[TRACK] < 0.4 * min(error[WARP], error[MAP], error[COPY])
