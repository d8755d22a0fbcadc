"""A simulated arm cell and the nodes of an arm: ros2 launch genmodels_ros sim_arm.launch.py sim:=gazebo rviz:=true"""

from functools import partial

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction

from genmodels_ros.nodes.launching.move_group import move_group, move_group_argument
from genmodels_ros.nodes.launching.shared import AUTO, chosen_models, common_arguments, composed_argument, rviz
from genmodels_ros.nodes.launching.simulators import simulated, simulator_arguments
from genmodels_ros.nodes.launching.transforms import transform_arguments, transforms


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            *common_arguments("demo.yaml", use_sim_time=AUTO),
            *simulator_arguments(["arm_cell", "both"]),
            *transform_arguments(),
            move_group_argument(),
            composed_argument(),
            DeclareLaunchArgument(
                "nodes",
                default_value="trajectory_generator",
                description="Model nodes, separated by commas; empty: none",
            ),
            OpaqueFunction(
                function=simulated, args=[[transforms, chosen_models, move_group, partial(rviz, view="arm.rviz")]]
            ),
        ]
    )
