"""Pure pursuit drives where the path goes."""

import math

import numpy as np
import pytest

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.mobile.path_following import follow_paths


def drive(commands, step):
    x = y = yaw = 0.0
    for v, w in commands:
        heading = yaw + w * step / 2
        x, y, yaw = x + v * step * math.cos(heading), y + v * step * math.sin(heading), yaw + w * step
    return x, y


@pytest.mark.parametrize("end", [(1.0, 0.0), (0.7, 0.5), (0.0, 0.8), (-0.6, 0.2)])
def test_the_robot_reaches_the_end_and_stops(end):
    commands, lengths = follow_paths([np.array([(0.0, 0.0), end])], 0.5, 0.2, 60)
    assert drive(commands[0], 0.2) == pytest.approx(end, abs=0.08)
    assert lengths[0] == pytest.approx(math.hypot(*end)) and (commands[0, -1] == 0).all()
    assert np.abs(commands[0, :, 0]).max() <= 0.5 + 1e-9


def test_it_does_not_run_ahead_of_its_speed():
    commands, _ = follow_paths([np.array([(0.0, 0.0), (9.0, 0.0)])], 0.3, 0.2, 10)
    assert drive(commands[0], 0.2) == pytest.approx((0.6, 0.0), abs=1e-6)


@pytest.mark.parametrize(
    ("path", "speed", "code"),
    [
        (np.zeros((1, 2)), 0.4, ErrorCode.INVALID_PATH),
        (np.zeros((3, 4)), 0.4, ErrorCode.INVALID_PATH),
        ("no path", 0.4, ErrorCode.INVALID_PATH),
        (np.full((2, 3), math.nan), 0.4, ErrorCode.NOT_FINITE),
        (np.zeros((2, 2)), 0.0, ErrorCode.INVALID_SCALING),
        (np.zeros((2, 2)), math.nan, ErrorCode.INVALID_SCALING),
    ],
)
def test_nonsense_is_refused(path, speed, code):
    with pytest.raises(GenModelsError) as caught:
        follow_paths([path], speed, 0.2, 10)
    assert caught.value.code == code


def test_a_path_of_one_repeated_point_stands_still():
    commands, lengths = follow_paths([np.zeros((5, 3))], 0.4, 0.2, 5)
    assert not commands.any() and lengths[0] == 0
