"""How a motion of the simulated arm ends, by its tolerances and by what others do to it."""

from dataclasses import replace

import numpy as np
import pytest

from genmodels_ros.robots.paths.tolerances import Tolerances
from genmodels_ros.robots.trajectory import Trajectory
from genmodels_ros.simulation.arm.tracking import Outcome, TrackedMotion
from genmodels_ros.simulation.catalogue import describe_world
from genmodels_ros.simulation.world import World

DEFAULT = Tolerances.default(7)
STEP = np.array([0.4, 0, 0, 0, 0, 0, 0.2])


@pytest.fixture(scope="module")
def shared():
    return World(describe_world("arm_cell", 0, False))


@pytest.fixture
def world(shared):
    shared.reset()
    return shared


def motion(world, step=STEP, duration=0.5) -> Trajectory:
    s = np.linspace(0, 1, 30)[:, None]
    names, start = world.arm.robot.joint_names, world.arm.positions
    return Trajectory(
        names,
        duration * s[:, 0],
        start + (3 * s**2 - 2 * s**3) * step,
        (6 * s - 6 * s**2) * step / duration,
        (6 - 12 * s) * step / duration**2,
    )


def tracked(world, tolerances=DEFAULT, **options) -> TrackedMotion:
    world.arm.set_trajectory(motion(world, **options))
    return TrackedMotion(world.arm, tolerances, world.time)


def run(world, tracked, seconds=3.0, each=lambda: None) -> TrackedMotion:
    end = world.time + seconds
    while world.time < end and not tracked.ended.is_set():
        world.step()
        each()
        tracked.watch(world)
    return tracked


def test_it_succeeds_where_the_arm_arrives_at_rest(world):
    start = world.arm.positions
    found = run(world, tracked(world))
    assert found.outcome == Outcome.SUCCESSFUL and found.message == ""
    since, wanted, actual = found.latest
    assert 0.5 <= since < 0.7 and wanted.shape == (3, 7) and actual.shape == (2, 7)
    np.testing.assert_allclose(actual[0], start + STEP, atol=0.02)
    assert np.abs(actual[1]).max() <= 0.05


def test_what_is_told_on_the_way_is_where_the_arm_is(world):
    followed = tracked(world)
    for _ in range(10):
        world.step()
        followed.watch(world)
    since, wanted, actual = followed.latest
    np.testing.assert_array_equal(actual[0], world.arm.positions)
    assert 0 < since < 0.5 and 0 < np.abs(wanted[0] - actual[0]).max() < 0.05


def test_an_arm_that_strays_is_stopped(world):
    narrow = replace(DEFAULT, path=np.full((2, 7), 1e-6))
    found = run(world, tracked(world, narrow))
    assert found.outcome == Outcome.PATH_TOLERANCE_VIOLATED and "on its way, more than 1e-06" in found.message
    assert not world.arm.is_moving and np.abs(world.arm.positions - world.arm.robot.ready).max() < 0.1


def test_a_goal_that_is_not_reached_in_time_is_missed(world):
    strict = replace(DEFAULT, goal=np.zeros((2, 7)), goal_time=0.2)
    found = run(world, tracked(world, strict))
    assert found.outcome == Outcome.GOAL_TOLERANCE_VIOLATED and "panda_joint" in found.message
    assert found.latest[0] == pytest.approx(0.7, abs=0.05)
    patient = run(world, tracked(world, replace(strict, goal_time=0.0)))
    assert patient.outcome is None, "0 waits for ever"


def test_tolerances_without_bound_never_matter(world):
    free = Tolerances(np.full((2, 7), np.inf), np.full((2, 7), np.inf))
    assert run(world, tracked(world, free)).outcome == Outcome.SUCCESSFUL


@pytest.mark.parametrize("what", ["command", "stop", "reset"])
def test_whatever_takes_its_place_ends_it(world, what):
    followed = tracked(world)
    for _ in range(5):
        world.step()
    if what == "command":
        world.arm.set_trajectory(motion(world))
    elif what == "stop":
        world.arm.stop()
    else:
        world.restart()
    assert run(world, followed).outcome == Outcome.REPLACED


def test_a_stop_on_request_holds_the_arm(world):
    followed = tracked(world)
    for _ in range(10):
        world.step()
        followed.watch(world)
    followed.stop(world)
    assert followed.outcome == Outcome.STOPPED and not world.arm.is_moving
    held = world.arm.positions
    world.advance(0.5)
    np.testing.assert_allclose(world.arm.positions, held, atol=0.1)
    followed.stop(world)
    followed.watch(world)
    assert followed.outcome == Outcome.STOPPED, "ended once for all"
