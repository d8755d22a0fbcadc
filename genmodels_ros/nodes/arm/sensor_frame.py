"""Where a depth sensor is: in the base frame, on a link, or at a pose that parameters give."""

import numpy as np
import torch

from genmodels_ros.conversions.poses import to_matrix, to_pose
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.parameters import Parameter
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.kinematics import link_pose


class SensorFrame:
    """Poses by forward kinematics and two parameters; there is no tf2 here."""

    PARAMETERS = (
        Parameter(
            "perception.camera_pose",
            [0.0] * 7,
            "Pose x y z qx qy qz qw of the sensor's frame (a camera's optical frame) in perception.camera_parent; "
            "all zero: the sensor's frame_id must be the base frame or a link of the robot",
        ),
        Parameter("perception.camera_parent", "", "Link that the sensor is mounted on; empty: the base frame"),
    )

    def __init__(self, node: ManagedNode, robot: Robot):
        self._node, self._robot = node, robot

    def pose(self, frame_id: str, q: np.ndarray) -> np.ndarray | None:
        """[4, 4] base_from_sensor at configuration q [D]; None where data come in the base frame itself.

        Raises GenModelsError: UNKNOWN_FRAME for a frame that is no link while no camera pose is set, or a parent that
        is none; WRONG_LENGTH or NOT_FINITE for a camera pose that is none.
        """
        links, values = self._robot.chain.link_names, list(self._node.value("perception.camera_pose"))
        if frame_id == self._robot.base_frame:
            return None
        if not any(values) and frame_id in links:
            return self._link_pose(frame_id, q)
        parent = self._node.value("perception.camera_parent") or self._robot.base_frame
        if not any(values) or parent not in links:
            raise GenModelsError(
                ErrorCode.UNKNOWN_FRAME,
                f"The sensor's frame {frame_id!r} is no link of the robot: set perception.camera_pose to its pose in "
                f"{parent!r}, which must be a link, or transform its data to {self._robot.base_frame!r}.",
            )
        if len(values) != 7:
            raise GenModelsError(
                ErrorCode.WRONG_LENGTH, f"perception.camera_pose needs x y z qx qy qz qw, got {len(values)} numbers."
            )
        return self._link_pose(parent, q) @ to_matrix(to_pose(values[:3], values[3:]), "perception.camera_pose")

    def _link_pose(self, link: str, q: np.ndarray) -> np.ndarray:
        return link_pose(self._robot.chain, torch.as_tensor(q, dtype=torch.float64), link).numpy()
