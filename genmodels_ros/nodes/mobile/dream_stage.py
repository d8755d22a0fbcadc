"""~/dream and ~/dream_step: a simulation by the world model alone, to look at or to train in."""

import threading
import time

import numpy as np
from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock, ClockType
from sensor_msgs.msg import LaserScan
from std_msgs.msg import Bool

from genmodels_interfaces.msg import DreamState as DreamStateMessage
from genmodels_interfaces.srv import Dream as DreamService
from genmodels_interfaces.srv import DreamStep
from genmodels_ros.conversions.dreams import to_recorded
from genmodels_ros.conversions.poses import from_planar
from genmodels_ros.conversions.rollouts import Bounds, to_commands
from genmodels_ros.conversions.sensors import from_twist, to_odometry, to_twist
from genmodels_ros.conversions.stamps import header
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.mobile.latent_services import LatentServices
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.pipelines.mobile.dreaming import Dreams, DreamState, recorded_moment
from genmodels_ros.pipelines.mobile.latents import moment_of
from genmodels_ros.pipelines.mobile.scan_memory import Snapshot

FACTORS = (0.05, 20.0)  # of real time


class DreamStage:
    """One set of dreams, beside what the node observes: in threads of its own, with a memory of its own."""

    PARAMETERS = (
        Parameter("dream.max_count", 16, "Most dreams at once", range=(1, 64)),
        Parameter("dream.max_steps", 512, "Most steps that a request may ask for, dreams times steps", range=(1, 4096)),
    )

    def __init__(self, node: ManagedNode, latents: LatentServices):
        """Made with the node."""
        self._node, self._latents = node, latents
        self._lock = threading.Lock()
        self._dreams: Dreams | None = None
        self._running = False
        # Not in the timer's group: a machine too slow for the pace asked for would never come to hear "stop".
        node.add_service(DreamService, "~/dream", self._direct, group=node.concurrent)
        node.add_service(DreamStep, "~/dream_step", self._step, group=node.concurrent)

    def configure(self) -> None:
        """Publishers."""
        self._scan = self._node.add_publisher(LaserScan, "~/dream/scan")
        self._odometry = self._node.add_publisher(Odometry, "~/dream/odom")
        self._collision = self._node.add_publisher(Bool, "~/dream/collision")

    def activate(self) -> None:
        """Listens to ~/dream/cmd_vel; the clock of a dream is the machine's, as its time is its own."""
        self._command = np.zeros(2)
        self._node.add_subscription(Twist, "~/dream/cmd_vel", self._obey)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = self._node.add_timer(1.0, self._go_on, group=MutuallyExclusiveCallbackGroup(), clock=steady)
        self._timer.cancel()
        self._node.add_farewell(self._wake_up)

    def details(self) -> dict[str, str]:
        """Lines for the diagnostics."""
        dreams = self._dreams
        if dreams is None:
            return {"dreams": "0"}
        states = dreams.states
        return {"dreams": str(len(states)), "dreamt": f"{states[0].time:.1f}", "dream_runs": str(self._running)}

    # --- Services

    def _direct(self, request: DreamService.Request, response: DreamService.Response) -> None:
        with self._lock:
            self._node.require_active()  # what waited for a long step may find the node asleep
            if request.action == DreamService.Request.STOP:
                self._end()
                return
            if request.action != DreamService.Request.START:
                raise GenModelsError(ErrorCode.INVALID_COUNT, f"action is START or STOP, got {request.action}.")
            self._start(request)
            response.states = self._messages(self._dreams.states)

    def _start(self, request: DreamService.Request) -> None:
        command, factor = from_twist(request.command), request.real_time_factor or 1.0
        if not FACTORS[0] <= factor <= FACTORS[1]:  # NaN fails too
            raise GenModelsError(
                ErrorCode.INVALID_SCALING,
                f"The real-time factor must be {FACTORS[0]:g} to {FACTORS[1]:g}, got {factor}.",
            )
        count, most = request.count or 1, self._node.value("dream.max_count")
        if count > most:
            raise GenModelsError(ErrorCode.INVALID_COUNT, f"At most {most} dreams at once, asked for {count}.")
        dreams = Dreams(self._node.pipeline, count, request.seed, self._moment(request))
        self._end()
        self._dreams, self._command, self._running = dreams, command, request.run
        self._ends_with_collision = request.stop_at_collision
        if request.run:
            self._timer.timer_period_ns = round(dreams.time_step / factor * 1e9)
            self._timer.reset()
            self._publish(dreams.states[0])

    def _moment(self, request: DreamService.Request) -> Snapshot:
        """Where the dream asked for starts."""
        world, listening = self._node.pipeline, self._node.input
        if len(request.scans):
            return recorded_moment(world, to_recorded(request.scans, request.odometry, listening.laser))
        latent = request.latent
        if latent.name or len(latent.h) or len(latent.z):
            stamp = self._node.get_clock().now().nanoseconds * 1e-9
            return moment_of(world, self._latents.find(latent), stamp)
        listening.require_recent()
        return world.snapshot

    def _step(self, request: DreamStep.Request, response: DreamStep.Response) -> None:
        started = time.monotonic()
        with self._lock:
            if self._dreams is None or self._running:
                raise GenModelsError(
                    ErrorCode.NO_DREAM,
                    "The dream goes on by itself: start it without 'run'."
                    if self._running
                    else "There is no dream to go on with: start one with ~/dream.",
                )
            most = self._node.value("dream.max_steps") // len(self._dreams.states)
            commands = to_commands(request.sequences, Bounds(len(self._dreams.states), most))
            states = self._dreams.step(commands, given_up=lambda: not self._node.active)
            response.states = self._messages(states)
            response.time_step = self._dreams.time_step
        response.computation_time = time.monotonic() - started

    # --- Topics

    def _obey(self, command: Twist) -> None:
        self._command = from_twist(command)

    def _go_on(self) -> None:
        """A step of dream 0 as it runs by itself."""
        with self._lock:
            if not (self._running and self._node.active):
                return
            state = self._dreams.step(self._command[None, None])[0]
            self._publish(state)
            if state.collided and self._ends_with_collision:
                self._running = False
                self._timer.cancel()

    def _publish(self, state: DreamState) -> None:
        listening, seen = self._node.input, state.observation
        base_frame = self._node.value("base_frame")
        stamp = header(listening.odom_frame, seen.stamp)
        self._odometry.publish(to_odometry(seen.pose, seen.twist, stamp, base_frame))  # first: the scan refers to it
        self._scan.publish(listening.to_scan(seen.ranges, seen, seen.stamp, base_frame))
        self._collision.publish(Bool(data=state.collided))

    def _wake_up(self) -> None:
        """Ends all dreams as the node deactivates, after the step under way."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._running:
            self._timer.cancel()
        self._dreams, self._running = None, False

    def _messages(self, states: list[DreamState]) -> list[DreamStateMessage]:
        return [self._message(number, state) for number, state in enumerate(states)]

    def _message(self, number: int, state: DreamState) -> DreamStateMessage:
        seen, base_frame = state.observation, self._node.value("base_frame")
        return DreamStateMessage(
            dream=number,
            time=state.time,
            scan=self._node.input.to_scan(seen.ranges, seen, seen.stamp, base_frame),
            pose=from_planar(seen.pose),
            twist=to_twist(seen.twist),
            collision_probability=state.collision_probability,
            collided=state.collided,
        )
