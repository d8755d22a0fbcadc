"""Nav2's ComputePathToPose, where nav2_msgs is installed: a route on the map, planned with room to swerve."""

import threading
import time

from nav_msgs.msg import Path
from rclpy.action import GoalResponse
from rclpy.action.server import ServerGoalHandle

from genmodels_ros.conversions.nav2 import COMPUTE_PATH, check_plugins, to_computed_path
from genmodels_ros.conversions.plans import to_path
from genmodels_ros.nodes.action_server import action_server
from genmodels_ros.nodes.mobile.drive_action import KEPT, end_failed
from genmodels_ros.nodes.parameters import Parameter

MOST_WAITING = 3  # goals, with the one that is worked on: each holds a thread of the process that drives


class ComputePath:
    """A part of the local planner: it may be asked again at any time, and the local planner drives around what is not
    on the map."""

    PARAMETERS = (
        Parameter(
            "compute_path.action",
            "~/compute_path_to_pose",
            "Action served for Nav2; empty: none. compute_path_to_pose stands in for planner_server",
            read_only=True,
        ),
        Parameter("compute_path.planner_id", "GridBased", "What a goal may call this planner"),
    )

    def __init__(self, node):
        """node: a LocalPlannerNode, as it is made."""
        self._node = node
        self._searching, self._counting, self._waiting = threading.Lock(), threading.Lock(), 0
        name = node.value("compute_path.action")
        if COMPUTE_PATH is not None and name:
            action_server(node, COMPUTE_PATH, name, self._execute, self._accept, KEPT)

    def _accept(self, request) -> GoalResponse:
        with self._counting:
            takes = self._node.active and self._waiting < MOST_WAITING
            self._waiting += takes
        return GoalResponse.ACCEPT if takes else GoalResponse.REJECT

    def _execute(self, goal: ServerGoalHandle):
        started, path, error = time.monotonic(), None, None
        try:
            with self._searching:  # one after the other: each would slow the driving as much again
                path = self._plan(goal.request)
            goal.canceled() if goal.is_cancel_requested else goal.succeed()
        except Exception as failure:
            error = end_failed(self._node, goal, failure)
        finally:
            with self._counting:
                self._waiting -= 1
        return to_computed_path(path, time.monotonic() - started, error)

    def _plan(self, request) -> Path:
        node = self._node
        check_plugins(request, {"planner_id": node.value("compute_path.planner_id")})
        pose = node.require_pose()
        start = node.frames.place(request.start, pose) if request.use_start else pose
        way, frame = node.map_routes.plan(start, node.frames.place(request.goal, pose))
        return to_path(way, frame, node.get_clock().now().nanoseconds * 1e-9)
