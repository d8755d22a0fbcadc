"""The simulation node: a MuJoCo world behind the topics that a real arm and a real mobile base have.

`tf` (odom → base_link) is published where tf2_msgs is installed; the wheels that this suite is built from lack it.
"""

from functools import partial

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import Twist, TwistStamped
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from genmodels_ros.conversions.sensors import from_twist
from genmodels_ros.conversions.simulated import to_contacts
from genmodels_ros.conversions.stamps import to_stamp
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.nodes.process import main_for
from genmodels_ros.nodes.qos import LATCHED
from genmodels_ros.nodes.simulation.simulated_controller import SimulatedController
from genmodels_ros.nodes.simulation.topics import ROBOTS, add_latched, add_sensors, watch_obstacles
from genmodels_ros.simulation.catalogue import DEMO_FLOOR, DEMO_START, WORLDS, describe_world, start_poses
from genmodels_ros.simulation.runner import Runner
from genmodels_ros.simulation.scenes import of_base
from genmodels_ros.simulation.world import World

CLOCK = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)

RATE = {"unit": "Hz", "range": (0.0, 100.0), "load_time": True}
SEEDS = (0, 2**31)
START_HELP = (
    "Where the base, or each of `robots`, starts on the demo's floor: x, y [m], yaw [rad]; others at free places"
)
PARAMETERS = (
    Parameter("world", "both", "What is simulated", choices=WORLDS, load_time=True),
    Parameter("seed", 0, "Seed of sensor noise, slip and free start poses", range=SEEDS, load_time=True),
    Parameter("floor.seed", DEMO_FLOOR, "Random floor plan; -1: the demo's", range=(-1, SEEDS[1]), load_time=True),
    Parameter("floor.people_yield", True, "People stop for a robot right in front of them", load_time=True),
    ROBOTS,
    Parameter("base.start", list(DEMO_START), START_HELP, load_time=True),
    Parameter("base.command_timeout", 0.5, "The base stops this long after the last command", "s", (0.05, 10.0)),
    Parameter("stamped_cmd_vel", False, "cmd_vel is a TwistStamped instead of a Twist", load_time=True),
    Parameter("real_time_factor", 1.0, "Simulated over real time; 0: no waiting", range=(0.0, 100.0), load_time=True),
    Parameter("publish_clock", False, "Publish simulated time on /clock, from zero, and stamp with it", load_time=True),
    Parameter("rates.joint_states", 100.0, "Joint states", **RATE),
    Parameter("rates.odometry", 50.0, "Odometry", **RATE),
    Parameter("rates.scan", 10.0, "Laser scans", **RATE),
    Parameter("rates.camera", 10.0, "Images with labels; 0: no rendering", **RATE),
    Parameter("rates.imu", 50.0, "Acceleration and angular velocity of the base", **RATE),
    Parameter("rates.arm_cameras", 0.0, "Colour, depth and points of the arm's cameras; 0: no rendering", **RATE),
)


class SimulationNode(ManagedNode):
    """Runs a World in a thread of its own and is its only link to ROS."""

    PARAMETERS = (*ManagedNode.PARAMETERS, *PARAMETERS)

    def __init__(self, **options):
        super().__init__("simulation", **options)
        self._runner: Runner | None = None
        self._world: World | None = None
        self.add_service(Trigger, "~/reset", self.reset, group=self.concurrent)

    # --- Transitions

    def configure(self):
        if self.value("real_time_factor") != 1.0 and not self.value("publish_clock"):
            raise GenModelsError(
                ErrorCode.MODEL_UNAVAILABLE,
                "Another real_time_factor than 1 needs publish_clock: set it.",
            )
        name = self.value("world")
        eyes = {"floor": ("camera",), "arm_cell": ("arm_cameras",), "both": ("camera", "arm_cameras")}[name]
        seen = any(self.value(f"rates.{eye}") > 0 for eye in eyes)
        floor_seed, bases = self.value("floor.seed"), tuple(self.value("robots"))
        description = describe_world(name, floor_seed, seen, self.value("floor.people_yield"), bases)
        self._world = World(description, self.value("seed"), self._starts(description))
        self._sensors = add_sensors(self, self._world)
        self._controller = None if self._world.arm is None else SimulatedController(self)
        self._contacts = self.add_publisher(DiagnosticStatus, "~/contacts", LATCHED)
        self._clock_topic = self.add_publisher(Clock, "/clock", CLOCK) if self.value("publish_clock") else None
        self._latched = add_latched(self, description)
        if description.arm_cell is not None:
            self._sensors.append(watch_obstacles(self._latched[0][0], description))

    def activate(self):
        command = TwistStamped if self.value("stamped_cmd_vel") else Twist
        for name in self._world.bases:
            self.add_subscription(command, of_base(name, "cmd_vel"), partial(self.drive, name))
        if self._world.arm is not None:
            self.add_subscription(JointTrajectory, "joint_trajectory", self.follow)
        self._command_times: dict[str, float] = {}
        self._reported: dict | None = None
        self._time_given_up = 0.0
        self._offset = 0.0 if self._clock_topic else self.get_clock().now().nanoseconds * 1e-9 - self._world.time
        self._start_time = self._offset + self._world.time
        self._sent_latched = False
        self._runner = Runner(self._world, self.value("real_time_factor"), self.tick, self.fail)
        if self._controller is not None:
            self._controller.activate(self._runner)
        self._runner.start()

    def deactivate(self):
        if self._runner is not None:
            self._runner.stop()
            self._runner = None

    def cleanup(self):
        self._world, self._sensors, self._latched = None, [], []

    def destroy_node(self):
        self.deactivate()
        super().destroy_node()

    def details(self) -> dict[str, str]:
        runner = self._runner
        if runner is None:
            return {}
        return {
            "simulated_time": f"{runner.world.time:.1f}",
            "real_time_factor": f"{runner.achieved_factor:.2f}",
            "time_given_up": f"{runner.time_given_up:.2f}",
        }

    # --- Inputs

    def drive(self, name: str, message):
        """cmd_vel → the base of that name."""
        command = from_twist(message)
        self._runner.submit(partial(self._drive, name, command))

    def follow(self, message: JointTrajectory):
        """joint_trajectory → arm: from where it is to a first point later than 0; no points means stop at once."""
        if not message.points:
            self._runner.submit(lambda world: world.arm.stop())
            return
        self._runner.submit(partial(self._controller.follow, message)).add_done_callback(self._report_refusal)

    def reset(self, request, response):
        """~/reset: everything back to where it started; simulated time goes on."""
        self._runner.submit(World.restart).result(timeout=5.0)
        response.message = "The world is back at its start."

    def _drive(self, name: str, command, world: World):
        world.bases[name].set_command(*command)
        self._command_times[name] = world.time

    def _report_refusal(self, future):
        if future.exception() is not None:
            self.report(future.exception())

    # --- Outputs, in the runner's thread

    def tick(self, world: World):
        """After every step: stop bases without commands, publish what is due."""
        if not self.active:  # the transition has not ended yet: publishers are not enabled
            return
        if not self._sent_latched:
            self._send_latched()
        if self._controller is not None:
            self._controller.watch(world)
        jumped = self._keep_up_with_the_clock()
        stamp = self._offset + world.time
        if self._clock_topic is not None:
            self._clock_topic.publish(Clock(clock=to_stamp(stamp)))
        self._stop_the_silent(world)
        for schedule, publish in self._sensors[: max(1, len(world.bases))] if jumped else self._sensors:
            if jumped or schedule.due(world.time):
                with self.monitor.measure():
                    publish(world, stamp)
        self._publish_contacts(world)

    def fail(self, error: Exception):
        """The runner ended: nothing moves any more, and everybody should know."""
        if not self.context.ok():  # Ctrl-C came between a step and its messages
            return
        message = self.report(error).message
        self.monitor.error(f"The simulation stopped: {message}", failed=True)
        self.get_logger().error(f"The simulation stopped: {message}")

    def _keep_up_with_the_clock(self) -> bool:
        """Whether stamps jumped: they stay those of the wall clock where time was given up on a slow machine."""
        lost = self._runner.time_given_up - self._time_given_up
        if lost <= 0:
            return False
        self._time_given_up += lost
        self.get_logger().warning(
            f"The machine is too slow for this world: {lost:.2f} s behind, real-time factor "
            f"{self._runner.achieved_factor:.2f}.",
            throttle_duration_sec=10.0,
        )
        if self._clock_topic is not None:
            return False
        self._offset += lost
        return True

    def _stop_the_silent(self, world: World):
        oldest = world.time - self.value("base.command_timeout")
        for name in [name for name, moment in self._command_times.items() if moment < oldest]:
            world.bases[name].set_command(0.0, 0.0)
            del self._command_times[name]

    def _publish_contacts(self, world: World):
        parts = {"arm": world.arm, **{of_base(name, "base"): base for name, base in world.bases.items()}}
        contacts = {name: dict(part.contacts_seen) for name, part in parts.items() if part is not None}
        if contacts != self._reported:
            self._reported = contacts
            self._contacts.publish(to_contacts(contacts))

    def _send_latched(self):
        self._sent_latched = True
        for publisher, message in self._latched:
            message.header.stamp = to_stamp(self._start_time)
            publisher.publish(message)

    def _starts(self, description):
        """Those given by `base.start`, then free places; None leaves a single base on a random floor to chance."""
        given = np.array(self.value("base.start"))
        if given.size == 0 or given.size % 3:
            raise GenModelsError(ErrorCode.WRONG_LENGTH, f"base.start needs x, y and yaw each, got {given.tolist()}.")
        if self.value("floor.seed") == DEMO_FLOOR:
            starts = start_poses(description)
            number = min(len(starts), given.size // 3)
            return [*map(tuple, given.reshape(-1, 3)[:number].tolist()), *starts[number:]]
        return None if len(description.bases) == 1 else start_poses(description, self.value("floor.seed"))


main = main_for(SimulationNode)
