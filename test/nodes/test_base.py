"""The lifecycle, parameters, errors and release that all nodes share, on a small node over real services and topics."""

import threading
import time

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.parameter import Parameter as RosParameter
from std_msgs.msg import UInt32
from std_srvs.srv import Trigger

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.parameters import Parameter


class SquareNode(ManagedNode):
    """Squares numbers, slowly."""

    PARAMETERS = (
        *ManagedNode.PARAMETERS,
        Parameter("delay", 0.0, "Time a number takes", "s", range=(0.0, 10.0)),
        Parameter("mode", "fine", "What configure does", choices=("fine", "refuse", "break")),
        Parameter("table", "a", "Read on configure", load_time=True),
    )

    def __init__(self):
        super().__init__("square")
        self.add_service(Trigger, "~/fail", self.fail)
        self.released = threading.Event()  # cleared, it holds the work
        self.released.set()
        self.add_service(Trigger, "~/ping", lambda request, response: None, group=self.concurrent)

    def configure(self):
        self.squares = self.add_publisher(UInt32, "~/squares")
        if self.value("mode") == "refuse":
            raise GenModelsError(ErrorCode.MODEL_UNAVAILABLE, "No table to work with.")
        if self.value("mode") == "break":
            raise ZeroDivisionError("a bug")

    def activate(self):
        self.slot = self.add_worker(self.square)
        self.add_subscription(UInt32, "numbers", self.slot.put, 100)

    def square(self, message):
        time.sleep(self.value("delay"))
        self.released.wait(60.0)
        if message.data == 13:
            raise GenModelsError(ErrorCode.INVALID_COUNT, "Thirteen brings bad luck.")
        self.squares.publish(UInt32(data=message.data**2))

    def fail(self, request, response):
        raise KeyError("a bug")


@pytest.fixture
def node(graph):
    node = graph.add(SquareNode())
    yield node
    node.released.set()
    node.active = False
    graph.remove(node)


def change(graph, transition) -> bool:
    return graph.call(
        ChangeState, "/square/change_state", ChangeState.Request(transition=Transition(id=transition))
    ).success


def state(graph) -> int:
    return graph.call(GetState, "/square/get_state").current_state.id


def set_parameter(node, name, value):
    return node.set_parameters([RosParameter(name, value=value)])[0]


@pytest.mark.parametrize(("mode", "sentence"), [("refuse", "No table to work with."), ("break", "a bug")])
def test_a_failed_configure_says_why_and_can_be_tried_again(graph, node, wait_until, mode, sentence):
    diagnostics = graph.listen(DiagnosticArray, "/diagnostics")
    set_parameter(node, "mode", mode)
    assert not change(graph, Transition.TRANSITION_CONFIGURE)
    assert state(graph) == State.PRIMARY_STATE_UNCONFIGURED
    assert not node._managed_entities, "the publisher made before the failure must be released"

    def said():
        return any(
            status.level == DiagnosticStatus.ERROR and sentence in status.message
            for message in list(diagnostics)
            for status in message.status
        )

    assert wait_until(said)
    set_parameter(node, "mode", "fine")
    assert change(graph, Transition.TRANSITION_CONFIGURE)
    assert change(graph, Transition.TRANSITION_ACTIVATE)
    assert state(graph) == State.PRIMARY_STATE_ACTIVE
    assert node.monitor.status("", "", {}).level != DiagnosticStatus.ERROR


def test_an_impossible_transition_is_refused(graph, node):
    assert not change(graph, Transition.TRANSITION_ACTIVATE)
    assert not change(graph, 99)
    assert state(graph) == State.PRIMARY_STATE_UNCONFIGURED


def test_services_answer_in_every_state(graph, node):
    answer = graph.call(Trigger, "/square/ping")
    assert not answer.success and "not active" in answer.message
    node.start()
    assert graph.call(Trigger, "/square/ping").success
    change(graph, Transition.TRANSITION_DEACTIVATE)
    assert not graph.call(Trigger, "/square/ping").success


def test_a_bug_in_a_callback_is_answered_and_the_node_keeps_serving(graph, node):
    node.start()
    answer = graph.call(Trigger, "/square/fail")
    assert not answer.success and "KeyError" in answer.message
    assert graph.call(Trigger, "/square/ping").success


def test_a_slow_model_skips_stale_frames(graph, node, wait_until):
    node.released.clear()
    node.start()
    squares, numbers = graph.listen(UInt32, "/square/squares"), graph.publisher(UInt32, "numbers", 100)
    assert wait_until(lambda: numbers.get_subscription_count() and node.squares.get_subscription_count())
    for number in range(101, 141):
        numbers.publish(UInt32(data=number))
    assert wait_until(lambda: node.slot.dropped >= 38), "one is in work, one waits"
    node.released.set()
    assert wait_until(lambda: squares and squares[-1].data == 140**2), "the newest frame must be served"
    assert len(squares) <= 2
    assert len(squares) + node.slot.dropped == 40, "what is not served is counted"


def test_a_sensor_faster_than_its_model_keeps_no_service_waiting(graph, node, wait_until):
    node.start()
    node.set_parameters([RosParameter("delay", value=0.1)])
    numbers, stop = graph.publisher(UInt32, "numbers", 100), threading.Event()
    assert wait_until(numbers.get_subscription_count)

    def stream():
        while not stop.wait(0.01):
            numbers.publish(UInt32(data=2))

    thread = threading.Thread(target=stream)
    thread.start()
    try:
        assert wait_until(lambda: node.slot.dropped > 10)
        for _ in range(3):
            assert "KeyError" in graph.call(Trigger, "/square/fail", timeout=10.0).message, "it waits for the work"
    finally:
        stop.set()
        thread.join()


def test_bad_input_on_a_topic_is_counted_and_leaves_the_node_serving(graph, node, wait_until):
    node.start()
    squares, numbers = graph.listen(UInt32, "/square/squares"), graph.publisher(UInt32, "numbers", 100)
    assert wait_until(lambda: numbers.get_subscription_count() and node.squares.get_subscription_count())
    numbers.publish(UInt32(data=13))
    assert wait_until(lambda: "bad luck" in node.monitor.last_error)
    numbers.publish(UInt32(data=3))
    assert wait_until(lambda: [message.data for message in squares] == [9])


def test_deactivation_waits_for_the_running_inference(graph, node, wait_until):
    node.released.clear()
    node.start()
    node.slot.put(UInt32(data=5))
    assert wait_until(lambda: not node.work.acquire(blocking=False) or node.work.release())
    threading.Timer(0.2, node.released.set).start()
    assert change(graph, Transition.TRANSITION_DEACTIVATE)
    assert node.released.is_set()
    assert not list(node.guards)


def test_cycles_leave_nothing_behind(graph, node):
    def parts():
        return [len(list(kind)) for kind in (node.publishers, node.subscriptions, node.guards, node.timers)]

    before = parts()
    for _ in range(5):
        assert node.start()
        change(graph, Transition.TRANSITION_DEACTIVATE)
        change(graph, Transition.TRANSITION_CLEANUP)
    assert parts() == before and not node._managed_entities


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("delay", -1.0, "range"),
        ("delay", float("nan"), "range"),
        ("mode", "purple", "one of"),
        ("delay", "fast", "type"),
    ],
)
def test_unsuitable_parameters_are_refused_with_a_sentence(node, name, value, word):
    before = node.value(name)
    result = set_parameter(node, name, value)
    assert not result.successful and word in result.reason.lower()
    assert node.value(name) == before


def test_load_time_parameters_need_an_unconfigured_node(graph, node):
    node.start()
    assert "configure" in set_parameter(node, "table", "b").reason
    change(graph, Transition.TRANSITION_DEACTIVATE)
    change(graph, Transition.TRANSITION_CLEANUP)
    assert set_parameter(node, "table", "b").successful


def test_every_parameter_describes_itself(node):
    for parameter in SquareNode.PARAMETERS:
        descriptor = node.describe_parameter(parameter.name)
        assert parameter.description in descriptor.description and parameter.unit in descriptor.description


def test_diagnostics_carry_rate_and_latency(graph, node, wait_until):
    set_parameter(node, "delay", 0.02)
    node.start()
    for number in range(5):
        node.slot.put(UInt32(data=number))
        time.sleep(0.05)
    diagnostics = graph.listen(DiagnosticArray, "/diagnostics")

    def values():
        return {pair.key: pair.value for message in diagnostics for pair in message.status[0].values}

    assert wait_until(lambda: values().get("state") == "active" and float(values()["rate"]) > 0)
    assert 20 <= float(values()["latency_p50_ms"]) <= float(values()["latency_p99_ms"]) < 20_000, "in ms"


def test_concurrent_transitions_and_work_end(graph, node):
    """Frames keep coming while the node is switched on and off."""
    set_parameter(node, "delay", 0.01)
    stop = threading.Event()
    numbers = graph.publisher(UInt32, "numbers", 100)

    def stream():
        while not stop.wait(0.01):
            numbers.publish(UInt32(data=2))

    thread = threading.Thread(target=stream)
    thread.start()
    try:
        assert change(graph, Transition.TRANSITION_CONFIGURE)
        for _ in range(8):
            assert change(graph, Transition.TRANSITION_ACTIVATE)
            time.sleep(0.05)
            assert change(graph, Transition.TRANSITION_DEACTIVATE)
    finally:
        stop.set()
        thread.join()
    assert state(graph) == State.PRIMARY_STATE_INACTIVE


class EagerNode(ManagedNode):
    """Receives while it is still being activated, and works beside a long inference."""

    def __init__(self):
        super().__init__("eager")
        self.done, self.said = [], []

    def activate(self):
        self.add_farewell(lambda: self.said.append((self.active, list(self.done))))
        self.slot = self.add_worker(self.work_on, alone=True)
        self.slot.put("early")
        time.sleep(0.1)  # time enough for the worker to look, and find the node inactive

    def work_on(self, item):
        time.sleep(0.05)
        self.done.append(item)


def test_what_comes_while_a_node_is_activated_is_worked_on(graph, wait_until):
    node = graph.add(EagerNode())
    assert node.start()
    assert wait_until(lambda: node.done == ["early"])
    graph.remove(node)


def test_a_worker_alone_goes_on_beside_a_long_inference_and_ends_before_the_farewell(graph, wait_until):
    node = graph.add(EagerNode())
    assert node.start()
    assert wait_until(lambda: node.done)
    with node.work:
        node.slot.put("beside")
        assert wait_until(lambda: "beside" in node.done)
    node.slot.put("last")
    time.sleep(0.02)
    node.trigger_deactivate()
    assert node.said == [(False, node.done)], "said once, when nothing is worked on any more"
    done = list(node.done)
    time.sleep(0.1)
    assert node.done == done
    graph.remove(node)
