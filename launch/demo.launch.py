"""Simulation, models and the mission, which ends it all: ros2 launch genmodels_ros demo.launch.py rviz:=true"""

from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    IncludeLaunchDescription,
    OpaqueFunction,
    RegisterEventHandler,
)
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from genmodels_ros.nodes.launching import BOOLEAN, PACKAGE, common_arguments, lifecycle_nodes, share


def generate_launch_description() -> LaunchDescription:
    mission = Node(
        package=PACKAGE,
        executable="demo",
        namespace=LaunchConfiguration("namespace"),
        arguments=["--attach", "--out", LaunchConfiguration("out")],
        output="screen",
        emulate_tty=True,
    )
    models = IncludeLaunchDescription(PythonLaunchDescriptionSource(share("launch", "bringup.launch.py")))
    return LaunchDescription(
        [
            *common_arguments("demo.yaml"),
            DeclareLaunchArgument(
                "composed", default_value="true", choices=BOOLEAN, description="The models in one process, or one each"
            ),
            DeclareLaunchArgument(
                "out", default_value="demo_output", description="Folder for pictures, recording and summary"
            ),
            OpaqueFunction(function=lifecycle_nodes, args=[["simulation"]]),
            models,
            mission,
            RegisterEventHandler(OnProcessExit(target_action=mission, on_exit=[EmitEvent(event=Shutdown())])),
        ]
    )
