import numpy as np
import pytest

from genmodels_ros.simulation.floor.layouts import demo_floor_plan, random_floor_plan
from genmodels_ros.simulation.floor.walkers import WalkerMotion
from genmodels_ros.simulation.gazebo.walkers import SAMPLING, walk

WALKERS = (*demo_floor_plan().walkers, *random_floor_plan(4, num_walkers=4).walkers)


def places(walker):
    times, poses = zip(*walk(walker), strict=True)
    return np.array(times), np.array(poses)


@pytest.mark.parametrize("walker", WALKERS)
def test_an_actor_is_where_the_simulations_walker_is(walker):
    times, poses = places(walker)
    motion, step, seen = WalkerMotion(walker), 0.005, []
    for _ in range(int(times[-1] / step)):
        seen.append(motion.pose[:2])
        motion.advance(step)
    index = np.minimum((times / step).round().astype(int), len(seen) - 1)
    away = np.linalg.norm(np.array(seen)[index] - poses[:, :2], axis=1)
    assert away.max() < 5 * step * walker.speed  # the motion loses a step or two at either end


@pytest.mark.parametrize("walker", WALKERS)
def test_the_loop_closes_and_is_evenly_timed(walker):
    times, poses = places(walker)
    np.testing.assert_allclose(poses[0, :2], poses[-1, :2], atol=1e-6)
    assert np.ptp(np.diff(times)) < 1e-9 and np.diff(times)[0] <= SAMPLING
    speeds = np.linalg.norm(np.diff(poses[:, :2], axis=0), axis=1) / np.diff(times)
    assert speeds.max() <= walker.speed + 1e-6 and np.median(speeds) == pytest.approx(walker.speed, rel=1e-6)


@pytest.mark.parametrize("walker", WALKERS[:3])
def test_people_look_where_they_go(walker):
    _, poses = places(walker)
    steps = np.diff(poses[:, :2], axis=0)
    moving = np.linalg.norm(steps, axis=1) > 0.9 * np.linalg.norm(steps, axis=1).max()
    ahead = np.stack([np.cos(poses[:-1, 2]), np.sin(poses[:-1, 2])], axis=1)[moving]
    along = (ahead * steps[moving]).sum(axis=1) / np.linalg.norm(steps[moving], axis=1)
    assert np.mean(along > 0.99) > 0.9
