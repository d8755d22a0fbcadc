"""Nav2's IsPathValid, where nav2_msgs is installed: a path is judged by what moves, too."""

from genmodels_ros.conversions.nav2 import IS_PATH_VALID, to_route
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.model_node import ModelNode
from genmodels_ros.pipelines.mobile.path_validity import invalid_poses


class PathChecking:
    """A part of the world model. The answer has no place for a reason: it stands in the log and in the diagnostics."""

    def __init__(self, node: ModelNode):
        """Made with the node, which has the parameters `speed`, `plan.max_risk` and `robot_radius`, and `input` and
        `frames` while it is active."""
        self._node = node
        if IS_PATH_VALID is not None:
            node.add_service(IS_PATH_VALID, "~/is_path_valid", self.check)

    def check(self, request, response) -> None:
        """A path that cannot be judged is not valid, as in Nav2 an empty one."""
        response.is_valid = False
        self._node.input.require_recent()
        world, value = self._node.pipeline, self._node.value
        if world.last_observation is None:
            raise GenModelsError(ErrorCode.NO_OBSERVATION, "Nothing was seen yet: publish scan and odom.")
        path = self._node.frames.path(to_route(request.path), world.last_observation.pose)
        with self._node.monitor.measure():
            invalid = invalid_poses(world, path, value("speed"), value("plan.max_risk"), value("robot_radius"))
        response.invalid_pose_indices = invalid[invalid < len(request.path.poses)].tolist()
        response.is_valid = not len(invalid)
