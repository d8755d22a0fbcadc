"""Robots that stand and drive in a room, as the mobile base's nodes hear of them."""

import itertools
import math
import threading
from contextlib import contextmanager

import numpy as np
import pytest
from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry
from sensor_msgs.msg import LaserScan

from genmodels_ros.conversions.sensors import to_laser_scan, to_odometry
from genmodels_ros.conversions.stamps import header, to_seconds


class RobotInARoom:
    """Publishes what a robot standing in a room senses, at stamps of its own, to a node with an ObservationInput."""

    NUM_BEAMS, WALL_AHEAD = 360, 0.8  # m

    def __init__(self, graph, node, wait_until):
        self.FAN = {"angle_min": -math.pi, "angle_increment": math.pi / 180, "range_min": 0.12, "range_max": 12.0}
        self.node, namespace, self._wait_until = node, node.get_namespace().rstrip("/"), wait_until
        self.scans = graph.publisher(LaserScan, f"{namespace}/scan")
        self.odometry = graph.publisher(Odometry, f"{namespace}/odom")
        self.commands = graph.publisher(Twist, f"{namespace}/cmd_vel")
        self.stamps = itertools.count(100, 1)
        assert self._wait_until(lambda: self.scans.get_subscription_count() and self.odometry.get_subscription_count())

    @staticmethod
    def room(ahead=WALL_AHEAD, behind=4.0, side=4.0, num_beams=NUM_BEAMS) -> np.ndarray:
        """Ranges in a rectangular room."""
        angles = -math.pi + 2 * math.pi / num_beams * np.arange(num_beams)
        cos, sin = np.cos(angles), np.sin(angles)
        with np.errstate(divide="ignore"):
            to_x = np.where(cos > 0, ahead / cos, -behind / cos)
            return np.minimum(to_x, side / np.abs(sin))

    def sense(self, scan=None, pose=(0.0, 0.0, 0.0), odometry_delay=0.0, expect=True):
        """Publishes odometry and a scan 0.2 s after the last one and waits until the node has dealt with them."""
        stamp = next(self.stamps) * 0.2
        odometry = to_odometry(pose, (0.0, 0.0), header("odom", stamp + odometry_delay))
        if scan is None:
            scan = to_laser_scan(self.room(), header("base_scan", stamp), **self.FAN)
        scan.header = header("base_scan", stamp)
        self.odometry.publish(odometry)
        assert self._wait_until(lambda: self.heard(stamp + odometry_delay))
        errors = self.node.monitor.num_errors
        self.scans.publish(scan)
        if expect:
            if not self._wait_until(lambda: self.seen(stamp), 10.0):
                self.scans.publish(scan)  # sensor topics are best effort: a scan may be lost
            assert self._wait_until(lambda: self.seen(stamp)), self.node.monitor.last_error
        else:
            assert self._wait_until(lambda: self.node.monitor.num_errors > errors)
        return stamp

    def heard(self, stamp) -> bool:
        """Whether the odometry of `stamp` has come."""
        newest = self.node.input.odometry()
        return newest is not None and to_seconds(newest.header.stamp) == pytest.approx(stamp)

    def seen(self, stamp) -> bool:
        """Whether the model's last observation is the one of `stamp`."""
        return getattr(self.node.pipeline.last_observation, "stamp", -1) == pytest.approx(stamp)

    def is_heard(self, *topics) -> bool:
        """Whether each of the node's own topics found a listener in time."""
        wanted = {f"{self.node.get_fully_qualified_name()}/{topic}" for topic in topics}
        publishers = [publisher for publisher in self.node.publishers if publisher.topic_name in wanted]
        assert len(publishers) == len(wanted)
        return self._wait_until(lambda: all(publisher.get_subscription_count() for publisher in publishers))


@pytest.fixture(scope="session")
def robot_in_a_room(graph, wait_until):
    """Makes a RobotInARoom for a node."""
    return lambda node: RobotInARoom(graph, node, wait_until)


@pytest.fixture(scope="module")
def robot(node, robot_in_a_room):
    """The one that the module's node hears of; a local planner's module has a robot that drives instead."""
    return robot_in_a_room(node)


class DrivenRobot:
    """A base that does what cmd_vel says, in a room of 6 x 6 m with nothing in it but, if told to, a post."""

    PERIOD, HALF = 0.1, 3.0  # s between scans; m from the middle of the room to its walls
    ANGLES = -math.pi + math.pi / 180 * np.arange(360)

    def __init__(self, graph, namespace: str):
        self.FAN = {"angle_min": -math.pi, "angle_increment": math.pi / 180, "range_min": 0.12, "range_max": 12.0}
        self._scans = graph.publisher(LaserScan, f"{namespace}/scan")
        self._odometry = graph.publisher(Odometry, f"{namespace}/odom")
        self.heard: list[Twist] = graph.listen(Twist, f"{namespace}/cmd_vel")
        self.pose, self.sees, self.post = np.zeros(3), True, None
        self.command, self._taken, self._stamp = np.zeros(2), 0, 100.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self):
        self._ended.set()
        self._thread.join()

    def stands(self) -> bool:
        return bool(self.heard) and self.heard[-1].linear.x == 0 and self.heard[-1].angular.z == 0

    def drives(self) -> bool:
        return bool(self.heard) and self.heard[-1].linear.x > 0.1

    def _run(self):
        while not self._ended.wait(self.PERIOD):
            if self.heard:
                self.command = np.array([self.heard[-1].linear.x, self.heard[-1].angular.z])
            self._stamp += self.PERIOD
            x, y, yaw = self.pose
            v, w = self.command
            middle = yaw + w * self.PERIOD / 2
            self.pose = np.array(
                [x + v * self.PERIOD * math.cos(middle), y + v * self.PERIOD * math.sin(middle), yaw + w * self.PERIOD]
            )
            if self.sees:
                self._odometry.publish(to_odometry(self.pose, self.command, header("odom", self._stamp)))
                self._scans.publish(to_laser_scan(self._ranges(), header("base_scan", self._stamp), **self.FAN))

    def _ranges(self) -> np.ndarray:
        x, y, yaw = self.pose
        cos, sin = np.cos(self.ANGLES + yaw), np.sin(self.ANGLES + yaw)
        with np.errstate(divide="ignore"):
            walls = np.minimum((np.copysign(self.HALF, cos) - x) / cos, (np.copysign(self.HALF, sin) - y) / sin)
        if self.post is None:
            return walls
        dx, dy = self.post[0] - x, self.post[1] - y
        along, across = dx * cos + dy * sin, np.abs(dx * sin - dy * cos)
        hits = (along > 0) & (across < 0.15)
        return np.where(hits, np.minimum(walls, along - np.sqrt(np.maximum(0.15**2 - across**2, 0))), walls)


@pytest.fixture
def driven_base(graph):
    """Makes a DrivenRobot in a namespace."""
    return lambda namespace: DrivenRobot(graph, namespace)


@pytest.fixture(scope="session")
def driven_robot(graph, wait_until):
    """Makes a DrivenRobot that a local planner has seen; in the end it is gone, and the planner has no goal."""

    @contextmanager
    def make(node):
        robot = DrivenRobot(graph, node.get_namespace().rstrip("/"))

        def seen() -> bool:
            observation = node.pipeline.last_observation
            return observation is not None and np.allclose(observation.pose[:2], robot.pose[:2], atol=0.1)

        assert wait_until(seen)
        yield robot
        robot.close()
        if node.drive is not None:
            node.finish(node.drive)

    return make


@pytest.fixture
def driven(node, driven_robot):
    """One that drives for the module's local planner, anew for each test."""
    with driven_robot(node) as robot:
        yield robot


@pytest.fixture(scope="module")
def driven_throughout(node, driven_robot):
    """The same one for all tests of the module."""
    with driven_robot(node) as robot:
        yield robot
