"""Simulation, models and the mission, which ends it all: ros2 launch genmodels_ros demo.launch.py rviz:=true"""

from functools import partial

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, EmitEvent, OpaqueFunction, RegisterEventHandler
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from genmodels_ros.nodes.launching.shared import AUTO, PACKAGE, common_arguments, composed_argument, models, rviz
from genmodels_ros.nodes.launching.simulators import simulated, simulator_arguments
from genmodels_ros.nodes.launching.transforms import transform_arguments, transforms

MODELS = ["trajectory_generator", "world_model", "image_augmenter"]


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            *common_arguments("demo.yaml", use_sim_time=AUTO),
            *simulator_arguments(["both"]),
            *transform_arguments(),
            composed_argument(),
            DeclareLaunchArgument(
                "out", default_value="demo_output", description="Folder for pictures, recording and summary"
            ),
            OpaqueFunction(function=simulated, args=[[transforms, partial(models, names=MODELS), _mission, rviz]]),
        ]
    )


def _mission(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    counted = LaunchConfiguration("sim").perform(context) == "mujoco"
    mission = Node(
        package=PACKAGE,
        executable="demo",
        namespace=LaunchConfiguration("namespace").perform(context),
        arguments=["--attach", "--out", LaunchConfiguration("out"), *([] if counted else ["--no-contacts"])],
        output="screen",
        emulate_tty=True,
    )
    return [mission, RegisterEventHandler(OnProcessExit(target_action=mission, on_exit=[EmitEvent(event=Shutdown())]))]
