"""One simulated world in MuJoCo or in Gazebo, whichever the argument `sim` says, behind the same topics and frames.

In a namespace the world is the robot's own: Gazebo gets a partition of that name, and /clock, /tf and /tf_static lose
their leading slash, so that several robots run beside each other. Several in one world are named by the argument
`robots`: each has its topics, its frames and its nodes in a namespace of its name.
"""

import os
from collections.abc import Callable
from pathlib import Path

import yaml
from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescriptionEntity
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    IncludeLaunchDescription,
    LogInfo,
    RegisterEventHandler,
    SetEnvironmentVariable,
)
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node, SetRemap
from launch_ros.substitutions import FindPackageShare

from genmodels_ros.nodes.launching.optional_packages import install_line, missing
from genmodels_ros.nodes.launching.shared import AUTO, BOOLEAN, PACKAGE, lifecycle_nodes, share, uses_sim_time
from genmodels_ros.simulation.catalogue import DEMO_FLOOR, describe_world, start_poses
from genmodels_ros.simulation.scenes import of_base

SIMULATORS = ["mujoco", "gazebo", "none"]
GAZEBO = ("ros_gz_sim", "ros_gz_bridge")
CONTROL = ("gz_ros2_control", "controller_manager", "joint_trajectory_controller", "joint_state_broadcaster")
CONTROLLERS = ("joint_state_broadcaster", "joint_trajectory_controller")
ABSOLUTE = ("/clock", "/tf", "/tf_static")


def simulator_arguments(worlds: list[str]) -> list[DeclareLaunchArgument]:
    """Which world (the first of `worlds` by default), and in what."""
    return [
        DeclareLaunchArgument(
            "sim", default_value="mujoco", choices=SIMULATORS, description="The simulator; none: there is a robot"
        ),
        DeclareLaunchArgument("world", default_value=worlds[0], choices=worlds, description="What is simulated"),
        DeclareLaunchArgument(
            "floor_seed", default_value=str(DEMO_FLOOR), description="Seed of a random floor; -1: the demo's floor"
        ),
        DeclareLaunchArgument(
            "gui", default_value="true", choices=BOOLEAN, description="Gazebo with its window, or the server alone"
        ),
        DeclareLaunchArgument(
            "control",
            default_value=AUTO,
            choices=[AUTO, "ros2_control", "gazebo"],
            description="What moves the arm in Gazebo: ros2_control, or Gazebo's own controller; auto: what is there",
        ),
    ]


def robots_argument() -> DeclareLaunchArgument:
    """For launch files whose robots are mobile bases."""
    return DeclareLaunchArgument(
        "robots", default_value="", description="Names of several bases in one world, separated by commas: left,right"
    )


def robots(context: LaunchContext) -> tuple[str, ...]:
    """Names of the bases; one without a name where none is asked for."""
    return tuple(name.strip() for name in context.launch_configurations.get("robots", "").split(","))


def simulated(context: LaunchContext, parts: list[Callable]) -> list[LaunchDescriptionEntity]:
    """The simulator, then what each of `parts` makes of the context, in the namespace of each robot.

    Where something that was asked for cannot be had: one line that says how to get it, and the end.
    """
    lacking = missing(_asked_for(context))
    if lacking:
        return _refusal(install_line("sim:=gazebo", lacking))
    if robots(context) != ("",) and has_arm(context):
        return _refusal("robots:= names mobile bases: it goes with world:=floor.")
    return [*_simulator(context), *(entity for name in robots(context) for entity in _of_robot(context, name, parts))]


def _refusal(line: str) -> list[LaunchDescriptionEntity]:
    return [LogInfo(msg=line), EmitEvent(event=Shutdown(reason=line))]


def _of_robot(context: LaunchContext, name: str, parts: list[Callable]) -> list[LaunchDescriptionEntity]:
    namespace = context.launch_configurations["namespace"]
    context.launch_configurations["namespace"] = of_base(namespace.rstrip("/"), name) if name else namespace
    try:
        return [entity for part in parts for entity in part(context)]
    finally:
        context.launch_configurations["namespace"] = namespace


def _asked_for(context: LaunchContext) -> tuple[str, ...]:
    """Packages without which the arguments cannot be followed."""
    sim, control = (LaunchConfiguration(name).perform(context) for name in ("sim", "control"))
    if sim != "gazebo":
        return ()
    return (*GAZEBO, *CONTROL) if control == "ros2_control" and has_arm(context) else GAZEBO


def _simulator(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    sim, namespace = (LaunchConfiguration(name).perform(context) for name in ("sim", "namespace"))
    own_world = [SetRemap(src=topic, dst=topic[1:]) for topic in ABSOLUTE] if namespace else []
    if sim == "mujoco":
        return [*own_world, *lifecycle_nodes(context, ["simulation"], **_world_parameters(context))]
    if sim == "none":
        return own_world
    partition = [SetEnvironmentVariable("GZ_PARTITION", namespace.strip("/").replace("/", "_"))] if namespace else []
    return [*own_world, *partition, *_gazebo(context)]


def controls_with_ros2(context: LaunchContext) -> bool:
    """Whether the arm in Gazebo is moved by ros2_control."""
    choice = LaunchConfiguration("control").perform(context)
    return choice == "ros2_control" or (choice == AUTO and not missing(CONTROL))


def has_arm(context: LaunchContext) -> bool:
    return LaunchConfiguration("world").perform(context) != "floor"


def has_base(context: LaunchContext) -> bool:
    return LaunchConfiguration("world").perform(context) != "arm_cell"


def described(context: LaunchContext):
    """The WorldDescription that the arguments ask for."""
    name, seed = (LaunchConfiguration(argument).perform(context) for argument in ("world", "floor_seed"))
    return describe_world(name, int(seed), bases=robots(context))


def _world_parameters(context: LaunchContext) -> dict:
    name, seed = (LaunchConfiguration(argument).perform(context) for argument in ("world", "floor_seed"))
    named = {"robots": list(robots(context))} if robots(context) != ("",) else {}
    return {"world": name, "floor__seed": int(seed), **named}


def _gazebo(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    name = LaunchConfiguration("world").perform(context)
    server = "" if LaunchConfiguration("gui").perform(context) == "true" else "-s "
    file = PathJoinSubstitution([FindPackageShare("ros_gz_sim"), "launch", "gz_sim.launch.py"])
    ros2_control = has_arm(context) and controls_with_ros2(context)
    run = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(file),
        launch_arguments={
            "gz_args": f"{server}-r '{_world_file(context, arm=not ros2_control)}'",
            "on_exit_shutdown": "true",
        }.items(),
    )
    told = lifecycle_nodes(context, ["world_description"], **_world_parameters(context))
    bridges = ["clock"]
    if has_arm(context):
        bridges += ["arm_cameras"] if ros2_control else ["arm", "arm_cameras"]
    bases = robots(context) if has_base(context) else ()
    return [
        run,
        *(_bridge(context, bridge) for bridge in bridges),
        *(_bridge(context, "mobile", name) for name in bases),
        *told,
        *(_controllers(context, name) if ros2_control else _why_not_ros2(context)),
    ]


def _world_file(context: LaunchContext, arm: bool) -> Path:
    """Made anew at every launch, as the arm's meshes lie elsewhere on every machine."""
    from genmodels_ros.simulation.gazebo.world import build_sdf, write_world  # heavy: not for --show-args

    name, seed = (LaunchConfiguration(argument).perform(context) for argument in ("world", "floor_seed"))
    description, file = described(context), _worlds(context) / f"{name}.sdf"
    sdf = build_sdf(description, name, start_poses(description, int(seed)), arm)
    write_world(sdf, description, file)
    return file


def _worlds(context: LaunchContext) -> Path:
    """Where files go that only this launch needs."""
    namespace = LaunchConfiguration("namespace").perform(context).strip("/")
    return Path(os.environ.get("ROS_HOME", "~/.ros")).expanduser() / "genmodels_ros" / "worlds" / namespace


def _bridge(context: LaunchContext, name: str, robot: str = "") -> Node:
    """Between Gazebo's topics and those of the namespace, or of the robot of that name in it."""
    file = _bridge_file_of(context, name, robot) if robot else share("config", "gazebo", f"bridge_{name}.yaml")
    namespace = LaunchConfiguration("namespace").perform(context).rstrip("/")
    return Node(
        package="ros_gz_bridge",
        executable="parameter_bridge",
        name=f"bridge_{name}",
        namespace=of_base(namespace, robot) if robot else namespace,
        parameters=[{"config_file": file, "use_sim_time": uses_sim_time(context)}],
        output="screen",
    )


def _bridge_file_of(context: LaunchContext, name: str, robot: str) -> str:
    """The bridge's table with the robot's name before Gazebo's topics; what ROS's are called its namespace says."""
    table = yaml.safe_load(
        (Path(get_package_share_directory(PACKAGE)) / "config/gazebo" / f"bridge_{name}.yaml").read_text()
    )
    for row in table:
        row["gz_topic_name"] = f"/{robot}{row['gz_topic_name']}"
    file = _worlds(context) / f"bridge_{name}_{robot}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(table))
    return str(file)


def _controllers(context: LaunchContext, world: str) -> list[LaunchDescriptionEntity]:
    """The arm from robot_description into the world, then its controllers."""
    namespace = LaunchConfiguration("namespace").perform(context)
    create = Node(
        package="ros_gz_sim",
        executable="create",
        namespace=namespace,
        arguments=["-world", world, "-topic", "robot_description", "-name", described(context).arm_cell.robot],
        output="screen",
    )
    spawner = Node(
        package="controller_manager",
        executable="spawner",
        namespace=namespace,
        arguments=[*CONTROLLERS, "--controller-manager", "controller_manager"],
        output="screen",
    )
    return [create, RegisterEventHandler(OnProcessExit(target_action=create, on_exit=[spawner]))]


def _why_not_ros2(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    lacking = missing(CONTROL)
    if not (has_arm(context) and LaunchConfiguration("control").perform(context) == AUTO and lacking):
        return []
    return [LogInfo(msg="Gazebo's own controller moves the arm. " + install_line("ros2_control", lacking))]
