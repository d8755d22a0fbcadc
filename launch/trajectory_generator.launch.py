"""The trajectory_generator node: ros2 launch genmodels_ros trajectory_generator.launch.py"""

from launch import LaunchDescription

from genmodels_ros.nodes.launching.shared import node_launch


def generate_launch_description() -> LaunchDescription:
    return node_launch("trajectory_generator")
