"""Forecasts become points: where, when, how sure, and which not."""

import numpy as np
import pytest
from std_msgs.msg import Header

from genmodels_ros.conversions.point_clouds import to_points
from genmodels_ros.conversions.predicted_obstacles import PointSettings, expected_points, to_point_cloud
from genmodels_ros.pipelines.mobile.imagination import Forecast
from genmodels_ros.pipelines.mobile.observation import Observation

SETTINGS = PointSettings(robot_radius=0.2, height=0.3, resolution=0.05, max_std=0.5)
SEEN = Observation(1.0, np.full(4, 2.0), 0.0, np.pi / 2, 0.1, 8.0, np.zeros(3))
TIMES = np.array([0.4, 0.8])


def forecast(ranges, poses=((0, 0, 0), (0, 0, 0)), hit=True, std=0.1) -> Forecast:
    ranges = np.array(ranges, dtype=float)
    whole = lambda value: np.broadcast_to(value, ranges.shape)  # noqa: E731
    return Forecast(np.array(poses, dtype=float), ranges, whole(hit), whole(std), np.zeros(len(ranges)))


def test_points_lie_in_the_present_frame_of_the_robot():
    poses = [(1.0, 0.0, 0.0), (1.0, 1.0, np.pi / 2)]
    points = expected_points(forecast([[2.0] * 4, [3.0] * 4], poses), TIMES, SEEN, SETTINGS)
    expected = [(3, 0), (1, 2), (-1, 0), (1, -2), (1, 4), (-2, 1), (1, -2), (4, 1)]
    assert len(points) == 7, "what is expected twice at a place is told once"
    for x, y in expected:
        assert np.hypot(points[:, 0] - x, points[:, 1] - y).min() < 1e-6
    assert (points[:, 2] == 0.3).all() and set(points[:, 3]) == {0.4, 0.8}
    again = np.hypot(points[:, 0] - 1, points[:, 1] + 2).argmin()
    assert points[again, 3] == 0.4, "the earlier moment"


def test_what_is_no_obstacle_is_left_out():
    two = [[2.0, 3.0, 4.0, 5.0], [2.0, 3.0, 4.0, 5.0]]
    assert len(expected_points(forecast(two), TIMES, SEEN, SETTINGS)) == 4
    assert len(expected_points(forecast(two, hit=[True, False, True, True]), TIMES, SEEN, SETTINGS)) == 3
    assert len(expected_points(forecast(two, std=[0.1, 0.1, 0.1, 0.6]), TIMES, SEEN, SETTINGS)) == 3
    assert len(expected_points(forecast([[2.0, 0.15, 8.0, 5.0]] * 2), TIMES, SEEN, SETTINGS)) == 2


@pytest.mark.parametrize("count", [0, 5])
def test_the_cloud_holds_what_it_was_given(count):
    points = np.random.default_rng(0).normal(size=(count, 5))
    cloud = to_point_cloud(points, Header(frame_id="base_link"))
    assert cloud.width == count and cloud.header.frame_id == "base_link" and cloud.is_dense
    np.testing.assert_allclose(to_points(cloud), points[:, :3], rtol=1e-6)
    np.testing.assert_allclose(np.frombuffer(cloud.data, "<f4").reshape(-1, 5), points, rtol=1e-6)
