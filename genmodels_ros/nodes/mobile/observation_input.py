"""Scan, odometry and command of one moment brought together: what a node that looks through a lidar listens to."""

from collections.abc import Callable

import numpy as np
from geometry_msgs.msg import Twist, TwistStamped
from nav_msgs.msg import Odometry
from rclpy.clock import Clock, ClockType
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import LaserScan

from genmodels_ros.conversions.observations import to_observation
from genmodels_ros.conversions.sensors import from_twist, to_laser_scan
from genmodels_ros.conversions.stamps import header, to_seconds
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.nodes.stamp_pairs import Recent
from genmodels_ros.pipelines.mobile.observation import Observation

ODOMETRY_KEPT = 200  # messages: 4 s at 50 Hz
TIME_WENT_BACK = 0.1  # [s] of odometry stamps: a recording or a simulation started over, the old ones mean nothing
LOOK_AGAIN = 0.5  # [s] between looks at who publishes cmd_vel
AUTO, TWIST, TWIST_STAMPED = "auto", "twist", "twist_stamped"
TYPES = {TWIST: Twist, TWIST_STAMPED: TwistStamped}
NAMES = {"geometry_msgs/msg/Twist": TWIST, "geometry_msgs/msg/TwistStamped": TWIST_STAMPED}


class ObservationInput:
    """Listens to `scan`, `odom` and `cmd_vel` from activation to deactivation; the newest scan counts.

    Stamps of the messages bring scan and odometry together. Ages are counted from arrival in the node's clock, so that
    they grow with simulated time where `use_sim_time` says so, and a paused simulation does not age.
    """

    PARAMETERS = (
        Parameter("laser.yaw", 0.0, "Bearing of the lidar's zero in the base frame", "rad", range=(-3.2, 3.2)),
        Parameter("laser.x", 0.0, "Where the lidar stands in the base frame, forward", "m", range=(-2.0, 2.0)),
        Parameter("laser.y", 0.0, "Where the lidar stands in the base frame, left", "m", range=(-2.0, 2.0)),
        Parameter(
            "command.type",
            AUTO,
            "Type of cmd_vel; auto: that of whoever publishes it",
            choices=(AUTO, TWIST, TWIST_STAMPED),
            load_time=True,
        ),
        Parameter("command.max_age", 0.5, "A command older than this counts as zero", "s", range=(0.05, 60.0)),
        Parameter("odometry.max_gap", 0.2, "Most that a scan and its odometry may differ", "s", range=(0.001, 5.0)),
        Parameter("observation.max_age", 1.0, "Oldest scan that futures start from", "s", range=(0.05, 60.0)),
        Parameter(
            "observation.max_delay",
            0.0,
            "Most that a scan's stamp may differ from this node's clock when it arrives; 0: anything",
            "s",
            range=(0.0, 60.0),
        ),
    )

    def __init__(self, node: ManagedNode, process: Callable[[Observation, LaserScan], None]):
        """Made on activation. process: called in the node's inference group with each newest scan, checked, in the
        base frame; scans that came meanwhile are dropped."""
        self._node, self._process = node, process
        self._odometry, self._newest = Recent(ODOMETRY_KEPT), None
        self._heard_command = (-np.inf, np.zeros(2))  # (moment, command)
        self._seen, self._delay = -np.inf, np.nan  # moment of the last usable scan; its stamp to its arrival
        self._refusal: GenModelsError | None = GenModelsError(
            ErrorCode.NO_OBSERVATION, "Nothing was seen yet: publish scan and odom."
        )
        self.odom_frame, self.scan_frame = "odom", "base_scan"
        self.scans = node.add_worker(self._receive_scan)
        self._commands, self._command_type = None, None
        node.add_subscription(Odometry, "odom", self._receive_odometry, qos_profile_sensor_data)
        self._listen_to_commands()
        if node.value("command.type") == AUTO:
            steady = Clock(clock_type=ClockType.STEADY_TIME)  # a paused simulation shall not keep us from finding it
            node.add_timer(LOOK_AGAIN, self._look_again, group=node.concurrent, clock=steady)
        node.add_subscription(LaserScan, "scan", self.scans.put, qos_profile_sensor_data)

    # --- What the node asks for

    def command(self) -> np.ndarray:
        """The command in force [2] m/s, rad/s; zero if none was given lately."""
        moment, command = self._heard_command
        return command if abs(self._now() - moment) <= self._node.value("command.max_age") else np.zeros(2)

    @property
    def laser(self) -> tuple[float, float, float]:
        """Where the lidar stands in the base frame: x m, y m, yaw rad."""
        return tuple(self._node.value(f"laser.{name}") for name in ("x", "y", "yaw"))

    def to_scan(self, ranges: np.ndarray, beams: Observation, stamp: float, base_frame: str) -> LaserScan:
        """The message of `ranges` [B] m at the beams of an observation, as the lidar itself would send it; in the base
        frame where the lidar stands off the centre, as observations are seen from there."""
        x, y, yaw = self.laser
        centred = bool(x or y)
        return to_laser_scan(
            ranges,
            header(base_frame if centred else self.scan_frame, stamp),
            angle_min=beams.angle_min - (0.0 if centred else yaw),
            angle_increment=beams.angle_increment,
            range_min=beams.range_min,
            range_max=beams.range_max,
        )

    def odometry(self) -> Odometry | None:
        """The newest message, whatever its age; None before the first."""
        return self._newest

    def has_odometry(self, stamp: float) -> bool:
        """Whether a scan of `stamp` s would find its odometry."""
        return self._odometry.nearest(stamp, self._node.value("odometry.max_gap")) is not None

    def age(self) -> float:
        """Seconds of the node's clock since the last usable scan came; infinite before the first.

        Time that went back (a simulation started over) makes what was seen before as old as it went back.
        """
        return abs(self._now() - self._seen)

    def require_recent(self) -> None:
        """Raises what was wrong with the last scan, or GenModelsError(NO_OBSERVATION) without a recent one."""
        if self._refusal is not None:
            raise self._refusal
        if self.age() > self._node.value("observation.max_age"):
            raise GenModelsError(
                ErrorCode.NO_OBSERVATION,
                f"No scan with odometry in the last {self._node.value('observation.max_age'):g} s: "
                "publish scan and odom.",
            )

    def details(self) -> dict[str, str]:
        """Lines for the diagnostics."""
        return {
            "scan_age": f"{self.age():.3f}",
            "scan_delay": f"{self._delay:.3f}",
            "command_type": self._command_type or "",
        }

    # --- What arrives

    def _receive_odometry(self, message: Odometry) -> None:
        if self._newest is not None:
            gone_back = to_seconds(self._newest.header.stamp) - to_seconds(message.header.stamp)
            if gone_back > TIME_WENT_BACK:
                self._odometry = Recent(ODOMETRY_KEPT)
        self._newest = message
        self._odometry.add(message)

    def _receive_command(self, message: Twist | TwistStamped) -> None:
        self._heard_command = (self._now(), from_twist(message))

    def _receive_scan(self, scan: LaserScan) -> None:
        arrival = self._now()
        try:
            observation = self._paired(scan, arrival)
        except GenModelsError as error:
            self._refusal = error  # futures of a scan we could not read would be a lie
            raise
        self._refusal, self._seen = None, arrival
        self._process(observation, scan)

    def _paired(self, scan: LaserScan, arrival: float) -> Observation:
        value, stamp = self._node.value, to_seconds(scan.header.stamp)
        self._delay = arrival - stamp
        if 0 < value("observation.max_delay") < abs(self._delay):
            raise GenModelsError(
                ErrorCode.NO_OBSERVATION,
                f"The scan's stamp is {self._delay:.2f} s behind this node's clock: check clocks and use_sim_time.",
            )
        odometry = self._odometry.nearest(stamp, value("odometry.max_gap"))
        if odometry is None:
            raise GenModelsError(
                ErrorCode.NO_OBSERVATION,
                f"No odometry within {value('odometry.max_gap'):g} s of the scan's stamp: check odom and clocks.",
            )
        self.odom_frame = odometry.header.frame_id or self.odom_frame
        self.scan_frame = scan.header.frame_id
        return to_observation(scan, odometry, self.command(), self.laser)

    # --- Twist or TwistStamped

    def _listen_to_commands(self) -> None:
        """Subscribes with the type asked for, or published; DDS knows one type a topic."""
        kind = self._node.value("command.type")
        publishers = self._node.get_publishers_info_by_topic("cmd_vel")
        found = {NAMES[publisher.topic_type] for publisher in publishers if publisher.topic_type in NAMES}
        if kind == AUTO:
            kind = self._command_type if self._command_type in found else min(found, default=None)
        if kind in (None, self._command_type):
            return
        if self._commands is not None:
            self._node.destroy_subscription(self._commands)
            self._commands = self._command_type = None  # the next look finds the topic free of the old type
            return
        self._commands = self._node.add_subscription(TYPES[kind], "cmd_vel", self._receive_command)
        self._command_type = kind

    def _look_again(self) -> None:
        with self._node.work:  # deactivation waits for it: nothing is added once it has begun
            if self._node.active:
                self._listen_to_commands()

    def _now(self) -> float:
        return self._node.get_clock().now().nanoseconds * 1e-9
