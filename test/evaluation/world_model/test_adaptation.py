"""The measured table of adaptation: robots that slip are what they say, and a switch is judged by the truth."""

from types import SimpleNamespace

import numpy as np
import pytest

from genmodels_ros.data.episodes import Episodes
from genmodels_ros.evaluation.world_model import adaptation
from genmodels_ros.evaluation.world_model.adaptation import AHEAD, CONTEXT, bench_adaptation, true_errors, with_slip
from genmodels_ros.pipelines.mobile.scan_matching import compose, relative

ROWS = 40


def straight(drives=2):
    """0.4 m/s straight on, as told."""
    row = np.arange(ROWS)
    pose = np.zeros((ROWS, 3), np.float32)
    pose[:, 0] = 0.08 * (row % (ROWS // drives))
    command = np.tile(np.array([0.4, 0.0], np.float32), (ROWS, 1))
    people = np.full((ROWS, 1, 3), np.nan, np.float32)
    drive = (row // (ROWS // drives)).astype(np.int32)
    scan = np.full((ROWS, 36), 3.0, np.float16)
    return Episodes(scan, pose.copy(), command.copy(), pose, command, np.zeros(ROWS, bool), people, drive)


class Foreteller:
    """A world model that takes a share of each command as driven."""

    def __init__(self, share):
        self.model, self.seen = share, 0

    def reset(self):
        self.seen = 0

    def observe(self, observation):
        self.seen += 1

    def adopt(self, model):
        self.model = model

    def imagine(self, commands, time_step):
        assert self.seen >= CONTEXT
        poses = np.zeros((*commands.shape[:2], 3))
        poses[..., 0] = self.model * np.cumsum(commands[..., 0] * time_step, axis=1)
        return SimpleNamespace(poses=poses)


def test_a_robot_with_slip_moves_less_than_it_is_told_and_measures():
    drives = with_slip(straight(), 0.2)
    for row in range(1, ROWS):
        if drives.drive[row] == drives.drive[row - 1]:
            told = relative(*drives.odometry[row - 1 : row + 1].astype(float))
            moved = relative(*drives.pose[row - 1 : row + 1].astype(float))
            np.testing.assert_allclose(0.8 * told, moved, atol=1e-6)
    np.testing.assert_allclose(drives.command, 0.5 * np.array([[1.0, 0.0]]) * np.ones((ROWS, 1)), atol=1e-6)
    np.testing.assert_allclose(compose(drives.odometry[0].astype(float), np.zeros(3)), drives.pose[0], atol=1e-6)


def test_true_errors_are_those_of_the_simulator():
    drives = with_slip(straight(), 0.2)
    np.testing.assert_allclose(true_errors(Foreteller(0.8), drives), 0.0, atol=1e-5)
    errors = true_errors(Foreteller(1.0), drives)
    np.testing.assert_allclose(errors, 0.2 * AHEAD * 0.2 * 0.5, atol=1e-4)
    assert len(errors) == 2 * len(range(CONTEXT - 1, ROWS // 2 - AHEAD, adaptation.STRIDE))
    touched = straight()
    touched.touched[12] = True
    assert len(true_errors(Foreteller(1.0), touched)) == len(errors) // 2


@pytest.mark.parametrize(("model", "switched"), [(0.85, "yes"), (None, "no")])
def test_the_table_judges_a_switch_elsewhere_and_gives_the_model_back(monkeypatch, model, switched):
    monkeypatch.setattr(adaptation.Robot, "drive", lambda robot, *_: with_slip(straight(), robot.slip))
    monkeypatch.setattr(adaptation, "logged", lambda episodes: episodes)
    world = Foreteller(1.0)
    table = bench_adaptation(world, lambda *_: (model, (0.1, 0.05, 20)), floors=1)
    row = dict(zip(table.columns, table.rows[1], strict=True))
    assert row["switched"] == switched and world.model == 1.0
    gain = row["elsewhere before [m]"] - row["elsewhere after [m]"]
    assert gain == pytest.approx(0.141 if model else 0.0, abs=0.01)
