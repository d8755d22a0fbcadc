import threading
import time

import pytest

from genmodels_ros.simulation.floor.layouts import random_floor_plan
from genmodels_ros.simulation.runner import Runner, Schedule
from genmodels_ros.simulation.scenes import WorldDescription
from genmodels_ros.simulation.world import World


def eventually(condition) -> bool:
    """Whether `condition()` came true within a minute: only a failing test waits as long."""
    deadline = time.monotonic() + 60.0
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def make_runner(factor, tick=lambda world: None, failed=lambda error: None) -> Runner:
    return Runner(World(WorldDescription(floor=random_floor_plan(3), camera=None)), factor, tick, failed)


@pytest.fixture
def running():
    runners = []

    def start(*args, **kwargs):
        runners.append(make_runner(*args, **kwargs))
        runners[-1].start()
        return runners[-1]

    yield start
    for runner in runners:
        runner.stop()


def test_schedule_keeps_its_rate_and_skips_what_was_missed():
    schedule = Schedule(10.0)
    assert [k for k in range(100) if schedule.due(0.01 * k)] == list(range(0, 100, 10))
    assert schedule.due(2.0) and not schedule.due(2.05) and schedule.due(2.1)
    assert not any(Schedule(0.0).due(t) for t in range(10))


def test_runs_faster_than_real_time_when_told_to(running):
    started = time.monotonic()
    runner = running(8.0)
    assert eventually(lambda: runner.world.time > time.monotonic() - started + 1.0)
    runner.stop()
    fastest = running(0)
    assert eventually(lambda: fastest.world.time > 3.0 and fastest.achieved_factor > 2.0)


def test_does_not_run_ahead_of_the_clock(running):
    started = time.monotonic()
    runner = running(1.0)
    assert eventually(lambda: runner.world.time > 0.25)
    assert runner.world.time <= time.monotonic() - started + 0.05


def test_time_that_cannot_be_made_up_is_given_up_and_counted(running):
    runner = running(1.0, tick=lambda world: time.sleep(0.1))
    assert eventually(lambda: runner.time_given_up > 0.2 and 0 < runner.achieved_factor < 0.5)


def test_work_is_done_in_the_runners_thread_and_its_failure_comes_back(running):
    runner = running(1.0)
    thread = runner.submit(lambda world: threading.current_thread().name).result(timeout=60.0)
    assert thread == "simulation"
    with pytest.raises(ZeroDivisionError):
        runner.submit(lambda world: 1 / 0).result(timeout=60.0)
    assert eventually(lambda: runner.submit(lambda world: world.time).result(timeout=60.0) > 0)


def test_a_failing_tick_ends_the_run_and_is_told(running):
    errors = []

    def tick(world):
        raise ValueError("broken")

    runner = running(0, tick=tick, failed=errors.append)
    assert eventually(lambda: errors)
    assert [str(error) for error in errors] == ["broken"]
    runner.stop()
