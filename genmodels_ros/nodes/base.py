"""What every node shares: transitions that say why they fail, one table of parameters, diagnostics, release in order.

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
import traceback
from collections.abc import Callable
from contextlib import ExitStack, suppress
from copy import copy
from dataclasses import replace

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rcl_interfaces.msg import SetParametersResult
from rclpy._rclpy_pybind11 import RCLError
from rclpy.action import ActionClient, ActionServer, GoalResponse
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.qos_overriding_options import QoSOverridingOptions

from genmodels_ros.conversions.errors import answer
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.action_server import action_server
from genmodels_ros.nodes.diagnostics import Monitor
from genmodels_ros.nodes.latest_slot import LatestSlot
from genmodels_ros.nodes.parameters import AUTOSTART, Parameter
from genmodels_ros.nodes.qos import REQUESTS


class ManagedNode(LifecycleNode):
    """A lifecycle node; see the module's example. `active` is true between activation and deactivation."""

    PARAMETERS: tuple[Parameter, ...] = (AUTOSTART,)

    def __init__(self, name: str, **options):
        """options: those of rclpy.node.Node (namespace, parameter_overrides, context, ...)."""
        super().__init__(name, **options)
        self.monitor = Monitor()
        self.active = False
        self.work = threading.RLock()  # held while a model works, and by deactivation
        self.inputs = MutuallyExclusiveCallbackGroup()  # callbacks that only store what arrives
        self.inference = MutuallyExclusiveCallbackGroup()  # callbacks that may take long, one after the other
        self.concurrent = ReentrantCallbackGroup()  # callbacks that take care of themselves
        self._while_configured, self._while_active = ExitStack(), ExitStack()
        self._configured = False
        self._slots: list[LatestSlot] = []
        self._table = {parameter.name: parameter for parameter in self.PARAMETERS}
        self.add_on_set_parameters_callback(self._check_parameters)
        self.declare_parameters("", [(p.name, p.default, p.descriptor) for p in self.PARAMETERS])
        self._answer_impossible_transitions()
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        steady = Clock(clock_type=ClockType.STEADY_TIME)  # a paused simulation must not silence diagnostics
        self.create_timer(1.0, self.publish_diagnostics, callback_group=self.concurrent, clock=steady)

    # --- Hooks

    def configure(self) -> None:
        """Load, warm up, create publishers. A GenModelsError leaves the node unconfigured, ready for another try."""

    def activate(self) -> None:
        """Create subscriptions and timers."""

    def deactivate(self) -> None:
        """After subscriptions and timers are gone and the last inference has ended."""

    def cleanup(self) -> None:
        """After publishers are gone: let go of what `configure` loaded."""

    def details(self) -> dict[str, str]:
        """More lines for the diagnostics."""
        return {}

    def statuses(self) -> list[DiagnosticStatus]:
        """More diagnostics beside the node's own."""
        return []

    # --- Parts, released in reverse order

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

    # --- Errors

    def require_active(self) -> None:
        """Raises GenModelsError(NOT_ACTIVE) outside the active state."""
        if not self.active:
            raise GenModelsError(
                ErrorCode.NOT_ACTIVE, f"{self.get_name()} is not active: configure and activate it, then ask again."
            )

    def report(self, error: Exception) -> GenModelsError:
        """Logs and counts a failure: bad input as a warning, at most one a second, a bug of ours with its traceback."""
        if isinstance(error, GenModelsError):
            self.get_logger().warning(f"{error.code.name}: {error.message}", throttle_duration_sec=1.0)
        else:
            details = "".join(traceback.format_exception(error))
            self.get_logger().error(f"Unexpected failure, please report it:\n{details}")
            error = GenModelsError(ErrorCode.INTERNAL_ERROR, f"{type(error).__name__}: {error}")
        self.monitor.error(f"{error.code.name}: {error.message}", failed=self.monitor.failed)
        return error

    def _reporting(self, callback: Callable) -> Callable:
        """The callback, with exceptions reported instead of ending the executor."""

        def guarded(*arguments):
            try:
                callback(*arguments)
            except Exception as error:
                if self.context.ok():  # work cut short by Ctrl-C is no failure
                    self.report(error)

        return guarded

    # --- Parameters

    def value(self, name: str):
        """A parameter's value."""
        return self.get_parameter(name).value

    def set_choices(self, name: str, choices: tuple[str, ...]) -> None:
        """Narrows a parameter to values known only now (a model's styles); refuses a present value outside them."""
        self._table[name] = replace(self._table[name], choices=tuple(choices))
        refusal = self._table[name].refusal(self.value(name))
        if refusal:
            raise GenModelsError(ErrorCode.MODEL_UNAVAILABLE, refusal)
        self.set_descriptor(name, self._table[name].descriptor)

    def _check_parameters(self, parameters) -> SetParametersResult:
        for parameter in parameters:
            row = self._table.get(parameter.name)
            if row is None:
                continue
            refusal = row.refusal(parameter.value)
            if row.load_time and self._configured:
                refusal = f"{row.name} is read on configure: clean the node up, set it, and configure again."
            if refusal:
                return SetParametersResult(successful=False, reason=refusal)
        return SetParametersResult(successful=True)

    # --- Transitions: rclpy would swallow what they raise

    def _answer_impossible_transitions(self) -> None:
        """Answers "no" to, say, activating an unconfigured node, where rclpy 7.1 raises and answers nothing."""
        change_state = self._service_change_state.callback

        def answer_always(request, response):
            try:
                return change_state(request, response)
            except RCLError as error:
                self.get_logger().warning(f"Transition refused: {error}")
                response.success = False
                return response

        self._service_change_state.callback = answer_always

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._attempt("configure", self._configure, self._while_configured)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._attempt("activate", lambda: self._activate(state), self._while_active)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._stop(state)
        return TransitionCallbackReturn.SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._unload()
        return TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._stop(state)
        self._unload()
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self.on_shutdown(state)

    def _attempt(self, name: str, step: Callable, parts: ExitStack) -> TransitionCallbackReturn:
        try:
            step()
        except Exception as error:
            parts.close()
            message = f"Could not {name}: {self.report(error).message}"
            self.get_logger().error(message)
            self.monitor.error(message, failed=True)
            self.publish_diagnostics()
            return TransitionCallbackReturn.FAILURE
        self.monitor.recovered()
        return TransitionCallbackReturn.SUCCESS

    def _configure(self) -> None:
        self.configure()
        self._configured = True

    def _activate(self, state: LifecycleState) -> None:
        self.activate()
        super().on_activate(state)
        self.active = True
        for slot in self._slots:
            slot.wake()  # for what came in meanwhile

    def _stop(self, state: LifecycleState) -> None:
        self.active = False  # first, so that running work sees it and ends early
        with self.work:
            self._while_active.close()
            self._slots.clear()
            super().on_deactivate(state)
            self._finish(self.deactivate)

    def _unload(self) -> None:
        with self.work:
            self._while_configured.close()
            self._configured = False
            self._finish(self.cleanup)

    def _finish(self, hook: Callable) -> None:
        """Runs a releasing hook: its failure is reported, and the node still reaches the state asked for."""
        try:
            hook()
        except Exception as error:
            self.report(error)

    # --- Diagnostics

    def publish_diagnostics(self) -> None:
        """Sends the present status; once a second by itself."""
        state = "active" if self.active else "inactive" if self._configured else "unconfigured"
        details = {"dropped": str(sum(slot.dropped for slot in self._slots)), **self.details()}
        own = self.monitor.status(self.get_fully_qualified_name(), state, details)
        message = DiagnosticArray(status=[own, *self.statuses()])
        message.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(message)

    def start(self) -> bool:
        """Configure and activate; False, with the reason logged, if one of them fails."""
        success = TransitionCallbackReturn.SUCCESS
        return self.trigger_configure() == success and self.trigger_activate() == success

    def leave(self) -> bool:
        """Deactivate before the process ends, if active and nobody else is about to. Returns whether it was active."""
        was_active = self.active
        if was_active:
            with suppress(RCLError):
                self.trigger_deactivate()
        self.active = False  # a node that is about to become active ends early
        return was_active
