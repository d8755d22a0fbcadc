"""Real rclpy over real DDS, kept to this machine and to a domain of its own; every wait is bounded."""

import ctypes
import gc
import os

os.environ["ROS_DOMAIN_ID"] = str(os.getpid() % 100 + 1)
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"

import sys
import threading
import time
from typing import NamedTuple

import numpy as np
import pytest
import rclpy
from rclpy.action import ActionClient
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from rclpy.parameter import Parameter

from genmodels_ros.nodes.process import Executor

TIMEOUT = 60.0  # s; only a failing test waits as long, and a machine may be busy with other things


class Graph:
    """An executor in a thread, a client node, and bounded ways to talk to the nodes under test."""

    def __init__(self):
        self._executor = Executor()
        self._thread = threading.Thread(target=self._executor.spin, daemon=True)
        self._clients, self._listening = {}, {}
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
        subscription = self.node.create_subscription(message_type, topic, received.append, qos, callback_group=group)
        self._listening[id(received)] = subscription
        return received

    def stop_listening(self, received: list):
        """To what `listen` made: nothing comes any more, and nothing is kept."""
        self.node.destroy_subscription(self._listening.pop(id(received)))
        received.clear()

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


class _HeapUse(ctypes.Structure):
    """struct mallinfo2 of glibc 2.33 and later (mallinfo(3)): bytes, summed over every thread's arena."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()
    ]


class Memory:
    """What this process holds, read now and then while something is repeated: Python's objects, and bytes in all.

    What is resident would depend on where the tests before have left holes, and goes up and down by 40 MB in a suite.
    Bytes asked for and not given back do not, but grow by up to 18 MB at once where a thread first works and gets its
    buffers. What leaks grows between all readings: so it is their smaller steps that tell.
    """

    def __init__(self):
        self._libc = ctypes.CDLL("libc.so.6")
        self._libc.mallinfo2.restype = _HeapUse
        self._objects, self._megabytes = [], []

    def read(self) -> None:
        gc.collect()
        heap = self._libc.mallinfo2()
        self._objects.append(sys.getallocatedblocks())
        self._megabytes.append((heap.uordblks + heap.hblkhd) / 1e6)

    @property
    def objects_a_step(self) -> float:
        """Objects of Python's gained from one reading to the next, in three steps of four as many or more."""
        return float(np.quantile(np.diff(self._objects), 0.25))

    @property
    def megabytes_a_step(self) -> float:
        return float(np.quantile(np.diff(self._megabytes), 0.25))

    @property
    def megabytes(self) -> float:
        """Gained from the first reading to the last."""
        return self._megabytes[-1] - self._megabytes[0]

    def __repr__(self) -> str:
        return f"objects {np.diff(self._objects)}, MB {np.round(np.diff(self._megabytes), 2)}, from reading to reading"


@pytest.fixture
def memory():
    return Memory()


@pytest.fixture(scope="module")
def started(graph):
    """started(node class, namespace, {parameter: value}) → a node that is active until the module's tests are done."""
    nodes = []

    def start(node_class, namespace=None, parameters=None):
        overrides = [Parameter(name, value=value) for name, value in (parameters or {}).items()]
        nodes.append(graph.add(node_class(namespace=namespace, parameter_overrides=overrides)))
        assert nodes[-1].start(), nodes[-1].monitor.last_error
        return nodes[-1]

    yield start
    for node in reversed(nodes):
        graph.remove(node)


class Answer(NamedTuple):
    """How a goal ended: a GoalStatus, and the action's Result."""

    status: int
    result: object


class Goals:
    """Goals to one action; every wait is bounded."""

    def __init__(self, node, action_type, name, **profiles):
        self.client = ActionClient(node, action_type, name, **profiles)
        assert self.client.wait_for_server(TIMEOUT), f"no action {name}"

    def send(self, goal, told: list | None = None):
        """The handle of a goal, accepted or not; `told` fills with the feedback on it."""
        heard = None if told is None else lambda message: told.append(message.feedback)
        sent = self.client.send_goal_async(goal, feedback_callback=heard)
        assert wait_until(sent.done)
        return sent.result()

    @staticmethod
    def answer(handle) -> Answer:
        """What became of it."""
        assert handle.accepted
        future = handle.get_result_async()
        assert wait_until(future.done, 1.5 * TIMEOUT)
        return Answer(future.result().status, future.result().result)

    def ask(self, goal, told: list | None = None) -> Answer:
        """`send` and `answer` in one."""
        return self.answer(self.send(goal, told))


@pytest.fixture(scope="module")
def goals_to(graph):
    """Makes Goals to an action: goals_to(action type, name, quality of service by rclpy's names)."""
    made = []

    def make(action_type, name, **profiles):
        made.append(Goals(graph.node, action_type, name, **profiles))
        return made[-1]

    yield make
    for goals in made:
        goals.client.destroy()


LIFECYCLE = {
    "transition_event",
    "change_state",
    "get_state",
    "get_available_states",
    "get_available_transitions",
    "get_transition_graph",
    "get_type_description",
}


@pytest.fixture
def hold_against():
    """hold_against(node, named): the topics and services that a page names are the node's, and none of its own is left
    out; `elsewhere` are made only where something else is installed or heard."""

    def hold(node, named: set[str], elsewhere: frozenset[str] = frozenset()) -> None:
        own, relative = f"{node.get_fully_qualified_name()}/", f"{node.get_namespace()}/"
        name, namespace = node.get_name(), node.get_namespace()
        published = {topic for topic, _ in node.get_publisher_names_and_types_by_node(name, namespace)}
        served = {service for service, _ in node.get_service_names_and_types_by_node(name, namespace)}
        heard = {topic for topic, _ in node.get_subscriber_names_and_types_by_node(name, namespace)}
        for topic in named - elsewhere - {f"~/{topic}" for topic in elsewhere}:
            full = f"{own}{topic[2:]}" if topic.startswith("~/") else f"{relative}{topic}"
            assert full in published | served | heard, topic
        told = {topic.removeprefix(own) for topic in published | served if topic.startswith(own)}
        told = {topic for topic in told if "parameter" not in topic and topic not in LIFECYCLE}
        assert {f"~/{topic}" for topic in told} <= named, "the page leaves something out"

    return hold
