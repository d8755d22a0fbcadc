"""Lets the bases of a simulator stand when commands cease, as real bases and MuJoCo's do and Gazebo's do not."""

from functools import partial

from geometry_msgs.msg import Twist
from rclpy.clock import Clock, ClockType

from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.simulation.scenes import of_base

LOOK = 0.1  # s


class CommandWatch:
    """Listens to every base's `cmd_vel` and says zero there, once, when the last command moved it and is too old."""

    PARAMETERS = (
        Parameter("base.command_timeout", 0.5, "A base is told to stand this long after a command", "s", (0.05, 10.0)),
    )  # fmt: skip

    def __init__(self, node: ManagedNode, bases: tuple[str, ...]):
        """Made on configuration."""
        self._node, self._moved_at = node, {}
        self._publishers = {name: node.add_publisher(Twist, of_base(name, "cmd_vel"), 1) for name in bases}

    def activate(self) -> None:
        self._moved_at = {}
        for name, publisher in self._publishers.items():
            self._node.add_subscription(Twist, publisher.topic_name, partial(self._heard, name))
        steady = Clock(clock_type=ClockType.STEADY_TIME)  # so that a simulation that is held does not hold the watch
        self._node.add_timer(LOOK, self._look, clock=steady)

    def _heard(self, name: str, command: Twist) -> None:
        """A zero, this watch's own included, needs no other."""
        self._moved_at.pop(name, None)
        if any((command.linear.x, command.linear.y, command.angular.z)):
            self._moved_at[name] = self._now()

    def _look(self) -> None:
        timeout = self._node.value("base.command_timeout")
        for name in [name for name, moment in self._moved_at.items() if abs(self._now() - moment) > timeout]:
            del self._moved_at[name]
            self._publishers[name].publish(Twist())

    def _now(self) -> float:
        """In the node's clock: a simulation slower than real time has its commands more seldom."""
        return self._node.get_clock().now().nanoseconds * 1e-9
