"""The search among command sequences, on a base whose kinematics are known exactly."""

import numpy as np
import pytest
import torch

from genmodels_ros.models.world_model import planar
from genmodels_ros.pipelines.mobile.drive_costs import drive_costs
from genmodels_ros.pipelines.mobile.mppi import Bounds, Mppi, MppiSettings

SETTINGS = MppiSettings(samples=200, iterations=2)
TARGET = np.array([1.2, 0.0])


def unicycle(commands):
    """Free space: exact arcs, nothing to touch."""
    return planar.drive(torch.as_tensor(commands), 0.2).numpy(), np.zeros(commands.shape[:2])


def with_post(commands, post=(0.6, 0.0), reach=0.35):
    """A post on the way: whoever comes nearer than `reach` m has touched it from then on."""
    poses, _ = unicycle(commands)
    inside = np.hypot(*(poses[..., :2] - post).transpose(2, 0, 1)) < reach
    return poses, np.maximum.accumulate(inside.astype(float), axis=1)


def cost(commands, poses, probability):
    return drive_costs(commands, poses, probability, TARGET)


def drive(rollout, steps=16, settings=SETTINGS):
    """Positions [steps, 2] of a base that follows one decision after the other, and its commands."""
    mppi, pose, command, driven, told = Mppi(settings=settings), np.zeros(3), np.zeros(2), [], []
    for _ in range(steps):
        at = pose.copy()

        def seen(commands, at=at):
            poses, _ = unicycle(commands)
            cos, sin = np.cos(at[2]), np.sin(at[2])
            world = poses.copy()
            world[..., :2] = poses[..., :2] @ np.array([[cos, sin], [-sin, cos]]) + at[:2]
            return world, rollout(world)

        solution = mppi.solve(seen, cost, command)
        command = solution.commands[0]
        pose = planar.advance(torch.as_tensor(pose), torch.as_tensor(command), 0.2).numpy()
        driven.append(pose[:2]), told.append(command)
    return np.array(driven), np.array(told)


def post_at(x, y, reach=0.35):
    def risk(poses):
        inside = np.hypot(poses[..., 0] - x, poses[..., 1] - y) < reach
        return np.maximum.accumulate(inside.astype(float), axis=1)

    return risk


@pytest.mark.parametrize("elites", [0, 12], ids=["MPPI", "CEM"])
def test_it_reaches_a_target_in_free_space(elites):
    settings = MppiSettings(samples=200, iterations=2, elites=elites)
    driven, _ = drive(lambda poses: np.zeros(poses.shape[:2]), settings=settings)
    assert np.hypot(*(driven[-1] - TARGET)) < 0.15


def test_it_goes_around_what_stands_in_the_way():
    """Left and right are equally good: their mean would lead into the post."""
    driven, _ = drive(post_at(0.6, 0.0), steps=25)
    assert np.hypot(*(driven - (0.6, 0.0)).T).min() > 0.33
    assert np.hypot(*(driven[-1] - TARGET)) < 0.3


def test_every_command_is_within_the_bounds_and_reachable_from_the_one_before():
    bounds = Bounds(backwards=0.1, forwards=0.4, turn_rate=0.8, acceleration=0.5, turn_acceleration=1.0)
    mppi, seen = Mppi(bounds, SETTINGS), []

    def spy(commands):
        seen.append(commands)
        return unicycle(commands)

    before = np.array([0.3, -0.4])
    solution = mppi.solve(spy, cost, before)
    for commands in (*seen, solution.commands[None]):
        changes = np.abs(np.diff(np.concatenate([np.broadcast_to(before, commands[:, :1].shape), commands], 1), axis=1))
        assert (changes <= np.array([0.5, 1.0]) * 0.2 + 1e-9).all()
        assert commands[..., 0].min() >= -0.1 - 1e-9 and commands[..., 0].max() <= 0.4 + 1e-9
        assert np.abs(commands[..., 1]).max() <= 0.8 + 1e-9


def test_standing_still_is_always_among_the_candidates():
    seen = []
    Mppi().solve(lambda commands: (seen.append(commands), unicycle(commands))[1], cost)
    assert (np.abs(seen[0]).sum(axis=(1, 2)) == 0).any()


def test_the_solution_is_as_good_as_the_best_candidate():
    costs = []

    def spy(commands, poses, probability):
        costs.append(cost(commands, poses, probability))
        return costs[-1]

    solution = Mppi(settings=SETTINGS).solve(with_post, spy)
    assert solution.cost == pytest.approx(min(values.min() for values in costs))


def test_a_search_goes_on_from_the_last_solution():
    mppi = Mppi(settings=MppiSettings(samples=4, fresh=0.0, noise=(1e-9, 1e-9)))
    mppi._nominal = np.linspace([0.0, 0.0], [0.13, 0.26], 14)
    seen = []
    mppi.solve(lambda commands: (seen.append(commands), unicycle(commands))[1], cost, command=(0.01, 0.02))
    assert np.allclose(seen[0][0, :-1], np.linspace([0.0, 0.0], [0.13, 0.26], 14)[1:])


def test_the_same_seed_finds_the_same_and_another_something_else():
    first, again, other = (Mppi(seed=seed).solve(with_post, cost) for seed in (1, 1, 2))
    assert np.array_equal(first.commands, again.commands)
    assert not np.array_equal(first.commands, other.commands)


def test_what_no_candidate_avoids_is_told():
    doomed = Mppi().solve(lambda commands: (unicycle(commands)[0], np.full(commands.shape[:2], 0.8)), cost)
    assert (doomed.least_probability == 0.8).all()
    assert Mppi().solve(with_post, cost).least_probability[-1] == 0.0
