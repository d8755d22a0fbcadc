"""Scan, odometry and command brought together over DDS: rates, clocks, types, dropouts."""

import itertools
import signal
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest
from geometry_msgs.msg import Twist, TwistStamped
from nav_msgs.msg import Odometry
from rclpy.parameter import Parameter
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import LaserScan

from genmodels_ros.conversions.sensors import to_laser_scan, to_odometry, to_twist
from genmodels_ros.conversions.stamps import header, to_stamp
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.mobile.observation_input import ObservationInput

FAN = {"angle_min": -1.0, "angle_increment": 0.01, "range_min": 0.1, "range_max": 10.0}

NUMBERS = itertools.count()


class Listener(ManagedNode):
    """Nothing but the input: keeps what it was handed."""

    PARAMETERS = (*ManagedNode.PARAMETERS, *ObservationInput.PARAMETERS)

    def activate(self):
        self.seen = []
        self.input = ObservationInput(self, lambda observation, scan: self.seen.append(observation))


class Sensors:
    """Publishers in the listener's namespace, and the listener."""

    def __init__(self, graph, wait_until, namespace, **parameters):
        overrides = [Parameter(name.replace("__", "."), value=value) for name, value in parameters.items()]
        self.node = graph.add(Listener("listener", namespace=namespace, parameter_overrides=overrides))
        assert self.node.start()
        self.graph, self.wait_until, self.namespace = graph, wait_until, namespace
        self.scans = graph.publisher(LaserScan, f"{namespace}/scan")
        self.odometry = graph.publisher(Odometry, f"{namespace}/odom")
        assert wait_until(lambda: self.scans.get_subscription_count() and self.odometry.get_subscription_count())

    @property
    def input(self) -> ObservationInput:
        return self.node.input

    def tell_odometry(self, stamp, pose=(0.0, 0.0, 0.0), twist=(0.0, 0.0)):
        message = to_odometry(pose, twist, header("odom", stamp))
        self.odometry.publish(message)
        assert self.wait_until(lambda: self.input.odometry() == message)

    def scan(self, stamp):
        """Publishes a scan until it was dealt with, as best effort may lose one."""
        seen, errors = len(self.node.seen), self.node.monitor.num_errors
        dealt_with = lambda: len(self.node.seen) > seen or self.node.monitor.num_errors > errors  # noqa: E731
        self.scans.publish(to_laser_scan(np.full(201, 3.0), header("base_scan", stamp), **FAN))
        assert self.wait_until(dealt_with)

    def refusal(self) -> ErrorCode | None:
        try:
            self.input.require_recent()
        except GenModelsError as error:
            return error.code
        return None


@pytest.fixture
def sensors(graph, wait_until):
    made = []

    def make(**parameters) -> Sensors:
        made.append(Sensors(graph, wait_until, f"/input_{next(NUMBERS)}", **parameters))
        return made[-1]

    yield make
    for sensors in made:
        graph.remove(sensors.node)


def test_odometry_at_another_rate_is_carried_to_the_scan_s_moment(sensors):
    robot = sensors()
    robot.tell_odometry(10.0, (1.0, 0.0, 0.0), (0.5, 0.0))
    robot.scan(10.1)
    assert robot.node.seen[-1].pose == pytest.approx((1.05, 0.0, 0.0)) and robot.refusal() is None


def test_a_silent_sensor_is_named_and_heals(sensors):
    robot = sensors()
    assert robot.refusal() == ErrorCode.NO_OBSERVATION
    robot.scan(10.0)
    assert robot.refusal() == ErrorCode.NO_OBSERVATION and not robot.node.seen, "no odometry yet"
    robot.tell_odometry(20.0)
    robot.scan(20.1)
    assert robot.refusal() is None
    robot.scan(20.5)
    assert robot.refusal() == ErrorCode.NO_OBSERVATION, "the odometry dropped out"
    robot.tell_odometry(20.7)
    robot.scan(20.7)
    assert robot.refusal() is None


def test_time_that_starts_over_forgets_the_odometry_of_before(sensors):
    robot = sensors()
    robot.tell_odometry(10.0, (5.0, 5.0, 1.0))
    robot.scan(10.0)
    robot.tell_odometry(9.8, (0.0, 0.0, 0.0))
    robot.scan(9.95)
    assert robot.node.seen[-1].pose == pytest.approx((0.0, 0.0, 0.0))


def test_ages_are_those_of_simulated_time(graph, sensors, wait_until):
    robot = sensors(use_sim_time=True, observation__max_age=1.0, command__max_age=0.5, command__type="twist")
    clock = graph.publisher(Clock, "/clock")
    commands = graph.publisher(Twist, f"{robot.namespace}/cmd_vel")
    now = lambda: robot.node.get_clock().now().nanoseconds * 1e-9  # noqa: E731

    def turn_to(seconds):
        def told():
            clock.publish(Clock(clock=to_stamp(seconds)))
            return now() == pytest.approx(seconds)

        assert wait_until(told)

    turn_to(100.0)
    robot.tell_odometry(100.0)
    robot.scan(100.0)
    assert wait_until(commands.get_subscription_count)
    commands.publish(to_twist((0.3, 0.1)))
    assert wait_until(lambda: robot.input.command()[0] == 0.3)
    turn_to(100.4)
    assert robot.refusal() is None and robot.input.command().tolist() == [0.3, 0.1]
    turn_to(100.9)
    assert robot.refusal() is None and not robot.input.command().any()
    turn_to(101.5)
    assert robot.refusal() == ErrorCode.NO_OBSERVATION
    turn_to(3.0)
    assert robot.refusal() == ErrorCode.NO_OBSERVATION, "time started over: what was seen is of no present"
    robot.tell_odometry(3.0)
    robot.scan(3.0)
    assert robot.refusal() is None


def test_a_scan_that_comes_late_can_be_refused(sensors):
    robot = sensors(observation__max_delay=0.5)
    now = robot.node.get_clock().now().nanoseconds * 1e-9
    robot.tell_odometry(now - 2.0)
    robot.scan(now - 2.0)
    assert robot.refusal() == ErrorCode.NO_OBSERVATION
    now = robot.node.get_clock().now().nanoseconds * 1e-9
    robot.tell_odometry(now)
    robot.scan(now)
    assert robot.refusal() is None


@pytest.mark.parametrize("kind", ["auto", "named"])
@pytest.mark.parametrize("message_type", [Twist, TwistStamped])
def test_commands_with_and_without_stamp(graph, sensors, wait_until, message_type, kind):
    name = {Twist: "twist", TwistStamped: "twist_stamped"}[message_type]
    robot = sensors(command__max_age=60.0, command__type="auto" if kind == "auto" else name)
    commands = graph.publisher(message_type, f"{robot.namespace}/cmd_vel")
    assert wait_until(commands.get_subscription_count)
    message = to_twist((0.2, -0.4))
    commands.publish(message if message_type is Twist else TwistStamped(twist=message))
    assert wait_until(lambda: robot.input.command().tolist() == [0.2, -0.4])
    assert robot.input.details()["command_type"] == name


SPEAKER = """
import sys, time, rclpy
from geometry_msgs.msg import Twist, TwistStamped
rclpy.init()
message, stamped = Twist(), sys.argv[1] == "twist_stamped"
message.linear.x = float(sys.argv[3])
publisher = rclpy.create_node("elsewhere").create_publisher(TwistStamped if stamped else Twist, sys.argv[2], 10)
while rclpy.ok():
    publisher.publish(TwistStamped(twist=message) if stamped else message)
    time.sleep(0.05)
"""


@pytest.fixture
def commanding():
    """Publishes a command at 20 Hz from a process of its own, as within one a topic has one type."""

    @contextmanager
    def publish(kind: str, topic: str, speed: float):
        speaker = subprocess.Popen([sys.executable, "-c", SPEAKER, kind, topic, str(speed)])
        try:
            yield
        finally:
            speaker.send_signal(signal.SIGINT)  # so that it takes its leave from the graph
            speaker.wait()

    return publish


def test_the_type_may_change_with_the_publisher(commanding, sensors, wait_until):
    robot = sensors(command__max_age=60.0)
    for kind, speed in (("twist", 0.1), ("twist_stamped", 0.2), ("twist", 0.3)):
        with commanding(kind, f"{robot.namespace}/cmd_vel", speed):
            assert wait_until(lambda speed=speed: robot.input.command()[0] == speed)
            assert robot.input.details()["command_type"] == kind


def test_activation_starts_anew_and_leaves_nothing_behind(sensors):
    robot = sensors()
    subscriptions, timers = len(list(robot.node.subscriptions)), len(list(robot.node.timers))
    for _ in range(5):
        robot.node.trigger_deactivate()
        robot.node.trigger_activate()
    assert len(list(robot.node.subscriptions)) == subscriptions and len(list(robot.node.timers)) == timers
    assert robot.refusal() == ErrorCode.NO_OBSERVATION
