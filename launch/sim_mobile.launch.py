"""A simulated mobile base among people and its nodes: ros2 launch genmodels_ros sim_mobile.launch.py sim:=gazebo"""

from functools import partial

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction

from genmodels_ros.nodes.launching.shared import AUTO, chosen_models, common_arguments, composed_argument, rviz
from genmodels_ros.nodes.launching.simulators import robots_argument, simulated, simulator_arguments
from genmodels_ros.nodes.launching.transforms import transform_arguments, transforms


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            *common_arguments("demo.yaml", use_sim_time=AUTO),
            *simulator_arguments(["floor", "both"]),
            *transform_arguments(),
            composed_argument(),
            DeclareLaunchArgument(
                "nodes",
                default_value="world_model,local_planner",
                description="Model nodes, separated by commas, also image_augmenter; empty: none",
            ),
            robots_argument(),
            OpaqueFunction(function=simulated, args=[[transforms, chosen_models, partial(rviz, view="mobile.rviz")]]),
        ]
    )
