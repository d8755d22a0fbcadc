"""Baselines are as good as geometry allows."""

import math

import numpy as np
import torch

from genmodels_ros.evaluation.scan_baselines import COPY, MAP, WARP, predict
from genmodels_ros.models.world_model.fan import Beams, Fan

BEAMS = Beams(181, -math.pi / 2, math.pi / 180)


def room(pose):
    """An empty room of 8 x 6 m around the origin."""
    angles = BEAMS.angles().numpy() + pose[2]
    cos, sin = np.cos(angles), np.sin(angles)
    with np.errstate(divide="ignore"):
        hits = [(4 - pose[0]) / cos, (-4 - pose[0]) / cos, (3 - pose[1]) / sin, (-3 - pose[1]) / sin]
    return np.min([np.where(hit > 0, hit, np.inf) for hit in hits], axis=0)


def fan(pose):
    ranges = torch.as_tensor(room(pose), dtype=torch.float32)[None]
    known = torch.ones_like(ranges, dtype=torch.bool)
    return Fan(ranges, known, known)


def test_in_a_static_room_the_map_beats_the_warp_and_the_warp_beats_the_copy():
    poses = np.array([[0.0, 0.0, 1.2], [0.0, 0.0, 0.6], [0.1, 0.0, 0.0]])
    targets = np.array([[0.3, 0.1, 0.3], [0.3, 0.1, 1.0]])
    result = predict([fan(pose) for pose in poses], poses, targets, BEAMS, 30.0)
    truth = np.stack([room(pose) for pose in targets])
    error = {name: np.abs(ranges - truth).mean() for name, ranges in result.items()}
    assert error[MAP] < 0.02 < error[WARP] < error[COPY]
    assert all(ranges.shape == (2, 181) for ranges in result.values())


def test_at_rest_all_agree():
    pose = np.array([[0.5, -0.5, 0.2]])
    for ranges in predict([fan(pose[0])], pose, pose, BEAMS, 30.0).values():
        np.testing.assert_allclose(ranges[0], room(pose[0]), atol=1e-4)


def test_misses_are_filled_from_the_nearest_hit():
    scan = fan(np.zeros(3))
    hit = scan.hit.clone()
    hit[0, 60:80] = False
    holed = Fan(torch.where(hit, scan.ranges, 30.0), hit, scan.known)
    result = predict([holed], np.zeros((1, 3)), np.zeros((1, 3)), BEAMS, 30.0)
    assert result[COPY].max() < 6 and result[WARP].max() < 6
