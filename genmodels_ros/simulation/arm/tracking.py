"""The end of a trajectory that the simulated arm follows, told by its tolerances: arrived, strayed, stopped, replaced.

One call of `watch` a control step, in the thread of the world; others read `latest` and wait for `ended`.
"""

import threading
from enum import IntEnum

import numpy as np

from genmodels_ros.robots.paths.tolerances import Tolerances
from genmodels_ros.simulation.arm.arm import ArmSimulation, interpolate
from genmodels_ros.simulation.world import World

UNITS = ("rad", "rad/s")


class Outcome(IntEnum):
    """Those of control_msgs/FollowJointTrajectory that can come about here, and two more."""

    SUCCESSFUL = 0
    PATH_TOLERANCE_VIOLATED = -4
    GOAL_TOLERANCE_VIOLATED = -5
    STOPPED = 1  # on request
    REPLACED = 2  # by another command, or a reset


class TrackedMotion:
    """The trajectory that an arm has just been given.

    latest: (s since its start, wanted [3, D], actual [2, D]): position and velocity, wanted acceleration too
    """

    def __init__(self, arm: ArmSimulation, tolerances: Tolerances, time: float):
        self._arm, self._trajectory, self._tolerances, self._start = arm, arm.trajectory, tolerances, time
        self.ended = threading.Event()
        self.outcome: Outcome | None = None
        self.message = ""
        self._look(0.0)

    @property
    def joint_names(self) -> tuple[str, ...]:
        return self._arm.robot.joint_names

    def watch(self, world: World) -> None:
        """Notes where the arm is, and stops it where it has strayed."""
        if self.ended.is_set():
            return
        since, duration = world.time - self._start, self._trajectory.duration
        following = self._arm.trajectory is self._trajectory
        if world.arm is not self._arm or not (following or (self._arm.trajectory is None and since >= duration - 1e-9)):
            self._end(Outcome.REPLACED, "Another command, or a stop, took its place.")
            return
        self._look(since)
        if since < duration:
            beyond = self._tolerances.off_path(self._error())
            if beyond:
                self._arm.stop()
                self._end(Outcome.PATH_TOLERANCE_VIOLATED, self._sentence(beyond, self._tolerances.path, "on its way"))
            return
        beyond, limit = self._tolerances.off_goal(self._error()), self._tolerances.goal_time
        if beyond is None:
            self._end(Outcome.SUCCESSFUL, "")
        elif 0 < limit < since - duration:
            self._arm.stop()
            self._end(Outcome.GOAL_TOLERANCE_VIOLATED, self._sentence(beyond, self._tolerances.goal, "at its end"))

    def stop(self, world: World) -> None:
        """Holds the arm where it is, unless the motion has ended."""
        if not self.ended.is_set():
            if world.arm is self._arm:
                self._arm.stop()
            self._end(Outcome.STOPPED, "Stopped on request; the arm holds its position.")

    def _look(self, since: float) -> None:
        actual = np.stack([self._arm.positions, self._arm.velocities])
        self.latest = since, np.stack(interpolate(self._trajectory, since)), actual

    def _error(self) -> np.ndarray:
        _, wanted, actual = self.latest
        return wanted[:2] - actual

    def _sentence(self, beyond: tuple[int, int], tolerance: np.ndarray, where: str) -> str:
        row, joint = beyond
        return (
            f"{self.joint_names[joint]} is {abs(self._error()[row, joint]):.3g} {UNITS[row]} off {where}, "
            f"more than {tolerance[row, joint]:.3g}."
        )

    def _end(self, outcome: Outcome, message: str) -> None:
        self.outcome, self.message = outcome, message
        self.ended.set()
