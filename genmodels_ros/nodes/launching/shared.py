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
AUTO = "auto"
PATIENCE = "15"  # s after Ctrl-C: a model ends its inference and lets go of what it holds; launch's own 5 s are short
TRANSFORMS = [("/tf", "tf"), ("/tf_static", "tf_static")]  # a namespace has its own, as in Nav2's launch files
LOG_LEVELS = ["debug", "info", "warn", "error", "fatal"]


def share(*path: str) -> PathJoinSubstitution:
    """A file of the installed package."""
    return PathJoinSubstitution([FindPackageShare(PACKAGE), *path])


def common_arguments(params_file: str, *, use_sim_time: str = "false") -> list[DeclareLaunchArgument]:
    """The arguments every launch file takes; `params_file` is the default's name in config/.

    use_sim_time: its default; with "auto" it may be left to the simulator (simulators.py)
    """
    sim_times = [AUTO, *BOOLEAN] if use_sim_time == AUTO else BOOLEAN
    auto = "; auto: with Gazebo" if use_sim_time == AUTO else ""
    return [
        DeclareLaunchArgument("namespace", default_value="", description="Namespace of all nodes"),
        DeclareLaunchArgument(
            "use_sim_time",
            default_value=use_sim_time,
            choices=sim_times,
            description=f"Take time from /clock{auto}",
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
        [
            *common_arguments(f"{name}.yaml"),
            OpaqueFunction(function=lifecycle_nodes, args=[[name]]),
            OpaqueFunction(function=rviz),
        ]
    )


def chosen_models(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """The nodes that the argument `nodes` names."""
    return models(context, [name for name in LaunchConfiguration("nodes").perform(context).split(",") if name])


def models(context: LaunchContext, names: list[str]) -> list[LaunchDescriptionEntity]:
    """The nodes as the argument `composed` says: in one process or one each; nothing for no names."""
    composed = LaunchConfiguration("composed").perform(context) == "true"
    return (one_process if composed else lifecycle_nodes)(context, names) if names else []


def composed_argument() -> DeclareLaunchArgument:
    return DeclareLaunchArgument(
        "composed",
        default_value="true",
        choices=BOOLEAN,
        description="All model nodes in one process with one copy of torch, or a process each",
    )


def lifecycle_nodes(context: LaunchContext, names: list[str], **overrides) -> list[LaunchDescriptionEntity]:
    """A process for each node, configured when it has started and activated when it is configured.

    overrides: parameters, with __ for a dot, that go before the parameter file
    """
    settings = {name.replace("__", "."): value for name, value in overrides.items()}
    return [entity for name in names for entity in _lifecycle_node(context, name, settings)]


def one_process(context: LaunchContext, names: list[str]) -> list[LaunchDescriptionEntity]:
    """All nodes in one process, which configures and activates them itself."""
    return [Node(executable="bringup", arguments=["--nodes", ",".join(names)], **_node_settings(context, names))]


def rviz(context: LaunchContext, view: str = "genmodels.rviz") -> list[LaunchDescriptionEntity]:
    """RViz with a view of the package, if asked for."""
    return [
        Node(
            package="rviz2",
            executable="rviz2",
            namespace=LaunchConfiguration("namespace").perform(context),
            remappings=TRANSFORMS,
            arguments=["-d", share("rviz", view)],
            condition=IfCondition(LaunchConfiguration("rviz")),
        )
    ]


def _lifecycle_node(context: LaunchContext, name: str, overrides: dict) -> list[LaunchDescriptionEntity]:
    settings = _node_settings(context, [name])
    settings["parameters"][1] |= overrides
    node = LifecycleNode(name=name, executable=name, **settings)
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


def uses_sim_time(context: LaunchContext) -> bool:
    """What use_sim_time says, or the simulator where that is left to it."""
    value = LaunchConfiguration("use_sim_time").perform(context)
    return value == "true" if value != AUTO else LaunchConfiguration("sim").perform(context) == "gazebo"


def _node_settings(context: LaunchContext, names: list[str]) -> dict:
    """What the common arguments mean for a process that runs the nodes `names`."""

    def argument(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    overrides = {"use_sim_time": uses_sim_time(context)}
    if argument("device"):
        overrides["device"] = argument("device")
    if "simulation" in names and overrides["use_sim_time"]:
        overrides["publish_clock"] = True  # the clock that all others wait for
    return {
        "package": PACKAGE,
        "namespace": argument("namespace"),
        "parameters": [argument("params_file"), overrides],
        "ros_arguments": ["--log-level", argument("log_level")],
        "remappings": TRANSFORMS,
        "output": "screen",
        "emulate_tty": True,
        "sigterm_timeout": PATIENCE,
    }
