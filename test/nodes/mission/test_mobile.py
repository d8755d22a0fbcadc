"""The mobile planner client's own choice of futures to ask for."""

import numpy as np

from genmodels_ros.nodes.mission.mobile import candidate_commands


def test_standing_still_and_backing_away_are_always_candidates():
    commands = candidate_commands()
    assert (np.abs(commands).sum(axis=(1, 2)) == 0).any() and (commands[..., 0] < 0).all(axis=1).any()
    assert np.abs(commands[..., 0]).max() <= 0.6 and np.abs(commands[..., 1]).max() <= 1.5
