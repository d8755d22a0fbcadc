"""The benchmark on simulated drives: all are asked the same."""

import numpy as np

from genmodels_ros.evaluation.world_model.scan_baselines import COPY, NAMES, WARP
from genmodels_ros.evaluation.world_model.simulated_drives import MODEL, SCAN_STEPS, SHUFFLED, compose


def test_every_start_asks_all_the_same_and_the_motion_given_helps(starts):
    free = [start for start in starts if start.told is not None]
    assert len(free) >= 5
    for start in free:
        assert set(start.told) == {*NAMES, MODEL, SHUFFLED} and set(start.given) == {*NAMES, MODEL}
        assert all(values.shape == (len(SCAN_STEPS),) and np.isfinite(values).all() for values in start.told.values())
    mean = lambda which, name: np.mean([getattr(start, which)[name] for start in free])  # noqa: E731
    assert mean("given", WARP) <= mean("told", WARP)
    assert mean("given", COPY) == mean("told", COPY)  # it does not ask where the robot is


def test_poses_are_composed_in_the_frame_of_the_first():
    origin = np.array([1.0, 2.0, np.pi / 2])
    np.testing.assert_allclose(compose(origin, np.array([[1.0, 0.0, 0.5]])), [[1.0, 3.0, np.pi / 2 + 0.5]], atol=1e-9)
