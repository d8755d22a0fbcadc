"""What every node shares: a lifecycle that reports, and parts that are released in order and whose failures are told.

A node fills in four hooks and makes its parts with the `add_*` methods; nothing has to be destroyed by hand:

    class ScanCounterNode(ManagedNode):
        PARAMETERS = (*ManagedNode.PARAMETERS, Parameter("limit", 10, "Scans counted", range=(1, 100)))

        def __init__(self, **options):
            super().__init__("scan_counter", **options)
            self.add_service(Trigger, "~/reset", self.reset)       # answers in every state

        def configure(self):                                        # load and warm up; raise GenModelsError to refuse
            self.total = self.add_publisher(UInt32, "~/total")

        def activate(self):                                         # start listening
            self.add_subscription(LaserScan, "scan", self.count, qos_profile_sensor_data)
"""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from copy import copy

from rclpy.action import ActionClient, ActionServer, GoalResponse
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.lifecycle import LifecycleState
from rclpy.qos_overriding_options import QoSOverridingOptions

from genmodels_ros.conversions.errors import answer
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.action_server import action_server
from genmodels_ros.nodes.latest_slot import LatestSlot
from genmodels_ros.nodes.lifecycle import ReportingNode
from genmodels_ros.nodes.qos import REQUESTS


class ManagedNode(ReportingNode):
    """A lifecycle node and its parts; see the module's example."""

    def __init__(self, name: str, **options):
        """options: those of rclpy.node.Node (namespace, parameter_overrides, context, ...)."""
        self._slots: list[LatestSlot] = []
        super().__init__(name, **options)
        self.inputs = MutuallyExclusiveCallbackGroup()  # callbacks that only store what arrives
        self.inference = MutuallyExclusiveCallbackGroup()  # callbacks that may take long, one after the other

    def add_publisher(self, message_type, topic: str, qos=10):
        """A lifecycle publisher that lives from configure to cleanup; its QoS can be overridden by parameters."""
        publisher = self.create_lifecycle_publisher(
            message_type, topic, copy(qos), qos_overriding_options=QoSOverridingOptions.with_default_policies()
        )
        self._while_configured.callback(self.destroy_lifecycle_publisher, publisher)
        return publisher

    def add_subscription(self, message_type, topic: str, callback: Callable, qos=10, group=None, overridable=False):
        """A subscription that lives from activate to deactivate; what its callback raises is logged and counted.

        overridable: its QoS can be overridden by parameters, too
        """
        subscription = self.create_subscription(
            message_type,
            topic,
            self._reporting(callback),
            copy(qos),  # rclpy writes overrides into the profile it is given, and profiles are shared
            callback_group=group or self.inputs,
            qos_overriding_options=QoSOverridingOptions.with_default_policies() if overridable else None,
        )
        self._while_active.callback(self.destroy_subscription, subscription)
        return subscription

    def add_timer(self, period: float, callback: Callable, group=None, clock=None):
        """A timer in seconds of the node's clock (or of `clock`) that lives from activate to deactivate."""
        timer = self.create_timer(period, self._reporting(callback), callback_group=group or self.inputs, clock=clock)
        self._while_active.callback(self.destroy_timer, timer)
        return timer

    def add_worker(self, process: Callable, alone: bool = False) -> LatestSlot:
        """A slot whose newest item goes to `process`, one at a time with services; older ones are dropped and counted.

        alone: beside a long inference instead of after it, and not counted as one
        """
        lock = threading.Lock() if alone else self.work

        def run():  # one item a wake-up and a group of its own: a sensor faster than the model keeps no service out
            if self.active and (item := slot.take()) is not None:
                with lock, ExitStack() if alone else self.monitor.measure():
                    if self.active:
                        process(item)

        def finish():
            with lock:
                self._slots.remove(slot)

        guard = self.create_guard_condition(self._reporting(run), callback_group=MutuallyExclusiveCallbackGroup())
        slot = LatestSlot(notify=guard.trigger)
        self._slots.append(slot)
        self._while_active.callback(finish)
        self._while_active.callback(self.destroy_guard_condition, guard)
        return slot

    def add_action_server(self, action_type, name: str, execute: Callable) -> ActionServer:
        """An action server, see there, from configure to cleanup; it takes goals while the node is active."""

        def accept(goal) -> GoalResponse:
            return GoalResponse.ACCEPT if self.active else GoalResponse.REJECT

        server = action_server(self, action_type, name, execute, accept)
        self._while_configured.callback(server.destroy)
        return server

    def add_action_client(self, action_type, name: str) -> ActionClient:
        """A client that lives from configure to cleanup."""
        client = ActionClient(self, action_type, name, callback_group=self.concurrent)
        self._while_configured.callback(client.destroy)
        return client

    def add_client(self, service_type, name: str):
        """A service's client that lives from activate to deactivate."""
        client = self.create_client(service_type, name, callback_group=self.concurrent)
        self._while_active.callback(self.destroy_client, client)
        return client

    def add_farewell(self, callback: Callable) -> None:
        """A last word when the node deactivates: after what is added later has ended, before publishers fall silent."""
        self._while_active.callback(callback)

    def add_service(self, service_type, name: str, callback: Callable, group=None, needs_active: bool = True):
        """A service for the node's whole life, by default in the inference group.

        `callback(request, response)` fills the response or raises GenModelsError, which becomes the answer's code; with
        `needs_active`, any state but active answers NOT_ACTIVE.
        """

        def serve(request, response):
            try:
                with self.work if group is None else ExitStack():
                    if needs_active:
                        self.require_active()
                    callback(request, response)
                answer(response)
            except Exception as error:
                answer(response, self.report(error))
            return response

        return self.create_service(
            service_type, name, serve, qos_profile=REQUESTS, callback_group=group or self.inference
        )

    def require_active(self) -> None:
        """Raises GenModelsError(NOT_ACTIVE) outside the active state."""
        if not self.active:
            raise GenModelsError(
                ErrorCode.NOT_ACTIVE, f"{self.get_name()} is not active: configure and activate it, then ask again."
            )

    def _reporting(self, callback: Callable) -> Callable:
        """The callback, with exceptions reported instead of ending the executor."""

        def guarded(*arguments):
            try:
                callback(*arguments)
            except Exception as error:
                if self.context.ok():  # work cut short by Ctrl-C is no failure
                    self.report(error)

        return guarded

    def counts(self) -> dict[str, str]:
        return {"dropped": str(sum(slot.dropped for slot in self._slots))}

    def _activate(self, state: LifecycleState) -> None:
        super()._activate(state)
        for slot in self._slots:
            slot.wake()  # for what came in meanwhile
