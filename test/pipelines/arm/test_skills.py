"""Skills of the Panda: via-points kept by what is executed, nothing unverified returned, errors in a sentence."""

import numpy as np
import pytest

from genmodels_ros.errors import ErrorCode
from genmodels_ros.pipelines.arm.movement_primitive import MovementPrimitive
from genmodels_ros.pipelines.arm.skills import SkillPlayer, ViaPoint, tool_positions
from genmodels_ros.pipelines.arm.tool_paths import joint_paths
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.obstacles import Scene, Sphere
from genmodels_ros.robots.paths.verification import densify, verify
from genmodels_ros.simulation.arm.skill_demonstrations import ball_in_the_way, make_task

ROBOT = load_robot("panda")


@pytest.fixture(scope="module")
def task():
    return make_task(ROBOT, seed=3)


@pytest.fixture(scope="module")
def player(task) -> SkillPlayer:
    return SkillPlayer(MovementPrimitive.learn(task.demonstrations), ROBOT)


def nearest(trajectory, point) -> float:
    """m, of the motion as it is executed."""
    return float(np.linalg.norm(tool_positions(ROBOT, densify(trajectory)[1]) - point, axis=1).min())


def test_the_demonstrated_via_point_is_reproduced_without_being_told(player, task):
    done = player.play(scene=task.scene)
    assert done.code is ErrorCode.SUCCESS and nearest(done.candidate.trajectory, task.via) < 0.01


@pytest.mark.parametrize("moved", [False, True])
def test_a_via_point_is_met_and_the_motion_verified(player, task, moved):
    phase = player.nearest_phase(ViaPoint(tool=task.via))
    point = task.moved if moved else task.via
    done = player.play([ViaPoint(tool=point, phase=phase)], scene=task.scene)
    assert done.code is ErrorCode.SUCCESS
    trajectory = done.candidate.trajectory
    assert nearest(trajectory, point) < 0.01 and verify(trajectory, ROBOT, task.scene).valid
    assert bool(done.warnings) == moved and (done.surprise[0] > 3) == moved


def test_start_goal_and_joint_via_points_are_met(player):
    weights = player.skill.mean
    start, goal = weights[0] + 0.1, weights[-1] - 0.1
    via = player.skill.mean[6] + 0.05
    done = player.play([ViaPoint(joints=via, phase=0.5)], start=start, goal=goal)
    positions = done.candidate.trajectory.positions
    np.testing.assert_allclose(positions[[0, -1]], [start, goal], atol=1e-6)
    assert np.abs(densify(done.candidate.trajectory)[1] - via).max(1).min() < 0.01


@pytest.mark.parametrize("seed", [0, 1])
def test_an_obstacle_in_the_way_is_passed_and_the_via_point_kept(player, task, seed):
    phase = player.nearest_phase(ViaPoint(tool=task.via))
    told = [ViaPoint(tool=task.via, phase=phase)]
    free = player.play(told, scene=task.scene).candidate.trajectory
    at_via = np.linalg.norm(tool_positions(ROBOT, free.positions) - task.via, axis=1) < 0.03
    keep = free.positions[at_via | np.isin(np.arange(len(at_via)), [0, len(at_via) - 1])]
    scene = ball_in_the_way(ROBOT, task.scene, free.positions, keep, seed)
    assert not verify(free, ROBOT, scene).valid
    done = player.play(told, scene=scene)
    assert done.code is ErrorCode.SUCCESS and verify(done.candidate.trajectory, ROBOT, scene).valid
    assert nearest(done.candidate.trajectory, task.via) < 0.01


def test_where_nothing_is_free_nothing_is_returned(player, task):
    wall = Sphere(task.via, 0.15)
    done = player.play([ViaPoint(tool=task.via)], scene=Scene((wall,)))
    assert done.code is ErrorCode.NO_SOLUTION and done.candidate is None and done.message


@pytest.mark.parametrize(
    ("via", "options", "code"),
    [
        (ViaPoint(tool=[5.0, 0, 0], phase=0.5), {}, ErrorCode.GOAL_UNREACHABLE),
        (ViaPoint(tool=[0.4, 0], phase=0.5), {}, ErrorCode.WRONG_LENGTH),
        (ViaPoint(tool=[0.4, 0, np.nan], phase=0.5), {}, ErrorCode.NOT_FINITE),
        (ViaPoint(tool=[0.4, 0, 0.4], phase=1.0), {}, ErrorCode.INVALID_PATH),
        (ViaPoint(phase=0.5), {}, ErrorCode.INVALID_PATH),
        (ViaPoint(joints=[0.0] * 3), {}, ErrorCode.WRONG_LENGTH),
        (None, {"start": [0.0] * 3}, ErrorCode.WRONG_LENGTH),
        (None, {"velocity_scaling": 2.0}, ErrorCode.INVALID_SCALING),
    ],
)
def test_what_cannot_be_done_is_said(player, via, options, code):
    done = player.play([] if via is None else [via], **options)
    assert done.code is code and done.candidate is None and done.message.endswith(".")


def test_a_via_point_beyond_the_joint_limits_is_not_returned(player):
    beyond = player.skill.mean[6] + np.array([0, 0, 0, 5.0, 0, 0, 0])
    assert player.play([ViaPoint(joints=beyond, phase=0.5)]).candidate is None


def test_tool_paths_become_joint_paths(task):
    tools = [tool_positions(ROBOT, path) for path in task.demonstrations[:3]]
    for tool, path in zip(tools, joint_paths(ROBOT, tools), strict=True):
        reached = tool_positions(ROBOT, path)
        gaps = np.linalg.norm(reached[:, None] - tool[None], axis=-1).min(1)
        assert gaps.max() < 0.01 and ROBOT.within_limits(path)
        assert np.abs(np.diff(path, axis=0)).max() < 0.3
