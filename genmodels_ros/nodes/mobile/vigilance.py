"""How odd the last scan is, for people, programs and Nav2: values, a diagnostic, and a speed limit while it matters."""

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from std_msgs.msg import Float64, Header

from genmodels_interfaces.msg import Anomaly
from genmodels_ros.conversions.anomaly import to_anomaly, to_anomaly_status
from genmodels_ros.conversions.nav2 import NO_LIMIT, SPEED_LIMIT, to_speed_limit
from genmodels_ros.conversions.stamps import header
from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.nodes.qos import LATCHED
from genmodels_ros.pipelines.mobile.anomaly import AnomalyScore
from genmodels_ros.pipelines.mobile.world_model import WorldModel


class Vigilance:
    """Publishes after each scan; `speed_limit` only where nav2_msgs can be imported."""

    PARAMETERS = (
        Parameter("speed_limit.enabled", True, "Publish speed_limit for Nav2, where nav2_msgs is installed"),
        Parameter("speed_limit.percentage", 50.0, "Of the full speed while it is limited", "%", range=(1.0, 100.0)),
        Parameter("speed_limit.risk", 0.5, "Collision probability within the horizon that limits", range=(0.0, 1.0)),
        Parameter("speed_limit.hold", 1.0, "Without alarm or risk until it is lifted", "s", range=(0.0, 60.0)),
    )

    def __init__(self, node: ManagedNode):
        """Made on configure."""
        self._node, self._score = node, None
        self._surprise = node.add_publisher(Float64, "~/surprise")
        self._anomaly = node.add_publisher(Anomaly, "~/anomaly")
        if SPEED_LIMIT is not None:
            self._limit = node.add_publisher(SPEED_LIMIT, "speed_limit", LATCHED)

    def activate(self) -> None:
        """Nothing was odd yet; whoever is limited is let go when the node deactivates."""
        self._score: AnomalyScore | None = None
        self._limited, self._danger_seen = False, -np.inf  # stamp of the last alarm or risk
        self._node.add_farewell(self._lift)

    def tell(self, world: WorldModel, scan: Header, risk: float) -> None:
        """What the last scan was like, and what the present command leads to."""
        if world.surprise is not None:
            self._surprise.publish(Float64(data=world.surprise))
        self._score = world.anomaly
        if self._score is not None:
            self._anomaly.publish(to_anomaly(self._score, scan))
        alarm = self._score is not None and self._score.alarm
        self._limit_speed(world.last_observation.stamp, alarm or risk >= self._node.value("speed_limit.risk"))

    def status(self) -> DiagnosticStatus:
        """The diagnostic of the last scan."""
        return to_anomaly_status(self._score, f"{self._node.get_fully_qualified_name()}: anomaly")

    def _limit_speed(self, stamp: float, danger: bool) -> None:
        value = self._node.value
        if SPEED_LIMIT is None or not value("speed_limit.enabled"):
            self._lift()
        elif danger:
            self._danger_seen = stamp
            if not self._limited:
                self._limited = True
                self._send(value("speed_limit.percentage"), stamp)
        elif not 0 <= stamp - self._danger_seen < value("speed_limit.hold"):  # also where time started over
            self._lift(stamp)

    def _lift(self, stamp: float = 0.0) -> None:
        if self._limited:
            self._limited = False
            self._send(NO_LIMIT, stamp)

    def _send(self, percentage: float, stamp: float) -> None:
        self._limit.publish(to_speed_limit(percentage, header(self._node.value("base_frame"), stamp)))
