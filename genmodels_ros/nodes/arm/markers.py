"""Trajectories in RViz: the candidates of the last answer, and on request the samples while they are denoised."""

import numpy as np
import torch
from rclpy.qos import QoSProfile
from std_msgs.msg import Header
from visualization_msgs.msg import MarkerArray

from genmodels_ros.conversions.markers import to_markers, to_sample_markers
from genmodels_ros.nodes.base import ManagedNode
from genmodels_ros.nodes.qos import LATCHED
from genmodels_ros.pipelines.arm.trajectory_query import Candidate
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.kinematics import link_pose
from genmodels_ros.robots.paths.bspline import basis
from genmodels_ros.robots.trajectory import Trajectory

POINTS = 60  # of a candidate's line
SAMPLE_POINTS = 24  # of a sample's
SAMPLES = 32  # shown at most


class TrajectoryMarkers:
    """Lines where the tool frame goes."""

    def __init__(self, node: ManagedNode, robot: Robot):
        self._node, self._robot = node, robot
        self._candidates = node.add_publisher(MarkerArray, "~/candidates", LATCHED)
        self._denoising = node.add_publisher(MarkerArray, "~/denoising", QoSProfile(depth=100))  # every step counts

    def show(self, candidates: tuple[Candidate, ...], header: Header) -> None:
        """The candidates of an answer, coloured by rank."""
        self._candidates.publish(to_markers([self.tool_path(one.trajectory) for one in candidates], header))

    def show_samples(self, step: int, num_steps: int, control_points: np.ndarray) -> None:
        """The model's estimate of its samples after a step: B-spline control points [S, N, D]."""
        control_points = np.asarray(control_points)[:SAMPLES]
        q = basis(control_points.shape[1], SAMPLE_POINTS) @ control_points
        header = Header(frame_id=self._robot.base_frame, stamp=self._node.get_clock().now().to_msg())
        self._denoising.publish(to_sample_markers(self._tool(q), header))

    def tool_path(self, trajectory: Trajectory) -> np.ndarray:
        """Where the tool frame goes [POINTS at most, 3] m."""
        rows = np.unique(np.linspace(0, len(trajectory.positions) - 1, POINTS).astype(int))
        return self._tool(trajectory.positions[rows])

    def _tool(self, q: np.ndarray) -> np.ndarray:
        """[*, 3] m for q [*, D]."""
        return link_pose(self._robot.chain, torch.as_tensor(q), self._robot.tool_frame)[..., :3, 3].numpy()
