"""Step 1: ask for a way around the obstacles, take the best, drive it, arrive without contact."""

from dataclasses import dataclass

import numpy as np
from geometry_msgs.msg import PoseStamped
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from genmodels_interfaces.msg import ObstacleArray, TrajectoryCandidate, TrajectoryRequest
from genmodels_interfaces.srv import GenerateTrajectories
from genmodels_ros.nodes.mission.client import Latest, MissionClient, MissionFailure, wait_until
from genmodels_ros.nodes.qos import LATCHED

JOINTS = tuple(f"panda_joint{i}" for i in range(1, 8))
POSITION_TOLERANCE = 0.02  # rad
PATIENCE = 5.0  # s beyond the trajectory's own duration


@dataclass(frozen=True)
class ArmMotion:
    """A motion that was asked for and driven."""

    candidates: list[TrajectoryCandidate]
    planning_time: float  # s, the service's own
    final_error: float  # rad, largest joint


class ArmPlanner(MissionClient):
    """A planner client for the arm cell."""

    def __init__(self, contacts, **kwargs):
        """contacts() → number of contacts of the arm so far, as the simulation counts them."""
        super().__init__("arm_planner", **kwargs)
        self._contacts = contacts
        self.joint_states = Latest(self, JointState, "joint_states")
        self.obstacles = Latest(self, ObstacleArray, "obstacles", LATCHED)
        self._generate = self.client(GenerateTrajectories, "trajectory_generator/generate")
        self._command = self.create_publisher(JointTrajectory, "joint_trajectory", 1)

    def move(self, goal=None, pose: PoseStamped | None = None, seed: int = 0) -> ArmMotion:
        """Plans to a joint goal [D] rad or a tool pose, drives the best candidate and waits until the arm is there.

        Raises MissionFailure with the reason if any of it does not hold.
        """
        request = TrajectoryRequest(use_current_state=True, num_samples=16, seed=seed)
        if pose is None:
            request.joint_goal = JointState(name=list(JOINTS), position=[float(q) for q in goal])
        else:
            request.has_pose_goal, request.pose_goal = True, pose
        self.joint_states.wait(10.0)
        self.obstacles.wait(10.0)
        result = self.answer(self._generate, GenerateTrajectories.Request(request=request), 30.0).result
        best = result.candidates[0]
        contacts_before = self._contacts()
        self._command.publish(best.trajectory)
        target = np.array(best.trajectory.points[-1].positions)
        names = list(best.trajectory.joint_names)
        wait_until(
            lambda: np.abs(self.positions(names) - target).max() < POSITION_TOLERANCE,
            best.duration * 2 + PATIENCE,
            "the arm reaches the end of its trajectory",
        )
        touched = self._contacts() - contacts_before
        if touched:
            raise MissionFailure(f"the arm touched something {touched} times on a trajectory verified to be free")
        error = float(np.abs(self.positions(names) - target).max())
        return ArmMotion(list(result.candidates), result.planning_time, error)

    def positions(self, names=JOINTS) -> np.ndarray:
        """Where these joints are, rad."""
        state = self.joint_states.wait(10.0)
        by_name = dict(zip(state.name, state.position, strict=True))
        return np.array([by_name[name] for name in names])
