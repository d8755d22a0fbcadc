"""What the planner clients share: the latest message of a topic, a service call with a bound, and a step's outcome."""

import threading
import time
from dataclasses import dataclass

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data

from genmodels_ros.errors import ErrorCode

SENSOR = qos_profile_sensor_data
MISSING_DATA = (ErrorCode.NOT_ACTIVE, ErrorCode.NO_ROBOT_STATE, ErrorCode.NO_OBSERVATION)
DATA_PATIENCE = 5.0  # s that a service may lack the sensor data it needs


class MissionFailure(Exception):
    """A step did not hold; the text says why, in one sentence."""


@dataclass(frozen=True)
class Step:
    """One line of the summary table."""

    name: str
    held: bool
    detail: str
    seconds: float


class Latest:
    """The newest message of a topic and how many there were."""

    def __init__(self, node: Node, message_type, topic: str, qos=SENSOR, on_message=None):
        self._arrived = threading.Condition()
        self._on_message = on_message
        self._topic = topic
        self.message = None
        self.count = 0
        node.create_subscription(message_type, topic, self._receive, qos, callback_group=node.group)

    def _receive(self, message):
        with self._arrived:
            self.message = message
            self.count += 1
            self._arrived.notify_all()
        if self._on_message:
            self._on_message(message)

    def wait(self, timeout: float):
        """The newest message, waiting for the first one; raises MissionFailure after `timeout` seconds."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: self.message is not None, timeout):
                raise MissionFailure(f"nothing arrived on {self._topic} within {timeout:.0f} s")
            return self.message


class MissionClient(Node):
    """A node whose calls block the mission's thread while an executor in another thread serves the callbacks."""

    def __init__(self, name: str, **kwargs):
        self.group = ReentrantCallbackGroup()
        super().__init__(name, **kwargs)

    def call(self, client, request, timeout: float):
        """The answer of a service; raises MissionFailure if the service is missing, late, or answers an error."""
        if not client.wait_for_service(timeout):
            raise MissionFailure(f"service {client.srv_name} is not there after {timeout:.0f} s")
        answered = threading.Event()
        future = client.call_async(request)
        future.add_done_callback(lambda _: answered.set())
        if not answered.wait(timeout):
            client.remove_pending_request(future)
            raise MissionFailure(f"service {client.srv_name} did not answer within {timeout:.0f} s")
        return future.result()

    def answer(self, client, request, timeout: float, while_waiting=None):
        """The successful answer of a service. One that lacks sensor data is asked again for a moment, as data may be on
        its way; `while_waiting()` is called before each repetition. Raises MissionFailure as `call`, or with the error.
        """
        deadline = time.monotonic() + DATA_PATIENCE
        while True:
            response = self.call(client, request, timeout)
            error = response.error if hasattr(response, "error") else response.result.error
            if error.value == ErrorCode.SUCCESS:
                return response
            if error.value not in MISSING_DATA or time.monotonic() > deadline:
                raise MissionFailure(f"error {error.value}: {error.message}")
            if while_waiting:
                while_waiting()
            time.sleep(0.1)

    def client(self, service_type, name: str):
        return self.create_client(service_type, name, callback_group=self.group)


def wait_until(condition, timeout: float, what: str, period: float = 0.02):
    """Polls until `condition()` holds; raises MissionFailure naming `what` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise MissionFailure(f"{what} within {timeout:.0f} s: it did not happen")
        time.sleep(period)
