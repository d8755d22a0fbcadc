"""The world model beside its own watch and log: what it observes is judged and kept, other weights can take over."""

import copy

import numpy as np
import pytest

from genmodels_ros.models.checkpoint import shipped
from genmodels_ros.pipelines.calibration import CAUSES, load_calibration
from genmodels_ros.pipelines.mobile.observation import Observation
from genmodels_ros.pipelines.mobile.world_model import WorldModel

ANGLES = -np.pi + np.pi / 180 * np.arange(360)


def observation(row, rng, ranges=None):
    """A robot that drives along a room of 9 x 6 m, 0.06 m a row."""
    x = 0.06 * row - 1.0
    with np.errstate(divide="ignore"):
        hits = [(5 - x) / np.cos(ANGLES), (-4 - x) / np.cos(ANGLES), 3 / np.sin(ANGLES), -3 / np.sin(ANGLES)]
    seen = np.min([np.where(hit > 0, hit, np.inf) for hit in hits], axis=0) + rng.normal(0, 0.01, 360)
    seen = seen if ranges is None else ranges
    pose, twist = np.array([x, 0.0, 0.0]), np.array([0.3, 0.0])
    return Observation(0.2 * row, seen, -np.pi, np.pi / 180, 0.12, 12.0, pose, twist, twist)


@pytest.fixture(scope="module")
def loaded():
    return WorldModel.from_checkpoint(device="cpu")


@pytest.fixture
def world(loaded):
    loaded.reset()
    return loaded


def test_the_shipped_weights_come_with_a_calibration():
    calibration = load_calibration(shipped("floor_world_model"), "any")
    assert set(calibration.values) == set(CAUSES) - {"model"} and calibration.budget * len(CAUSES) <= 6


def test_every_observation_is_judged(world):
    rng = np.random.default_rng(0)
    assert world.anomaly is None
    for row in range(6):
        world.observe(observation(row, rng))
    healthy = world.anomaly
    assert not healthy.alarm and set(healthy.statistics) == set(CAUSES)
    assert healthy.statistics["model"] == pytest.approx(world.surprise)
    last = world.last_observation.ranges
    for row in (6, 7):
        world.observe(observation(row, rng, ranges=last))
    assert world.anomaly.alarm and world.anomaly.cause == "frozen"


def test_what_is_taken_in_is_kept_until_reset(world):
    rng = np.random.default_rng(0)
    taken = sum(world.observe(observation(row / 2, rng)) for row in range(10))
    assert taken < 10 and len(world.log) == taken
    world.told(np.array([0.1, 0.2]))
    np.testing.assert_array_equal(world.log.rows()[-1].command, [0.1, 0.2])
    world.reset()
    assert len(world.log) == 0


def test_other_weights_take_over_without_forgetting(world):
    rng = np.random.default_rng(0)
    for row in range(5):
        world.observe(observation(row, rng))
    commands = np.tile([0.4, 0.0], (1, 10, 1))
    before, original = world.imagine(commands).poses, world.model
    other = copy.deepcopy(original)
    other.ego[-1].bias.data[6] -= 2.0  # less speed than told
    try:
        world.adopt(other)
        assert world.imagine(commands).poses[0, -1, 0] < before[0, -1, 0] - 0.1
        assert world.observe(observation(5, rng)) and world.anomaly.statistics
    finally:
        world.adopt(original)
    assert world.model is original
