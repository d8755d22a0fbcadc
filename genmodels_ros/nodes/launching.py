"""What the launch files share: their arguments, and lifecycle nodes that are configured and activated by events."""

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, EmitEvent, LogInfo, OpaqueFunction, RegisterEventHandler
from launch.conditions import IfCondition
from launch.event_handlers import OnProcessStart
from launch.events import matches_action
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import LifecycleNode, Node
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from launch_ros.substitutions import FindPackageShare
from lifecycle_msgs.msg import Transition

PACKAGE = "genmodels_ros"
BOOLEAN = ["true", "false"]
LOG_LEVELS = ["debug", "info", "warn", "error", "fatal"]


def share(*path: str) -> PathJoinSubstitution:
    """A file of the installed package."""
    return PathJoinSubstitution([FindPackageShare(PACKAGE), *path])


def common_arguments(params_file: str, *, use_sim_time: str = "false") -> list[DeclareLaunchArgument]:
    """The arguments every launch file takes; `params_file` is the default's name in config/."""
    return [
        DeclareLaunchArgument("namespace", default_value="", description="Namespace of all nodes"),
        DeclareLaunchArgument(
            "use_sim_time", default_value=use_sim_time, choices=BOOLEAN, description="Take time from /clock"
        ),
        DeclareLaunchArgument(
            "params_file", default_value=share("config", params_file), description="YAML file of parameters, by node"
        ),
        DeclareLaunchArgument(
            "device",
            default_value="",
            description="Where models run: auto, cpu, cuda or cuda:N; empty: as the parameter file says",
        ),
        DeclareLaunchArgument(
            "log_level", default_value="info", choices=LOG_LEVELS, description="Least severe message that is logged"
        ),
        DeclareLaunchArgument("rviz", default_value="false", choices=BOOLEAN, description="Also start RViz"),
    ]


def node_launch(name: str) -> LaunchDescription:
    """The launch file of one lifecycle node, whose executable has its name."""
    return LaunchDescription(
        [*common_arguments(f"{name}.yaml"), OpaqueFunction(function=lifecycle_nodes, args=[[name]]), rviz()]
    )


def lifecycle_nodes(context: LaunchContext, names: list[str]) -> list[LaunchDescriptionEntity]:
    """A process for each node, configured when it has started and activated when it is configured."""
    return [entity for name in names for entity in _lifecycle_node(context, name)]


def one_process(context: LaunchContext, names: list[str]) -> list[LaunchDescriptionEntity]:
    """All nodes in one process, which configures and activates them itself."""
    return [Node(executable="bringup", arguments=["--nodes", ",".join(names)], **_node_settings(context, names))]


def rviz() -> Node:
    """RViz with the package's view of all topics, if asked for."""
    return Node(
        package="rviz2",
        executable="rviz2",
        namespace=LaunchConfiguration("namespace"),
        arguments=["-d", share("rviz", "genmodels.rviz")],
        condition=IfCondition(LaunchConfiguration("rviz")),
    )


def _lifecycle_node(context: LaunchContext, name: str) -> list[LaunchDescriptionEntity]:
    node = LifecycleNode(name=name, executable=name, **_node_settings(context, [name]))
    configured = OnStateTransition(
        target_lifecycle_node=node,
        start_state="configuring",
        goal_state="inactive",
        entities=[_change_state(node, Transition.TRANSITION_ACTIVATE)],
    )
    refused = OnStateTransition(
        target_lifecycle_node=node,
        start_state="configuring",
        goal_state="unconfigured",
        entities=[LogInfo(msg=f"{name} could not be configured: see its log; it waits to be configured again.")],
    )
    started = OnProcessStart(target_action=node, on_start=[_change_state(node, Transition.TRANSITION_CONFIGURE)])
    return [*(RegisterEventHandler(handler) for handler in (configured, refused, started)), node]


def _change_state(node: LifecycleNode, transition: int) -> EmitEvent:
    return EmitEvent(event=ChangeState(lifecycle_node_matcher=matches_action(node), transition_id=transition))


def _node_settings(context: LaunchContext, names: list[str]) -> dict:
    """What the common arguments mean for a process that runs the nodes `names`."""

    def argument(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    overrides = {"use_sim_time": argument("use_sim_time") == "true"}
    if argument("device"):
        overrides["device"] = argument("device")
    if "simulation" in names and overrides["use_sim_time"]:
        overrides["publish_clock"] = True  # the clock that all others wait for
    return {
        "package": PACKAGE,
        "namespace": argument("namespace"),
        "parameters": [argument("params_file"), overrides],
        "ros_arguments": ["--log-level", argument("log_level")],
        "output": "screen",
        "emulate_tty": True,
    }
