"""A lifecycle node whose transitions say why they fail, with one table of parameters and diagnostics of its own."""

import threading
import traceback
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rcl_interfaces.msg import SetParametersResult
from rclpy._rclpy_pybind11 import RCLError
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.diagnostics import Monitor
from genmodels_ros.nodes.parameters import AUTOSTART, Parameter


class ReportingNode(LifecycleNode):
    """What a node is before it has parts; base.py adds them. `active` is true between activation and deactivation."""

    PARAMETERS: tuple[Parameter, ...] = (AUTOSTART,)

    def __init__(self, name: str, **options):
        """options: those of rclpy.node.Node (namespace, parameter_overrides, context, ...)."""
        super().__init__(name, **options)
        self.monitor = Monitor()
        self.active = False
        self.work = threading.RLock()  # held while a model works, and by deactivation
        self.concurrent = ReentrantCallbackGroup()  # callbacks that take care of themselves
        self._while_configured, self._while_active = ExitStack(), ExitStack()
        self._configured = False
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

    def counts(self) -> dict[str, str]:
        """What the diagnostics say was counted, beside rate and latency."""
        return {}

    def statuses(self) -> list[DiagnosticStatus]:
        """More diagnostics beside the node's own."""
        return []

    # --- Errors

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

    def _stop(self, state: LifecycleState) -> None:
        self.active = False  # first, so that running work sees it and ends early
        with self.work:
            self._while_active.close()
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
        own = self.monitor.status(self.get_fully_qualified_name(), state, self.counts() | self.details())
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
