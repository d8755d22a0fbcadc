"""The example: both ways of writing the update are one, and the actor learns from rewards alone."""

import pytest
import torch

from genmodels_ros.evaluation.families import actor_critic
from genmodels_ros.evaluation.families.actor_critic import UTILITIES, learn, main, written_both_ways


@pytest.mark.parametrize("utility", UTILITIES)
def test_the_update_written_both_ways_is_the_same(utility):
    assert max(written_both_ways(utility)) < 1e-6


def test_another_utility_is_another_game(monkeypatch):
    monkeypatch.setitem(UTILITIES, "minimax", UTILITIES["non_saturating"])
    critic, actor = written_both_ways("minimax")
    assert critic < 1e-6 and actor > 1e-3


def test_the_environment_tells_the_actor_nothing_but_its_reward():
    real, action = torch.full((5, 1), 7.0), torch.zeros(5, 1, requires_grad=True)
    shown, reward = actor_critic.Environment(real).step(action)
    assert not shown.requires_grad
    assert shown[reward == 1].tolist() == [7.0] * 5 and shown[reward == 0].tolist() == [0.0] * 5


def test_the_actor_learns_to_act_as_what_is_rewarded():
    mean, deviation, q = learn()
    assert abs(mean - actor_critic.MEAN) < 0.3 and abs(deviation - actor_critic.DEVIATION) < 0.3
    assert abs(q - 0.5) < 0.1


def test_it_runs_as_a_program(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["actor_critic"])
    monkeypatch.setattr(actor_critic, "learn", lambda: (2.0, 0.5, 0.5))
    main()
    assert "actor and G" in capsys.readouterr().out
