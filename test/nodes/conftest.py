"""Real rclpy over real DDS, kept to this machine and to a domain of its own; every wait is bounded."""

import os

os.environ["ROS_DOMAIN_ID"] = str(os.getpid() % 100 + 1)
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"

import threading
import time

import pytest
import rclpy
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup

from genmodels_ros.nodes.process import Executor

TIMEOUT = 60.0  # s; only a failing test waits as long, and a machine may be busy with other things


class Graph:
    """An executor in a thread, a client node, and bounded ways to talk to the nodes under test."""

    def __init__(self):
        self._executor = Executor()
        self._thread = threading.Thread(target=self._executor.spin, daemon=True)
        self._clients = {}
        self._group = ReentrantCallbackGroup()
        self.node = rclpy.create_node("test_client")
        self.add(self.node)
        self._thread.start()

    def add(self, node):
        self._executor.add_node(node)
        return node

    def remove(self, node):
        self._executor.remove_node(node)
        node.destroy_node()

    def call(self, service_type, name, request=None, timeout=TIMEOUT):
        """The answer of a service."""
        if name not in self._clients:
            self._clients[name] = self.node.create_client(service_type, name, callback_group=self._group)
        client = self._clients[name]
        assert client.wait_for_service(timeout), f"no service {name}"
        future = client.call_async(request if request is not None else service_type.Request())
        assert wait_until(future.done, timeout), f"{name} did not answer within {timeout} s"
        return future.result()

    def publisher(self, message_type, topic, qos=10):
        return self.node.create_publisher(message_type, topic, qos)

    def listen(self, message_type, topic, qos=10) -> list:
        """A list that fills with what arrives, in its order."""
        received, group = [], MutuallyExclusiveCallbackGroup()
        self.node.create_subscription(message_type, topic, received.append, qos, callback_group=group)
        return received

    def close(self):
        self._executor.shutdown(timeout_sec=2.0)
        self.node.destroy_node()


def wait_until(condition, timeout=TIMEOUT) -> bool:
    """Whether `condition()` came true in time."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


@pytest.fixture(scope="session")
def graph():
    rclpy.init()
    graph = Graph()
    yield graph
    graph.close()
    rclpy.try_shutdown()


@pytest.fixture(scope="session", name="wait_until")
def _wait_until():
    return wait_until
