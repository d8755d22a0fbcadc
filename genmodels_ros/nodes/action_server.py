"""An action server with what all of ours have in common."""

from collections.abc import Callable

from rclpy.action import ActionServer, CancelResponse

from genmodels_ros.nodes.qos import REQUESTS


def action_server(
    node, action_type, name: str, execute: Callable, accept: Callable, kept: float = 900.0
) -> ActionServer:
    """In the node's concurrent group; goals may be cancelled, `accept(goal)` tells which are taken.

    `execute(goal_handle)` ends the goal and answers its result, whatever happens. kept: s that results can be asked for
    """
    return ActionServer(
        node,
        action_type,
        name,
        execute,
        goal_callback=accept,
        cancel_callback=lambda goal: CancelResponse.ACCEPT,
        callback_group=node.concurrent,
        goal_service_qos_profile=REQUESTS,
        result_service_qos_profile=REQUESTS,
        cancel_service_qos_profile=REQUESTS,
        result_timeout=kept,
    )
