"""The world model over real DDS with every lidar, broken beams, jumps of time and odometry, and for long.

GENMODELS_CALLS=1000 (make soak) asks for a thousand service calls; the suite is content with fewer.
"""

import gc
import itertools
import math
import os
import threading
import time
import weakref

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Path
from nav_msgs.srv import GetPlan
from rclpy.parameter import Parameter
from sensor_msgs.msg import LaserScan, PointCloud2
from std_msgs.msg import Header

from genmodels_interfaces.srv import Dream, DreamStep, EncodeScan, ImagineRollouts, ScorePaths
from genmodels_ros.conversions.poses import from_planar
from genmodels_ros.conversions.rollouts import to_command_sequences
from genmodels_ros.conversions.sensors import to_laser_scan, to_odometry, to_twist
from genmodels_ros.conversions.stamps import header
from genmodels_ros.errors import ErrorCode
from genmodels_ros.nodes.mobile.world_model import WorldModelNode

CALLS = int(os.environ.get("GENMODELS_CALLS", "100"))
WARM_UP = 90  # calls until allocators and caches have what they keep
ROUNDS = 5  # after each of which nothing is under way, and memory is read
LIDARS = (180, 360, 361, 1081)
COMMANDS = to_command_sequences(np.tile([0.3, 0.1], (8, 10, 1)))


def lidar(beams: int, stamp: float, seed: int = 0) -> LaserScan:
    """A scan in a room by a lidar with so many beams, a tenth of which are NaN, infinite, zero or too near; the one
    with 1081 looks 270 degrees around."""
    span = 1.5 * math.pi if beams == 1081 else 2 * math.pi
    increment = span / (beams - 1) if beams % 2 else span / beams
    angles = -span / 2 + increment * np.arange(beams)
    with np.errstate(divide="ignore"):
        ranges = np.minimum(3.0 / np.abs(np.cos(angles)), 4.0 / np.abs(np.sin(angles)))
    rng = np.random.default_rng(seed)
    broken = rng.choice(beams, beams // 10, replace=False)
    ranges[broken] = rng.choice([math.nan, math.inf, -math.inf, 0.0, 0.01, -1.0, 1e30], len(broken))
    fan = {"angle_min": -span / 2, "angle_increment": increment, "range_min": 0.1, "range_max": 10.0}
    return to_laser_scan(ranges, header("base_scan", stamp), **fan)


@pytest.fixture(scope="module")
def node(started):
    return started(WorldModelNode, "enduring", {"observation.max_age": 60.0})


@pytest.fixture
def call(graph):
    return lambda kind, name, **fields: graph.call(kind, f"enduring/world_model/{name}", kind.Request(**fields))


def imagined(call) -> bool:
    """Whether futures can be imagined, and are numbers."""
    answer = call(ImagineRollouts, "imagine", sequences=COMMANDS)
    return answer.error.value == ErrorCode.SUCCESS and all(
        np.isfinite([*rollout.position_std, *rollout.collision_probability]).all() for rollout in answer.rollouts
    )


# --- Every lidar, every fault


def test_lidars_change_on_the_fly(graph, robot, call, wait_until):
    predicted = graph.listen(LaserScan, "enduring/world_model/predicted_scan")
    points = graph.listen(PointCloud2, "enduring/world_model/predicted_obstacles")
    assert robot.is_heard("predicted_scan", "predicted_obstacles")
    for beams in (*LIDARS, *reversed(LIDARS), 360):
        for seed in range(2):
            robot.sense(scan=lidar(beams, 0.0, seed))
        assert imagined(call)
        told = 360 if beams == 361 else beams  # its last beam looks where its first one does
        assert wait_until(lambda n=told: predicted and len(predicted[-1].ranges) == n)
        assert np.isfinite(predicted[-1].ranges).all() and max(predicted[-1].ranges) <= 10.0
    assert wait_until(lambda: points and points[-1].width > 0)
    assert robot.node.monitor.num_errors == 0
    for received in (predicted, points):  # they would keep what later tests make
        graph.stop_listening(received)


@pytest.mark.parametrize("offset", [-15.0, 0.01, 500.0], ids=["back", "no pace", "far ahead"])
def test_time_may_jump(robot, call, offset):
    robot.sense()
    stamp = next(robot.stamps) * 0.2 + offset
    robot.odometry.publish(to_odometry((0.0, 0.0, 0.0), (0.0, 0.0), header("odom", stamp)))
    robot.scans.publish(lidar(360, stamp))
    robot.stamps = itertools.count(round((stamp + 1.0) / 0.2))
    for _ in range(3):
        robot.sense()
    assert imagined(call)


def test_odometry_may_be_reset_or_jump(robot, call):
    for pose in ((0.0, 0.0, 0.0), (50.0, -20.0, 2.0), (0.0, 0.0, 0.0), (1e6, 1e6, 0.0), (0.0, 0.0, 0.0)):
        robot.sense(pose=pose)
        assert imagined(call)


@pytest.mark.parametrize("missing", ["odom", "scan"])
def test_a_missing_topic_is_named_and_comes_back(robot, node, call, wait_until, missing):
    robot.sense()
    next(robot.stamps), next(robot.stamps)
    stamp = next(robot.stamps) * 0.2
    if missing == "odom":
        errors = node.monitor.num_errors
        robot.scans.publish(lidar(360, stamp))
        assert wait_until(lambda: node.monitor.num_errors > errors)
    else:
        node.set_parameters([Parameter("observation.max_age", value=0.05)])
        time.sleep(0.1)
        robot.odometry.publish(to_odometry((0.0, 0.0, 0.0), (0.0, 0.0), header("odom", stamp)))
    answer = call(ImagineRollouts, "imagine", sequences=COMMANDS)
    assert answer.error.value == ErrorCode.NO_OBSERVATION
    assert ("odometry" if missing == "odom" else "scan") in answer.error.message.lower()
    node.set_parameters([Parameter("observation.max_age", value=60.0)])
    robot.sense()
    assert imagined(call)


# --- For long


class Stream:
    """Odometry at 50 Hz, scans of changing lidars at 10 Hz and commands at 5 Hz, in a thread."""

    def __init__(self, robot):
        self._robot, self._stop = robot, threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.scans = 0

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *error):
        self._stop.set()
        self._thread.join()

    def _run(self):
        clock, robot = self._robot.node.get_clock(), self._robot
        for tick in itertools.count():
            stamp = clock.now().nanoseconds * 1e-9
            robot.odometry.publish(to_odometry((0.01 * tick, 0.0, 0.0), (0.5, 0.0), header("odom", stamp)))
            if tick % 5 == 0:
                robot.scans.publish(lidar(LIDARS[tick // 25 % 4], stamp, tick))
                self.scans += 1
            if tick % 10 == 0:
                robot.commands.publish(to_twist((0.3, 0.0)))
            if self._stop.wait(0.02):
                return


def requests(call):
    """One call of each service after the other, good and bad ones."""
    nowhere = Path(header=Header(frame_id="nowhere"))
    ahead = [PoseStamped(pose=from_planar((x, 0.0, 0.0))) for x in (0.0, 1.0)]
    goal = PoseStamped(header=Header(frame_id="base_link"), pose=from_planar((1.0, 0.0, 0.0)))
    scan = lidar(361, 1.0)
    return itertools.cycle(
        [
            lambda: call(ImagineRollouts, "imagine", sequences=COMMANDS),
            lambda: call(ImagineRollouts, "imagine", sequences=COMMANDS, num_samples=4, with_scans=True),
            lambda: call(ScorePaths, "score_paths", paths=[Path(header=Header(frame_id="base_link"), poses=ahead)]),
            lambda: call(ScorePaths, "score_paths", paths=[nowhere]),
            lambda: call(EncodeScan, "encode"),
            lambda: call(EncodeScan, "encode", scan=scan),
            lambda: call(GetPlan, "get_plan", goal=goal),
            lambda: call(ImagineRollouts, "imagine"),
            lambda: call(Dream, "dream", count=1, seed=1),
            lambda: call(DreamStep, "dream_step", sequences=COMMANDS[:1]),
        ]
    )


@pytest.mark.timeout(900)
def test_calls_while_sensors_stream_leave_no_memory_behind(graph, robot, call, memory):
    for topic, kind in (("predicted_obstacles", PointCloud2), ("predicted_path", Path)):
        graph.node.create_subscription(kind, f"enduring/world_model/{topic}", lambda message: None, 10)
    assert robot.is_heard("predicted_obstacles", "predicted_path")
    answers, scans, started = requests(call), 0, time.monotonic()
    for calls in [max(WARM_UP, CALLS // 4), *ROUNDS * [CALLS // ROUNDS]]:
        with Stream(robot) as stream:
            for _ in range(calls):
                next(answers)()
        time.sleep(0.3)  # what was under way is done
        memory.read()
        scans += stream.scans
    print(f"{CALLS} calls, {scans} scans in {time.monotonic() - started:.0f} s: {memory}")
    assert scans > 10
    assert memory.objects_a_step < 100 * CALLS / ROUNDS, memory  # histories of bounded length fill up
    assert memory.megabytes_a_step < max(0.2, 0.006 * scans / ROUNDS) and memory.megabytes < 100, memory
    robot.stamps = itertools.count(round((time.time() + 1) / 0.2))
    robot.sense()
    assert imagined(call)


# --- Up and down


def test_up_and_down_releases_everything(graph, wait_until):
    node = graph.add(WorldModelNode(namespace="cycling"))
    blank = (len(list(node.publishers)), len(list(node.subscriptions)), len(list(node.timers)))
    for _ in range(3):
        assert node.start()
        model = weakref.ref(node.pipeline.model)
        node.trigger_deactivate()
        node.trigger_cleanup()
        assert node.pipeline is None
        assert (len(list(node.publishers)), len(list(node.subscriptions)), len(list(node.timers))) == blank

        def is_gone(reference=model):
            gc.collect()
            return reference() is None

        assert wait_until(is_gone, 20.0), "the model is let go"
    graph.remove(node)
