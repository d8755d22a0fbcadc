"""Which arm a node moves: a shipped one, one of a YAML file, or the robot_description that the system shares."""

import threading

from std_msgs.msg import String

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.nodes.qos import LATCHED
from genmodels_ros.robots.description import Robot, load_robot, load_robot_from_description

PATIENCE = 5.0  # s for a latched robot_description

PARAMETERS = (
    Parameter("robot", "panda", "Which arm it moves: a shipped one (panda, ur5) or a YAML file", load_time=True),
    Parameter(
        "robot_settings",
        "",
        "YAML file of joints, limits and spheres for a robot_description, given as a parameter or on the topic; "
        "takes the place of robot",
        load_time=True,
    ),
    Parameter("robot_description", "", "URDF text; empty: from the topic robot_description", load_time=True),
    Parameter("robot_description_semantic", "", "SRDF text with the pairs of links that may touch", load_time=True),
)


def robot_of(node: ManagedNode) -> Robot:
    """The arm that the node's parameters name.

    Raises GenModelsError(MODEL_UNAVAILABLE) for an unknown arm, or where no robot_description arrives in time.
    """
    settings = node.value("robot_settings")
    if not settings:
        return load_robot(node.value("robot"))
    urdf = node.value("robot_description") or _from_topic(node)
    return load_robot_from_description(urdf, settings, node.value("robot_description_semantic"))


def _from_topic(node: ManagedNode) -> str:
    arrived, texts = threading.Event(), []

    def receive(message: String) -> None:
        texts.append(message.data)
        arrived.set()

    subscription = node.create_subscription(String, "robot_description", receive, LATCHED, callback_group=node.inputs)
    try:
        if not arrived.wait(PATIENCE):
            raise GenModelsError(
                ErrorCode.MODEL_UNAVAILABLE,
                f"No robot_description within {PATIENCE:g} s: start robot_state_publisher, or set the parameter.",
            )
    finally:
        node.destroy_subscription(subscription)
    return texts[-1]
