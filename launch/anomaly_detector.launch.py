"""The anomaly_detector node: ros2 launch genmodels_ros anomaly_detector.launch.py"""

from launch import LaunchDescription

from genmodels_ros.nodes.launching.shared import node_launch


def generate_launch_description() -> LaunchDescription:
    return node_launch("anomaly_detector")
