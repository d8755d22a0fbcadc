"""How far an arm may stray from its trajectory and when it has arrived, as a joint_trajectory_controller judges it."""

from dataclasses import dataclass

import numpy as np

# As config/gazebo/ros2_controllers.yaml has them (a test compares the two).
PATH, GOAL, STOPPED, GOAL_TIME = 0.2, 0.02, 0.05, 1.0  # rad, rad, rad/s, s


@dataclass(frozen=True)
class Tolerances:
    """path, goal: [2, D] rad and rad/s on the way and at its end, infinite where there is none; goal_time: s after the
    trajectory's end until which the goal may be reached, 0 for any.
    """

    path: np.ndarray
    goal: np.ndarray
    goal_time: float = GOAL_TIME

    @classmethod
    def default(cls, num_joints: int) -> "Tolerances":
        """Those of the simulated controllers."""
        return cls(
            np.stack([np.full(num_joints, PATH), np.full(num_joints, np.inf)]),
            np.stack([np.full(num_joints, GOAL), np.full(num_joints, STOPPED)]),
        )

    def off_path(self, error: np.ndarray) -> tuple[int, int] | None:
        """(0 position or 1 velocity, joint) of what exceeds its tolerance most at an error [2, D]; None: nothing."""
        return _worst(error, self.path)

    def off_goal(self, error: np.ndarray) -> tuple[int, int] | None:
        """The same at the end."""
        return _worst(error, self.goal)


def _worst(error: np.ndarray, tolerance: np.ndarray) -> tuple[int, int] | None:
    excess = np.abs(error) - tolerance
    row, joint = np.unravel_index(int(excess.argmax()), excess.shape)
    return (int(row), int(joint)) if excess[row, joint] > 0 else None
