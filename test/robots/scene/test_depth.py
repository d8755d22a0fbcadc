"""Points of a depth image, against scenes whose depth is known in closed form."""

import numpy as np

from genmodels_ros.robots.scene.depth import PinholeCamera, depth_points

CAMERA = PinholeCamera(width=64, height=48, fx=60.0, fy=55.0, cx=30.0, cy=25.0)
# 1 m in front of the base and 0.5 m up, looking back at it: optical z is base -x, optical x is base y.
POSE = np.array([[0.0, 0, -1, 1.0], [1, 0, 0, 0], [0, -1, 0, 0.5], [0, 0, 0, 1]])


def rays():
    columns, rows = np.meshgrid(np.arange(CAMERA.width), np.arange(CAMERA.height))
    return np.stack([(columns - CAMERA.cx) / CAMERA.fx, (rows - CAMERA.cy) / CAMERA.fy, np.ones_like(rows)], axis=-1)


def test_a_wall_is_flat():
    points = depth_points(np.full((48, 64), 0.8), CAMERA, POSE)
    assert points.shape == (48 * 64, 3)
    np.testing.assert_allclose(points[:, 0], 0.2, atol=1e-6)
    np.testing.assert_allclose(points[:, 1].max(), 0.8 * (63 - 30.0) / 60.0, rtol=1e-5)
    np.testing.assert_allclose(points[:, 2].min(), 0.5 - 0.8 * (47 - 25.0) / 55.0, rtol=1e-5)


def test_a_ball_is_round():
    center, radius = np.array([0.1, 0.05, 0.9]), 0.2  # optical frame
    d = rays()
    a, b, c = (d * d).sum(-1), d @ center, center @ center - radius**2
    inside = b * b - a * c
    depth = np.where(inside > 0, (b - np.sqrt(np.maximum(inside, 0))) / a, np.nan)
    points = depth_points(depth, CAMERA, POSE)
    assert 100 < len(points) < 48 * 64
    middle = POSE[:3, :3] @ center + POSE[:3, 3]
    np.testing.assert_allclose(np.linalg.norm(points - middle, axis=1), radius, atol=1e-5)


def test_pixels_without_a_reading_are_left_aside():
    depth = np.full((48, 64), 1.0, dtype=np.float32)
    depth[0, :4] = [0.0, np.nan, np.inf, -1.0]
    points = depth_points(depth, CAMERA, POSE)
    assert len(points) == 48 * 64 - 4 and np.isfinite(points).all()
