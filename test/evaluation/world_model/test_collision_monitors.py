"""The monitors without learning are no straw men."""

import numpy as np
import pytest

from genmodels_ros.evaluation.world_model.collision_monitors import MONITORS, monitors
from genmodels_ros.pipelines.mobile.observation import Observation

HELD, COMMANDED, TRACKED = MONITORS


def scene(*points):
    """A scan of 360 beams that hits these points (x, y), nothing else within 12 m, and who hits them."""
    ranges = np.full(360, np.inf)
    for x, y in points:
        ranges[round(np.degrees(np.arctan2(y, x))) + 180] = np.hypot(x, y)
    return Observation(0.0, ranges, -np.pi, 2 * np.pi / 360, 0.1, 12.0, np.zeros(3), np.array([0.0, 0.0])).checked()


def test_monitors_measure_clearance_along_what_they_believe():
    ahead, commands = scene((1.0, 0.0)), np.tile([0.5, 0.0], (6, 1))
    found = monitors(ahead, commands, np.zeros((360, 2)))
    assert found[HELD] == pytest.approx(0.8, abs=0.01)  # it stands now: nothing comes nearer
    assert found[COMMANDED] == found[TRACKED] == pytest.approx(0.2, abs=0.02)  # 0.6 m on
    towards = np.zeros((360, 2))
    towards[180] = (-0.5, 0.0)
    assert monitors(ahead, commands, towards)[TRACKED] < -0.1 < found[COMMANDED]
    assert monitors(scene(), commands, towards) == dict.fromkeys(MONITORS, 12.0)
