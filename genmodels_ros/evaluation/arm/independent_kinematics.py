"""A second opinion on tool poses, from Pinocchio: nothing here comes from robots/kinematics.py but names."""

import numpy as np
import pinocchio as pin

from genmodels_ros.robots.description import Robot


class IndependentKinematics:
    """Tool poses by Pinocchio from the URDF itself."""

    def __init__(self, robot: Robot):
        self._model = pin.buildModelFromXML(robot.source.urdf)
        self._data = self._model.createData()
        self._frame = self._model.getFrameId(robot.tool_frame)
        self._base = self._model.getFrameId(robot.base_frame)
        self._index = [self._model.joints[self._model.getJointId(name)].idx_q for name in robot.joint_names]

    def pose(self, q: np.ndarray) -> np.ndarray:
        """base_from_tool [4, 4] at q [D]."""
        full = pin.neutral(self._model)
        full[self._index] = q
        pin.framesForwardKinematics(self._model, self._data, full)
        return self._data.oMf[self._base].actInv(self._data.oMf[self._frame]).homogeneous

    def errors(self, q: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Position [m] and rotation [rad] between each of q [K, D] and a pose: [K, 2]."""
        apart = [np.linalg.inv(self.pose(each)) @ target for each in q]
        angles = [np.arccos(np.clip((np.trace(t[:3, :3]) - 1) / 2, -1, 1)) for t in apart]
        return np.array([(np.linalg.norm(t[:3, 3]), angle) for t, angle in zip(apart, angles, strict=True)])
