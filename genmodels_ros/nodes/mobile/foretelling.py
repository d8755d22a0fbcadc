"""What the world model expects of the present command, on topics: scan, obstacles, path, risk."""

import numpy as np
from nav_msgs.msg import Path
from sensor_msgs.msg import LaserScan, PointCloud2
from std_msgs.msg import Float64

from genmodels_ros.conversions.plans import to_path
from genmodels_ros.conversions.predicted_obstacles import PointSettings, expected_points, to_point_cloud
from genmodels_ros.conversions.stamps import header
from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.mobile.observation_input import ObservationInput
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.pipelines.mobile.routes import to_odom
from genmodels_ros.pipelines.mobile.world_model import WorldModel


class Foretelling:
    """Publishes after each scan. What nobody listens to is not computed, but for the risk."""

    PARAMETERS = (
        Parameter("horizon", 1.2, "How far predicted topics and ~/collision_probability look", "s", range=(0.2, 10.0)),
        Parameter("obstacles.period", 0.4, "Between moments that ~/predicted_obstacles shows", "s", range=(0.2, 10.0)),
        Parameter("obstacles.height", 0.2, "z of the predicted points in the base frame", "m", range=(-1.0, 3.0)),
        Parameter("obstacles.resolution", 0.05, "Squares that get one point each", "m", range=(0.005, 1.0)),
        Parameter("obstacles.max_std", 0.5, "Points less certain are left out", "m", range=(0.0, 10.0)),
        Parameter("robot_radius", 0.2, "Predicted points nearer are the robot's own", "m", range=(0.0, 2.0)),
    )

    def __init__(self, node: ManagedNode):
        """Made on configure."""
        self._node = node
        self._scan = node.add_publisher(LaserScan, "~/predicted_scan")
        self._obstacles = node.add_publisher(PointCloud2, "~/predicted_obstacles")
        self._path = node.add_publisher(Path, "~/predicted_path")
        self._risk = node.add_publisher(Float64, "~/collision_probability")

    def tell(self, world: WorldModel, listening: ObservationInput) -> float:
        """Publishes what follows the last observation; the collision probability within the horizon."""
        steps = max(1, round(self._node.value("horizon") / world.time_step))
        commands = np.tile(listening.command(), (steps, 1))
        future = world.imagine(commands[None])
        risk = float(future.collision_probability[0, -1])
        self._risk.publish(Float64(data=risk))
        if self._path.get_subscription_count():
            seen = world.last_observation
            poses = to_odom(seen.pose, np.concatenate([np.zeros((1, 3)), future.poses[0]]))
            self._path.publish(to_path(poses, listening.odom_frame, seen.stamp, world.time_step))
        if self._scan.get_subscription_count() or self._obstacles.get_subscription_count():
            self._tell_scans(world, listening, commands)
        return risk

    def _tell_scans(self, world: WorldModel, listening: ObservationInput, commands: np.ndarray) -> None:
        value, seen = self._node.value, world.last_observation
        with_points = self._obstacles.get_subscription_count() > 0
        every = max(1, round(value("obstacles.period") / world.time_step))
        shown = np.arange((len(commands) - 1) % every if with_points else len(commands) - 1, len(commands), every)
        forecast = world.forecast(commands, steps=shown)
        self._scan.publish(listening.to_scan(forecast.ranges[-1], seen, seen.stamp, value("base_frame")))
        if with_points:
            names = ("robot_radius", "obstacles.height", "obstacles.resolution", "obstacles.max_std")
            settings = PointSettings(*(value(name) for name in names))
            points = expected_points(forecast, world.time_step * (shown + 1), seen, settings)
            self._obstacles.publish(to_point_cloud(points, header(value("base_frame"), seen.stamp)))
