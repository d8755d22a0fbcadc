"""The benchmark on simulated drives: all are asked the same, and the monitors without learning are no straw men."""

import numpy as np
import pytest

from genmodels_ros.evaluation.world_model.scan_baselines import COPY, NAMES, WARP
from genmodels_ros.evaluation.world_model.simulated_drives import (
    MODEL,
    MONITORS,
    SCAN_STEPS,
    SHUFFLED,
    collision_table,
    compose,
    monitors,
    pose_table,
    scan_tables,
    starts_of,
)
from genmodels_ros.pipelines.observation import Observation
from genmodels_ros.pipelines.world_model import WorldModel
from genmodels_ros.simulation.floor.episodes import simulate_floor

HELD, COMMANDED, TRACKED = MONITORS


@pytest.fixture(scope="module")
def starts():
    world = WorldModel.from_checkpoint(device="cpu")
    return starts_of(world, simulate_floor(71, 3, steps=120, num_people=3))


def test_every_start_asks_all_the_same_and_the_motion_given_helps(starts):
    free = [start for start in starts if start.told is not None]
    assert len(free) >= 5
    for start in free:
        assert set(start.told) == {*NAMES, MODEL, SHUFFLED} and set(start.given) == {*NAMES, MODEL}
        assert all(values.shape == (len(SCAN_STEPS),) and np.isfinite(values).all() for values in start.told.values())
    mean = lambda which, name: np.mean([getattr(start, which)[name] for start in free])  # noqa: E731
    assert mean("given", WARP) <= mean("told", WARP)
    assert mean("given", COPY) == mean("told", COPY)  # it does not ask where the robot is


def test_tables_state_the_best_baseline_and_an_interval(starts):
    told, given = scan_tables("here", starts, 0)
    assert told.columns[-2:] == ("best baseline", "skill") and len(given.rows) == len(SCAN_STEPS)
    assert told.rows[0][-2] in NAMES and "(" in told.rows[0][-1]
    assert [row[0] for row in pose_table(starts, 0).rows] == ["commanded unicycle", "model"]
    assert len(collision_table({"here": starts}).rows) == 2 * (1 + len(MONITORS))


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


def test_poses_are_composed_in_the_frame_of_the_first():
    origin = np.array([1.0, 2.0, np.pi / 2])
    np.testing.assert_allclose(compose(origin, np.array([[1.0, 0.0, 0.5]])), [[1.0, 3.0, np.pi / 2 + 0.5]], atol=1e-9)
