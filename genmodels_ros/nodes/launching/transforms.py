"""robot_state_publisher and the fixed transforms of a simulated world: what makes one tree of its frames.

map → odom and map → world are the identity: odometry starts at the truth, and nobody localises. Turn `map_to_odom` off
where AMCL or SLAM does.
"""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, LogInfo
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from genmodels_ros.nodes.launching.optional_packages import install_line, missing
from genmodels_ros.nodes.launching.shared import BOOLEAN, PACKAGE, TRANSFORMS, uses_sim_time
from genmodels_ros.nodes.launching.simulators import controls_with_ros2, described, has_arm, has_base

NEEDED = ("robot_state_publisher", "tf2_ros")


def transform_arguments() -> list[DeclareLaunchArgument]:
    return [
        DeclareLaunchArgument(
            "map_to_odom", default_value="true", choices=BOOLEAN, description="Publish map → odom as the identity"
        )
    ]


def transforms(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """One publisher a simulated robot, and the fixed transforms; a line that says what is missing where it is."""
    if LaunchConfiguration("sim").perform(context) == "none":
        return []
    lacking = missing(NEEDED)
    if lacking:
        return [LogInfo(msg=install_line("The tree of frames", lacking))]
    from genmodels_ros.simulation.gazebo.robot_urdf import arm_urdf, base_urdf  # heavy: not for --show-args

    description, entities = described(context), []
    if has_arm(context):
        urdf = arm_urdf(description.arm_cell, *_ros2_control(context))
        entities += [_state_publisher(context, "robot", urdf), _identity(context, "world")]
    if has_base(context):
        entities.append(_state_publisher(context, "base", base_urdf(description)))
        if LaunchConfiguration("map_to_odom").perform(context) == "true":
            entities.append(_identity(context, "odom"))
    return entities


def _ros2_control(context: LaunchContext) -> tuple:
    """What arm_urdf needs for ros2_control in Gazebo; nothing elsewhere."""
    if LaunchConfiguration("sim").perform(context) != "gazebo" or not controls_with_ros2(context):
        return ()
    controllers = Path(get_package_share_directory(PACKAGE)) / "config" / "gazebo" / "ros2_controllers.yaml"
    return controllers, LaunchConfiguration("namespace").perform(context)


def _state_publisher(context: LaunchContext, robot: str, urdf: str) -> Node:
    """Reads joint_states and latches `<robot>_description`."""
    return Node(
        package="robot_state_publisher",
        executable="robot_state_publisher",
        name=f"{robot}_state_publisher",
        namespace=LaunchConfiguration("namespace").perform(context),
        parameters=[
            {"robot_description": ParameterValue(urdf, value_type=str), "use_sim_time": uses_sim_time(context)}
        ],
        remappings=[("robot_description", f"{robot}_description"), *TRANSFORMS],
        output="screen",
    )


def _identity(context: LaunchContext, frame: str) -> Node:
    return Node(
        package="tf2_ros",
        executable="static_transform_publisher",
        name=f"map_to_{frame}",
        namespace=LaunchConfiguration("namespace").perform(context),
        arguments=["--frame-id", "map", "--child-frame-id", frame],
        remappings=TRANSFORMS,
        parameters=[{"use_sim_time": uses_sim_time(context)}],
        output="screen",
    )
