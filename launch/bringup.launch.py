"""The model nodes, in one process or one each: ros2 launch genmodels_ros bringup.launch.py composed:=false"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction

from genmodels_ros.nodes.launching.shared import chosen_models, common_arguments, composed_argument, rviz


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            *common_arguments("demo.yaml"),
            DeclareLaunchArgument(
                "nodes",
                default_value="trajectory_generator,world_model,image_augmenter",
                description="Which nodes, separated by commas: also simulation, local_planner, anomaly_detector",
            ),
            composed_argument(),
            OpaqueFunction(function=chosen_models),
            OpaqueFunction(function=rviz),
        ]
    )
