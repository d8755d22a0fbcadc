"""The world_description node: ros2 launch genmodels_ros world_description.launch.py"""

from launch import LaunchDescription

from genmodels_ros.nodes.launching.shared import node_launch


def generate_launch_description() -> LaunchDescription:
    return node_launch("world_description")
