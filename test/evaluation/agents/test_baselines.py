"""Baselines are exact for the motion that they assume, and their Gaussian is a density of what they miss."""

import numpy as np
import pytest
import torch

from genmodels_ros.data.agent_frame import FUTURE, PAST, TIME_STEP, to_displacements, to_positions
from genmodels_ros.data.agent_tracks import AgentWindows
from genmodels_ros.evaluation.agents.baselines import (
    LATEST,
    Baseline,
    constant_turn_rate,
    constant_velocity,
    filtered_velocity,
)


def windows(path: np.ndarray) -> AgentWindows:
    """Of paths [M, PAST + 1 + FUTURE, 2], nothing around."""
    past, future = np.split(path, [PAST + 1], axis=1)
    nothing = tuple(np.empty((0, 2)) for _ in path)
    velocity = (past[:, -1] - past[:, -2]) / TIME_STEP
    return AgentWindows(past, future, velocity, np.full((len(path), 2), np.nan), nothing, np.ones(len(path), bool))


T = np.arange(PAST + 1 + FUTURE)
STRAIGHT = np.stack([np.outer([0.2, 0.1], T), np.outer([0.1, -0.3], T)], axis=-1)
CIRCLE = np.stack([2 * np.cos(0.1 * T), 2 * np.sin(0.1 * T)], axis=-1)[None]


@pytest.mark.parametrize("latest", LATEST)
def test_straight_and_round_are_predicted_exactly(latest):
    for rule, path in (
        (constant_velocity, STRAIGHT),
        (filtered_velocity, STRAIGHT),
        (constant_turn_rate, STRAIGHT),
        (constant_turn_rate, CIRCLE),
    ):
        w = windows(path)
        np.testing.assert_allclose(to_positions(w.past, rule(w, latest)), w.future, atol=1e-9)


def test_who_stands_goes_on_standing():
    still = windows(np.ones((1, PAST + 1 + FUTURE, 2)))
    for rule in (constant_velocity, filtered_velocity, constant_turn_rate):
        assert np.abs(rule(still, 1)).max() < 1e-12


def test_the_errors_of_samples_are_those_it_was_fitted_to():
    rng = np.random.default_rng(0)
    path = 0.1 * T[:, None] * [1.0, 0.5] + 0.02 * rng.normal(size=(3000, len(T), 2)).cumsum(axis=1)
    w = windows(path)
    baseline = Baseline.fitted(constant_velocity, w, w.displacements())
    drawn = baseline.sample(w, 2, torch.Generator().manual_seed(0))
    off = [np.linalg.norm(s[:, -1] - baseline.point(w)[:, -1], axis=1).mean() for s in (drawn[:, 0], w.future)]
    assert off[0] == pytest.approx(off[1], rel=0.05)
    own = baseline.log_prob(w, to_displacements(w.past, drawn[:, 0])).mean()
    assert own == pytest.approx(baseline.log_prob(w, w.displacements()).mean(), abs=0.5)
