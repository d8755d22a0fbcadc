"""The benchmark of skills: one task, every method, the distance measured between the points of a trajectory as well."""

import numpy as np
import pytest

from genmodels_ros.evaluation.arm.skills import distance, play_task
from genmodels_ros.evaluation.arm.skills_picture import picture
from genmodels_ros.pipelines.arm.skills import tool_positions
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.paths.timing import time_parameterise
from genmodels_ros.simulation.arm.skill_demonstrations import make_task

ROBOT = load_robot("panda")


@pytest.fixture(scope="module")
def task():
    return make_task(ROBOT, 1)


def test_the_skill_passes_where_it_is_told_and_the_others_do_not_know_of_it(task):
    found = play_task(ROBOT, task, 1)
    assert found["demonstrated", "skill"].error < 0.01 and found["moved", "skill"].error < 0.01
    assert found["demonstrated, a ball in the way", "skill"].error < 0.01
    for method in ("nearest demonstration", "mean over time", "mixture regression", "skill, not told"):
        assert found["moved", method].error > found["moved", "skill"].error
    assert found["moved", "skill"].surprise > 3 > found["demonstrated", "skill"].surprise


def test_the_distance_looks_between_the_points():
    points = np.stack([ROBOT.ready + 0.3 * i for i in (0, 0, 0, 1, 2, 2, 2)]) - 0.3
    trajectory = time_parameterise(points, ROBOT.limits, joint_names=ROBOT.joint_names)
    fastest = np.abs(trajectory.velocities).max(1).argmax()
    between = tool_positions(ROBOT, trajectory.positions[fastest : fastest + 2]).mean(0)
    assert distance(ROBOT, trajectory, between) < 5e-4
    assert distance(ROBOT, trajectory, between + np.array([0, 0, 1.0])) > 0.5


def test_the_picture_shows_both_panels():
    image = picture()
    left, right = image[:, : image.shape[1] // 2], image[:, image.shape[1] // 2 :]
    assert all((half < 200).any(-1).mean() > 0.005 for half in (left, right))
