"""MoveIt's move_group for the simulated Panda, from MoveIt's own resources, with the controller of this package."""

from launch import LaunchContext, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, LogInfo
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from genmodels_ros.nodes.launching.optional_packages import install_line, missing
from genmodels_ros.nodes.launching.shared import BOOLEAN, uses_sim_time
from genmodels_ros.nodes.launching.simulators import CONTROLLERS

RESOURCES = "moveit_resources_panda"
NEEDED = ("moveit_ros_move_group", "moveit_configs_utils", f"{RESOURCES}_moveit_config")


def move_group_argument() -> DeclareLaunchArgument:
    return DeclareLaunchArgument(
        "moveit", default_value="false", choices=BOOLEAN, description="Also start MoveIt's move_group for the Panda"
    )


def move_group(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """move_group if asked for; without MoveIt, one line that says how to get it."""
    if LaunchConfiguration("moveit").perform(context) != "true":
        return []
    lacking = missing(NEEDED)
    if lacking:
        return [LogInfo(msg=install_line("moveit:=true", lacking))]
    from moveit_configs_utils import MoveItConfigsBuilder

    from genmodels_ros.robots.description import load_robot  # heavy: not for --show-args

    return [
        Node(
            package="moveit_ros_move_group",
            executable="move_group",
            namespace=LaunchConfiguration("namespace").perform(context),
            parameters=[
                MoveItConfigsBuilder(RESOURCES).to_moveit_configs().to_dict(),
                {"use_sim_time": uses_sim_time(context), "moveit_simple_controller_manager": _controller(load_robot())},
            ],
            output="screen",
        )
    ]


def _controller(robot) -> dict:
    name = CONTROLLERS[-1]
    settings = {"type": "FollowJointTrajectory", "action_ns": "follow_joint_trajectory", "default": True}
    return {"controller_names": [name], name: settings | {"joints": list(robot.joint_names)}}
