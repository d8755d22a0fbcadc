import numpy as np
import pytest

from genmodels_ros.evaluation.arm.skill_baselines import TIMES, nearest, over_time, regression
from genmodels_ros.pipelines.arm.skills import tool_positions
from genmodels_ros.robots.description import load_robot
from genmodels_ros.simulation.arm.skill_demonstrations import make_task

ROBOT = load_robot("panda")


@pytest.fixture(scope="module")
def task():
    return make_task(ROBOT, 1)


def test_regression_follows_the_demonstrations(task):
    path = regression(task, 0)
    start = np.mean([demonstration[0] for demonstration in task.demonstrations], axis=0)
    assert path.shape == (TIMES, 7) and np.abs(path[0] - start).max() < 0.1


def test_of_the_demonstrations_the_nearest_is_taken(task):
    tool = tool_positions(ROBOT, task.demonstrations[2])
    assert nearest(ROBOT, task, tool[len(tool) // 2]) is task.demonstrations[2]


def test_at_even_shares_of_time_the_ends_are_the_demonstrations_own(task):
    paths = over_time(task)
    assert paths.shape == (len(task.demonstrations), TIMES, 7)
    for path, one in zip(paths, task.demonstrations, strict=True):
        np.testing.assert_allclose(path[[0, -1]], one[[0, -1]])
