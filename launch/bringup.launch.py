"""The model nodes, in one process or one each: ros2 launch genmodels_ros bringup.launch.py composed:=false"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration

from genmodels_ros.nodes.launching import BOOLEAN, common_arguments, lifecycle_nodes, one_process, rviz


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            *common_arguments("demo.yaml"),
            DeclareLaunchArgument(
                "nodes",
                default_value="trajectory_generator,world_model,image_augmenter",
                description="Which nodes, separated by commas: also simulation, local_planner, anomaly_detector",
            ),
            DeclareLaunchArgument(
                "composed",
                default_value="true",
                choices=BOOLEAN,
                description="All nodes in one process with one copy of torch, or a process each",
            ),
            OpaqueFunction(function=_nodes),
            rviz(),
        ]
    )


def _nodes(context):
    names = LaunchConfiguration("nodes").perform(context).split(",")
    composed = LaunchConfiguration("composed").perform(context) == "true"
    return (one_process if composed else lifecycle_nodes)(context, names)
