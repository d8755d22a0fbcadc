"""Which poses of a path can be driven to."""

from types import SimpleNamespace

import numpy as np
import pytest

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.mobile import path_validity
from genmodels_ros.pipelines.mobile.observation import Observation
from genmodels_ros.pipelines.mobile.path_validity import invalid_poses, occupied, places

ANGLES = -np.pi + np.pi / 180 * np.arange(360)
STRAIGHT = np.stack([np.arange(0, 4, 0.1), np.zeros(40)], axis=1)


def open_floor() -> Observation:
    return Observation(0.0, np.full(360, 8.0), -np.pi, np.pi / 180, 0.1, 10.0, np.zeros(3)).checked()


def with_post(distance: float, bearing: float = 0.0) -> Observation:
    ranges = np.where(np.abs(ANGLES - bearing) < 0.05, distance, 8.0)
    return Observation(0.0, ranges, -np.pi, np.pi / 180, 0.1, 10.0, np.zeros(3)).checked()


class ImaginedWorld:
    """Drives `pace` times as fast as told, and touches something `touches` steps from now with certainty."""

    time_step = 0.2

    def __init__(self, observation=None, touches=100, pace=1.0):
        self.last_observation, self._touches, self._pace = observation, touches, pace

    def imagine(self, commands):
        yaw = np.cumsum(commands[..., 1] * self.time_step, axis=1)
        step = (self._pace * commands[..., 0] * self.time_step)[..., None] * np.stack(
            [np.cos(yaw), np.sin(yaw)], axis=-1
        )
        poses = np.concatenate([np.cumsum(step, axis=1), yaw[..., None]], axis=-1)
        probability = (np.arange(1, commands.shape[1] + 1) >= self._touches).astype(float)[None]
        return SimpleNamespace(poses=poses, collision_probability=probability)


def judge(path=STRAIGHT, observation=None, touches=100, speed=0.5, max_risk=0.5, pace=1.0) -> list[int]:
    world = ImaginedWorld(observation or open_floor(), touches, pace)
    return invalid_poses(world, path, speed, max_risk).tolist()


def test_a_free_path_is_valid():
    assert judge() == []


def test_what_stands_on_the_path_makes_its_poses_invalid_as_far_as_the_scan_sees():
    found = judge(observation=with_post(3.0))
    assert found == [index for index, pose in enumerate(STRAIGHT) if abs(pose[0] - 3.0) < 0.2]


def test_what_stands_beside_the_path_does_not():
    assert judge(observation=with_post(3.0, bearing=0.3)) == []


def test_from_where_a_touch_is_likely_all_is_invalid_as_far_as_the_model_looks():
    found = judge(touches=5)
    assert found == list(range(found[0], found[-1] + 1))
    assert STRAIGHT[found[0], 0] == pytest.approx(0.5 * 5 * 0.2, abs=0.11), "where the robot is after five steps"
    assert STRAIGHT[found[-1], 0] == pytest.approx(0.5 * 2.8, abs=0.11), "as far as 2.8 s go at this speed"
    assert judge(touches=5, max_risk=1.0) == [], "as likely as is allowed"
    assert judge(touches=5, speed=0.25)[0] < found[0], "a slower robot has not come as far"


def test_what_lies_behind_is_passed():
    behind = STRAIGHT - (1.0, 0.0)
    assert judge(behind, with_post(0.5, np.pi - 0.06)) == [], "something behind the robot"
    assert min(judge(behind, touches=1)) >= 10


def test_a_touch_at_the_very_end_is_one():
    assert judge(np.array([(0.0, 0.0), (0.05, 0.0)]), touches=1) != []
    assert judge(touches=14, pace=1.3) != [], "also where the robot is imagined to have come farther than it was told"


def test_a_path_that_comes_back_is_driven_in_its_order():
    there = np.stack([np.arange(0, 3, 0.1), np.zeros(30)], axis=1)
    path = np.concatenate([there, np.add(there[::-1], (0.0, 0.02))])
    found = places(path, np.add(path[::2], (0.0, 0.011)), 0.2)  # on its way there it is nearer to the way back
    assert np.abs(found - np.arange(0, len(path), 2)).max() < 10, "off by less than a metre, near the turn"


def test_many_poses_and_beams_are_compared_in_pieces(monkeypatch):
    monkeypatch.setattr(path_validity, "AT_ONCE", 1000)
    rng = np.random.default_rng(0)
    path, points = rng.uniform(-5, 5, (300, 2)), rng.uniform(-5, 5, (400, 2))
    expected = np.array([np.hypot(*(points - place).T).min() < 0.1 for place in path])
    assert np.array_equal(occupied(path, points, 0.1), expected)
    assert not occupied(path, np.zeros((0, 2)), 0.1).any()


@pytest.mark.parametrize(
    ("path", "fields", "code"),
    [
        (STRAIGHT[:1], {}, ErrorCode.INVALID_PATH),
        (np.full((2, 2), np.nan), {}, ErrorCode.NOT_FINITE),
        (STRAIGHT, {"speed": 0.0}, ErrorCode.INVALID_SCALING),
    ],
    ids=["one pose", "NaN", "no speed"],
)
def test_what_is_no_path_is_refused(path, fields, code):
    with pytest.raises(GenModelsError) as error:
        judge(path, **fields)
    assert error.value.code == code


def test_nothing_can_be_said_before_the_first_scan():
    with pytest.raises(GenModelsError) as error:
        invalid_poses(ImaginedWorld(), STRAIGHT, 0.5, 0.5)
    assert error.value.code == ErrorCode.NO_OBSERVATION
