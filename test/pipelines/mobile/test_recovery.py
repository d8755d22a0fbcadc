"""What a base does that comes no farther."""

import numpy as np

from genmodels_ros.pipelines.mobile.recovery import ATTEMPTS, DURATION, PATIENCE, Recovery

WALL = np.stack([np.full(40, 0.5), np.linspace(-1, 1, 40)], axis=1)
HERE = np.zeros(3)


def safe(commands):
    return np.zeros((*commands.shape[:2], 3)), np.zeros(commands.shape[:2])


def unsafe_behind(commands):
    return np.zeros((*commands.shape[:2], 3)), (commands[..., 0] < 0).astype(float)


def unsafe(commands):
    return np.zeros((*commands.shape[:2], 3)), np.ones(commands.shape[:2])


def told(rollout, decisions, points=lambda index: WALL):
    recovery = Recovery()
    return [recovery.manoeuvre(rollout, points(index), HERE, index) for index in range(decisions)]


def test_nothing_happens_while_there_is_patience():
    assert told(safe, PATIENCE) == [None] * PATIENCE


def test_then_it_backs_off_for_a_while_and_drives_on():
    manoeuvres = told(safe, PATIENCE + DURATION + 1)
    assert all(m.state == "recovering" and m.commands[0, 0] < 0 for m in manoeuvres[PATIENCE:-1])
    assert manoeuvres[-1] is None


def test_it_turns_on_the_spot_where_backing_off_is_not_safe():
    chosen = told(unsafe_behind, PATIENCE + 1)[-1]
    assert chosen.state == "recovering" and chosen.commands[0, 0] == 0 and chosen.commands[0, 1] != 0


def test_another_manoeuvre_is_tried_the_next_time():
    manoeuvres = told(safe, 2 * (PATIENCE + DURATION))
    first, second = manoeuvres[PATIENCE], manoeuvres[-1]
    assert not np.array_equal(first.commands, second.commands)


def test_it_waits_where_nothing_is_safe():
    chosen = told(unsafe, PATIENCE + 1)[-1]
    assert chosen.state == "waiting" and not chosen.commands.any()


def test_it_waits_for_whoever_moves():
    def walker(index):
        person = np.array([0.8, -1.0]) + 0.25 * (index - PATIENCE) * np.array([0.0, 1.0])
        return np.concatenate([WALL + np.array([3, 0]), person + 0.05 * np.array([[0, 1], [1, 0], [0, 0], [1, 1]])])

    assert told(safe, PATIENCE + 1, walker)[-1].state == "waiting"


def test_it_gives_up_in_the_end():
    manoeuvres = told(safe, ATTEMPTS * (PATIENCE + DURATION) + 1)
    assert manoeuvres[-1].state == "stuck" and not manoeuvres[-1].commands.any()
