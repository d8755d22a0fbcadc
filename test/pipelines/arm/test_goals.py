"""Pose goals become collision-free configurations, quickly from near starts, otherwise by search."""

import numpy as np
import pytest
import torch

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.arm import goals
from genmodels_ros.pipelines.arm.trajectory_query import TrajectoryQuery
from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.kinematics import link_pose
from genmodels_ros.robots.obstacles import Scene, Sphere

EMPTY = Scene()


def query(robot, scene: Scene = EMPTY) -> tuple[TrajectoryQuery, CollisionChecker]:
    pose = link_pose(robot.chain, torch.as_tensor(robot.ready), robot.tool_frame).numpy()
    return TrajectoryQuery(start=robot.ready, goal_pose=pose, scene=scene), CollisionChecker(robot, scene)


@pytest.fixture
def no_search(monkeypatch):
    def refuse(*arguments):
        raise AssertionError("the search was asked")

    monkeypatch.setattr(goals, "solve", refuse)


@pytest.mark.parametrize("arm", ["panda", "ur5"])
def test_near_starts_answer_alone(arm, no_search):
    asked, checker = query(load_robot(arm))
    found = goals.goal_configurations(asked, checker)
    assert 1 < len(found) <= goals.MAX_POSE_GOALS
    distances = np.linalg.norm(found - asked.start, axis=1)
    assert (np.diff(distances) >= 0).all() and not checker.collisions(found).any()
    poses = link_pose(checker.robot.chain, torch.as_tensor(found), checker.robot.tool_frame).numpy()
    np.testing.assert_allclose(poses, np.broadcast_to(asked.goal_pose, poses.shape), atol=1e-3)


def test_the_search_is_asked_where_near_starts_find_nothing(monkeypatch):
    robot = load_robot("panda")
    asked, checker = query(robot)
    monkeypatch.setattr(goals, "solve", lambda *arguments: robot.ready[None])

    monkeypatch.setattr(goals, "arrivals", lambda *arguments: np.empty((0, 7)))
    np.testing.assert_array_equal(goals.goal_configurations(asked, checker), robot.ready[None])


def test_a_tool_inside_an_obstacle_is_told_from_one_out_of_reach():
    robot = load_robot("panda")
    asked, _ = query(robot)
    blocked = Scene((Sphere(center=asked.goal_pose[:3, 3], radius=0.05),))
    with pytest.raises(GenModelsError) as error:
        goals.goal_configurations(*query(robot, scene=blocked))
    assert error.value.code is ErrorCode.GOAL_IN_COLLISION


def test_an_arm_that_is_prepared_makes_its_table_once():
    robot = load_robot("panda")
    goals.prepare(robot)
    made = goals._table.cache_info().misses
    goals.goal_configurations(*query(robot))
    assert goals._table.cache_info().misses == made
