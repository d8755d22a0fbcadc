"""The image_augmenter node: ros2 launch genmodels_ros image_augmenter.launch.py"""

from launch import LaunchDescription

from genmodels_ros.nodes.launching.shared import node_launch


def generate_launch_description() -> LaunchDescription:
    return node_launch("image_augmenter")
