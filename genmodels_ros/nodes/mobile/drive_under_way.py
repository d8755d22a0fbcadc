"""What is known of a drive while it lasts, shared by the threads that decide, send commands and answer the action."""

import threading
import time

from genmodels_interfaces.action import DriveToGoal
from genmodels_ros.errors import GenModelsError
from genmodels_ros.pipelines.mobile.goal_drive import GoalDrive
from genmodels_ros.pipelines.mobile.local_planning import STANDSTILL, Decision


class DriveUnderWay:
    """`lock` is held while a command is sent and while it ends, so that no command follows the last standstill."""

    def __init__(self, task: GoalDrive, tolerance: float, time_limit: float):
        self.task, self.tolerance, self.time_limit = task, tolerance, time_limit
        self.lock, self.done = threading.RLock(), threading.Event()
        self.error: GenModelsError | None = None
        self.command, self.state, self.probability, self.left = STANDSTILL, "waiting", 0.0, 0.0
        self.blind_since: float | None = None
        self._started = time.monotonic()
        self._ended: float | None = None

    def go_on_from(self, before: "DriveUnderWay") -> None:
        """Takes over what the base does now: a drive that another replaces without stopping."""
        self.command, self.state, self.probability = before.command, before.state, before.probability

    @property
    def duration(self) -> float:
        """Seconds until now or the end."""
        return (time.monotonic() if self._ended is None else self._ended) - self._started

    def decided(self, decision: Decision, left: float) -> None:
        self.command, self.state, self.left = decision.command, decision.state.value, left
        self.probability = float(decision.probability[-1])

    def become_blind(self, state: str) -> None:
        self.state, self.command = state, STANDSTILL
        self.blind_since = time.monotonic() if self.blind_since is None else self.blind_since

    def finish(self, error: GenModelsError | None = None) -> None:
        """error: None for a goal reached."""
        with self.lock:
            self.error, self._ended = error, time.monotonic()
            self.done.set()

    def feedback(self) -> DriveToGoal.Feedback:
        return DriveToGoal.Feedback(distance=self.left, collision_probability=self.probability, state=self.state)
