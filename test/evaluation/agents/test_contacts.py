"""Risk along a way among what moves: where it is by then counts, not where it was."""

import numpy as np
import pytest

from genmodels_ros.data.agent_frame import FUTURE
from genmodels_ros.evaluation.agents.contacts import HORIZONS, risk_of

WAY = 0.1 * np.arange(1, FUTURE + 1)[:, None] * [1.0, 0.0]  # ahead, 0.5 m/s
STEPS = np.arange(1, FUTURE + 1)[:, None]


def risk(moved: np.ndarray, label: int = 0) -> np.ndarray:
    """Of a point 1.4 m to the left of the way's middle, displaced by moved [futures, T, 2]."""
    return risk_of(WAY, np.array([[0.7, 1.4]]), np.array([label]), moved[None])


def test_what_comes_across_is_a_risk_and_what_stands_aside_is_none():
    stands, comes = np.zeros((1, FUTURE, 2)), (0.2 * STEPS * [0.0, -1.0])[None]
    assert risk(stands)[1] < 0.01 and risk(comes)[1] >= 1.0
    assert risk(comes)[0] < risk(comes)[1]  # it is there at the seventh step, beyond the first horizon
    assert len(risk(stands)) == len(HORIZONS)


def test_half_the_futures_are_half_the_risk():
    stands, comes = np.zeros((FUTURE, 2)), 0.2 * STEPS * [0.0, -1.0]
    both, sure = risk(np.stack([stands, comes]))[1], risk(comes[None])[1]
    assert both == pytest.approx(sure / 2, rel=0.02)


def test_what_belongs_to_no_cluster_stands():
    comes = (0.2 * STEPS * [0.0, -1.0])[None]
    np.testing.assert_allclose(risk(comes, label=-1), risk(np.zeros_like(comes)))


def test_an_empty_floor_is_no_risk():
    assert not risk_of(WAY, np.empty((0, 2)), np.empty(0, int), np.zeros((0, 1, FUTURE, 2))).any()
