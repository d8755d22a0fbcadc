"""Nav2's FollowPath, where nav2_msgs is installed: bt_navigator drives by the local planner as by controller_server."""

from genmodels_ros.conversions.nav2 import FOLLOW_PATH, check_plugins, to_follow_path_result, to_route
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.mobile.drive_action import DriveAction
from genmodels_ros.nodes.mobile.drive_under_way import DriveUnderWay
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.pipelines.mobile.goal_drive import GoalDrive
from genmodels_ros.pipelines.mobile.routes import to_odom

PLUGINS = ("controller_id", "goal_checker_id", "progress_checker_id")


class FollowPath:
    """A part of the local planner. A newer path goes on where the last one was: bt_navigator sends one a second."""

    PARAMETERS = (  # ids as in Nav2's own nav2_params.yaml and behavior trees; rcl does not remap an action's name
        Parameter(
            "follow_path.action",
            "~/follow_path",
            "Action served for Nav2; empty: none. follow_path stands in for controller_server",
            read_only=True,
        ),
        Parameter("follow_path.controller_id", "FollowPath", "What a goal may call this controller"),
        Parameter("follow_path.goal_checker_id", "general_goal_checker", "What a goal may call the tolerance"),
        Parameter("follow_path.progress_checker_id", "progress_checker", "What a goal may call the recovery"),
        Parameter(
            "follow_path.heading_tolerance", 0.25, "From the last pose's yaw; 3.15: any yaw", "rad", (0.05, 3.15)
        ),
    )

    def __init__(self, node):
        """node: a LocalPlannerNode, as it is made."""
        self._node, self._task = node, None
        name = node.value("follow_path.action")
        if FOLLOW_PATH is not None and name:
            DriveAction(
                node, FOLLOW_PATH, name, self.begin, to_feedback, lambda drive, error: to_follow_path_result(error)
            )

    def begin(self, goal) -> DriveUnderWay:
        """Raises GenModelsError; a path under way ends, too, where a newer one is refused: nobody else would end it."""
        with self._node.work:
            try:
                return self._begin(goal)
            except Exception:
                if self._goes_on():
                    refused = GenModelsError(ErrorCode.CANCELLED, "A newer path was refused.")
                    self._node.finish(self._node.drive, refused)
                raise

    def _begin(self, goal) -> DriveUnderWay:
        node = self._node
        check_plugins(goal, {field: node.value(f"follow_path.{field}") for field in PLUGINS})
        pose = node.require_pose()
        route = to_odom(pose, node.frames.path(to_route(goal.path), pose))
        if self._goes_on():
            self._task.reroute(route[-1], route, pose[:2])
        else:
            self._task = GoalDrive(node.planner, route[-1], route, node.value("follow_path.heading_tolerance"))
        return node.take_over(self._task, node.value("tolerance"))

    def _goes_on(self) -> bool:
        return self._node.drive is not None and self._node.drive.task is self._task


def to_feedback(drive: DriveUnderWay):
    """The way left in m, and the speed commanded in m/s."""
    return FOLLOW_PATH.Feedback(distance_to_goal=drive.left, speed=abs(float(drive.command[0])))
