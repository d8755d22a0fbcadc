"""A process of nodes: one executor, clean start and end."""

import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable

import rclpy
import rclpy.logging
from rclpy.exceptions import InvalidHandle, InvalidParameterTypeException, InvalidParameterValueException
from rclpy.executors import (
    ConditionReachedException,
    ExternalShutdownException,
    MultiThreadedExecutor,
    ShutdownException,
    TimeoutException,
)
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Task

NUM_THREADS = 16  # waiting requests hold a thread each; idle threads cost nothing
SWITCH = (
    5e-4  # s that a thread may keep the GIL while another waits: Python's 5e-3 is a frame's delay after a few networks
)
LAST_WORDS = 0.2  # s for commands and answers to arrive: what lies in shared memory goes with the process that wrote it
YIELD = 2e-4  # s given to a thread that is about to begin a callback, instead of asking for it again


class Executor(MultiThreadedExecutor):
    """rclpy's, but one callback's failure does not end the process, and waiting callbacks do not eat the processor.

    rclpy 7.1 lets InvalidHandle escape when a subscription is destroyed while the wait set is built (a node deactivates
    while another receives), and raises in `spin` what any callback raised. It also hands a callback that no thread has
    begun over again with every wake-up: thousands of copies, each looking through all others under the GIL, kept
    callbacks and the simulation from running whenever the machine was busy.
    """

    def __init__(self, num_threads: int = NUM_THREADS, **options):
        super().__init__(num_threads, **options)
        self._handed_over: set[Task] = set()  # and not begun yet

    def _spin_once_impl(self, timeout_sec=None, wait_condition: Callable[[], bool] = lambda: False) -> None:
        try:
            task, _, _ = self.wait_for_ready_callbacks(timeout_sec, None, wait_condition)
        except (ShutdownException, ExternalShutdownException, TimeoutException, ConditionReachedException):
            return
        except Exception as error:
            self._tell(error)
            return
        if task in self._handed_over:
            time.sleep(YIELD)
            return
        self._handed_over.add(task)
        self._executor.submit(self._perform, task)

    def _perform(self, task: Task) -> None:
        self._handed_over.discard(task)
        task()
        if task.done() and task.exception() is not None:
            self._tell(task.exception())

    def _tell(self, error: Exception) -> None:
        if isinstance(error, InvalidHandle) or not self.context.ok():
            return  # what was destroyed is not in the next wait set; Ctrl-C cuts short what waits
        details = "".join(traceback.format_exception(error))
        rclpy.logging.get_logger("genmodels_ros").error(f"A callback failed, the others go on:\n{details}")

    def shutdown(self, timeout_sec: float | None = None) -> bool:
        """Ends when the last callback has: nodes are destroyed after it."""
        in_time = super().shutdown(timeout_sec)
        self._executor.shutdown(wait=True)
        return in_time


def spin(make_nodes: Callable[[], list], args: list[str] | None = None) -> int:
    """Runs ManagedNodes in one process and one executor until SIGINT, SIGTERM or shutdown; returns the exit status.

    Nodes are deactivated while ROS is still up, the last one first: a base gets its last command, a client its answer.
    rclpy's own handlers would end the context first. Call it in the main thread, where Python handles signals.
    """
    sys.setswitchinterval(SWITCH)
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    over, left = threading.Event(), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):  # Ctrl-C under a launch file arrives twice
        signal.signal(number, lambda *_: over.set())
    nodes, executor = [], Executor()
    spinning = threading.Thread(target=_spin, args=(executor, over, left), daemon=True)
    try:
        nodes = make_nodes()
        for node in nodes:
            executor.add_node(node)
        executor.create_task(lambda: [node.start() for node in nodes if node.value("autostart")])
        spinning.start()
        over.wait()
    except (InvalidParameterTypeException, InvalidParameterValueException) as error:
        rclpy.logging.get_logger("genmodels_ros").fatal(f"A parameter cannot be taken: {error}")
        return 1
    finally:
        if any([node.leave() for node in reversed(nodes)]):
            time.sleep(LAST_WORDS)
        left.set()
        if spinning.is_alive():
            executor.wake()
            spinning.join()
        executor.shutdown()
        for node in nodes:
            node.destroy_node()
        rclpy.try_shutdown()
    return 0


def _spin(executor: Executor, over: threading.Event, left: threading.Event) -> None:
    """Until the nodes have `left`; tells when it is `over` by itself."""
    try:
        while executor.context.ok() and not left.is_set():
            executor.spin_once()
    finally:
        over.set()


def main_for(node_class: type) -> Callable:
    """The console entry point of a node."""

    def main(args: list[str] | None = None) -> int:
        return spin(lambda: [node_class()], args)

    return main
