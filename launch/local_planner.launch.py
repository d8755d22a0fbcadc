"""The local_planner node: ros2 launch genmodels_ros local_planner.launch.py"""

from launch import LaunchDescription

from genmodels_ros.nodes.launching.shared import node_launch


def generate_launch_description() -> LaunchDescription:
    return node_launch("local_planner")
