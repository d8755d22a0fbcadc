"""Online adaptation: what is learnt is kept only if the newest minutes, held back, are foreseen better with it."""

import copy
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from genmodels_ros.data.episodes import Episodes
from genmodels_ros.models.world_model import ScanWorldModel
from genmodels_ros.training.mobile import adaptation
from genmodels_ros.training.mobile.adaptation import AdapterSettings, OnlineAdapter
from genmodels_ros.training.mobile.fine_tuning import Adaptation, FineTuning, adapt, judge, spaced, split

ROWS, LATE = 460, 1
QUICK = FineTuning(steps=150, batch_size=32, learning_rate=1e-2)


def drives(slip, late, seed=0, rows=ROWS):
    """A robot alone in a room of 8 x 6 m: it moves (1 - slip) of what it was told `late` steps ago."""
    rng = np.random.default_rng(seed)
    command = np.repeat(rng.uniform([0.1, -0.8], [0.6, 0.8], (rows // 5, 2)), 5, axis=0)
    driven = (1 - slip) * np.concatenate([np.zeros((late, 2)), command[: rows - late]])
    pose, poses = np.zeros(3), []
    for v, w in driven:
        poses.append(pose)
        middle = pose[2] + 0.1 * w
        pose = pose + 0.2 * np.array([v * np.cos(middle), v * np.sin(middle), w])
    poses = np.array(poses)
    scans = np.full((rows, 180), np.inf)  # what it sees does not matter here
    wide = np.full((rows, 1, 3), np.nan)
    return Episodes(
        scans.astype(np.float16), poses.astype(np.float32), driven.astype(np.float32), poses.astype(np.float32),
        command.astype(np.float32), np.zeros(rows, bool), wide.astype(np.float32), np.zeros(rows, np.int32),
    )  # fmt: skip


@pytest.fixture(scope="module")
def model():
    """Untrained: it takes every command as driven at once, as an ideal robot does."""
    torch.manual_seed(0)
    network = ScanWorldModel(beams=36, memory=16, latent=4, channels=8, sectors=6).eval().requires_grad_(False)
    network.ego[-1].bias.data[:6] = torch.tensor([4.0, 4.0, 0.0, 0.0, 0.0, 0.0])
    return network


def weights(network):
    return torch.cat([parameter.flatten() for parameter in network.parameters()])


def test_a_robot_that_is_late_and_slips_is_learnt(model):
    before = weights(model).clone()
    better, result = adapt(model, drives(slip=0.15, late=LATE), QUICK)
    assert result.switched and result.error_after < 0.5 * result.error_before and result.gain_at_least > 0
    assert torch.equal(weights(model), before)
    assert not torch.equal(weights(better), before)
    for name, module in better.named_children():
        if name != "ego":  # what it knows of scans and collisions stays
            assert torch.equal(weights(module), weights(getattr(model, name))), name


def test_a_robot_as_in_training_is_left_alone(model):
    before = weights(model).clone()
    better, result = adapt(model, drives(slip=0.0, late=0), replace(QUICK, steps=5))
    assert better is None and not result.switched
    assert torch.equal(weights(model), before)


def test_a_robot_that_changed_lately_keeps_its_model(model):
    """What was learnt from the older minutes does not hold on the newest ones."""
    old, new = drives(slip=0.4, late=2, rows=300), drives(slip=0.0, late=0, seed=1, rows=200)
    joined = {name: np.concatenate([value, getattr(new, name)]) for name, value in vars(old).items()}
    joined["drive"][300:] = 1
    better, result = adapt(model, Episodes(**joined), replace(QUICK, held_back=0.4))
    assert better is None and result.error_after > result.error_before


def test_too_short_a_log_teaches_nothing(model):
    better, result = adapt(model, drives(slip=0.3, late=1, rows=60), QUICK)
    assert better is None and "too few" in result.reason


def test_the_newest_rows_are_held_back():
    older, newest = split(drives(0.0, 0), 0.25)
    assert (len(older), len(newest)) == (345, 115)
    assert (np.diff(spaced(np.array([0, 1, 2, 3, 9, 10, 11, 30]), 5)) >= 5).all()


def test_noise_is_no_gain():
    rng = np.random.default_rng(0)
    before = rng.uniform(0.0, 0.3, 40)
    same = sum(judge(before, before + rng.normal(0, 0.05, 40)).switched for _ in range(300))
    assert same <= 300 * 0.03
    assert judge(before, 0.8 * before).switched
    assert not judge(before, 0.99 * before).switched  # sure, but not worth a switch


# The thread


class Log:
    """A log that holds as many rows as the test says."""

    def __init__(self, added=0):
        self.added = added

    def __len__(self):
        return self.added

    def rows(self):
        return []


@pytest.fixture
def world():
    adopted = []
    return SimpleNamespace(log=Log(), model=object(), adopted=adopted, adopt=adopted.append)


def until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)


@pytest.fixture
def rounds(monkeypatch):
    """Rounds without learning: each answers what the test put into `answers`."""
    answers = []
    monkeypatch.setattr(adaptation, "LOOK_AGAIN", 0.01)
    monkeypatch.setattr(adaptation, "to_episodes", lambda rows, breathe: breathe())
    monkeypatch.setattr(adaptation, "adapt", lambda model, episodes, settings, breathe: answers.pop(0))
    return answers


def test_rounds_follow_the_rows_and_only_gains_are_adopted(world, rounds):
    better = object()
    rounds += [(None, Adaptation(False, "no")), (better, Adaptation(True, "yes"))]
    adapter = OnlineAdapter(AdapterSettings(least_rows=100, new_rows=50, duty=1.0))
    adapter.start(world)
    until(lambda: adapter.status.state == "waiting")
    world.log.added = 100
    until(lambda: adapter.status.rounds == 1)
    assert world.adopted == [] and adapter.status.switches == 0
    world.log.added = 150
    until(lambda: adapter.status.rounds == 2)
    assert world.adopted == [better] and adapter.status.switches == 1 and adapter.status.last.switched
    adapter.stop()
    assert adapter.status.state == "stopped"


def test_stopping_ends_a_round_at_once(world, monkeypatch):
    monkeypatch.setattr(adaptation, "to_episodes", lambda rows, breathe: None)

    def endless(model, episodes, settings, breathe):
        while True:
            breathe()

    monkeypatch.setattr(adaptation, "adapt", endless)
    world.log.added = 10_000
    adapter = OnlineAdapter()
    adapter.start(world)
    until(lambda: adapter.status.state == "learning")
    started = time.monotonic()
    adapter.stop()
    assert time.monotonic() - started < 2.0
    assert adapter.status.state == "stopped" and world.adopted == []
    assert not any(thread.name == "adaptation" for thread in threading.enumerate())


def test_a_failure_is_told_and_hurts_nobody(world, rounds):
    world.log.added = 10_000  # `rounds` is empty: the round raises
    adapter = OnlineAdapter()
    adapter.start(world)
    until(lambda: adapter.status.state == "failed")
    assert "IndexError" in adapter.status.message and world.adopted == []
    adapter.stop()
    world.log.added = 0  # nothing to learn from: no round that could raise before it is stopped
    adapter.start(copy.copy(world))
    adapter.stop()
    assert adapter.status.state == "stopped"


@pytest.mark.parametrize("wrong", [{"duty": 0.0}, {"duty": 1.5}, {"least_rows": 0}, {"new_rows": 0}])
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError):
        AdapterSettings(**wrong)
