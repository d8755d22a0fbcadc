"""What a base does that comes no farther: it lets who moves pass, backs off, or turns on the spot, and tries again."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

PATIENCE = 25  # decisions without progress until something else is tried
DURATION = 8  # decisions that it lasts
ATTEMPTS = 5  # until nothing is left to try
MANOEUVRES = ((-0.2, 0.0), (0.0, 1.0), (0.0, -1.0), (-0.2, 0.6), (-0.2, -0.6))  # m/s, rad/s
PREFERENCE = 0.02  # probability that a manoeuvre's turn is worth
RISKY = 0.3  # probability of touching something at which none is begun
NEAR = 1.5  # m within which somebody may be in the way
MOVED = 0.2  # m from everything seen LOOKS_BACK decisions ago
LOOKS_BACK = 5
MOVED_POINTS = 3


@dataclass(frozen=True)
class Manoeuvre:
    commands: np.ndarray  # [T, 2], from now on
    state: str  # recovering, waiting or stuck


class Recovery:
    """Counts through phases: PATIENCE decisions of driving, DURATION of something else, and again."""

    def __init__(self):
        self.reset()

    def reset(self) -> None:
        self._chosen, self._seen = Manoeuvre(np.zeros((DURATION, 2)), "waiting"), deque(maxlen=LOOKS_BACK)

    def manoeuvre(self, rollout: Callable, points: np.ndarray, pose: np.ndarray, waited: int) -> Manoeuvre | None:
        """What to do instead of driving on, None if there is no need; to be called once a decision.

        points [P, 2] of the scan in base_link at `pose` [3] in odom; waited: decisions without progress so far.
        """
        crowded = self._somebody_moves(points, pose)
        attempt, phase = divmod(waited, PATIENCE + DURATION)
        if attempt >= ATTEMPTS:
            return Manoeuvre(np.zeros((DURATION, 2)), "stuck")
        if phase < PATIENCE:
            return None
        if phase == PATIENCE:
            self._chosen = Manoeuvre(np.zeros((DURATION, 2)), "waiting") if crowded else _safest(rollout, attempt)
        return self._chosen

    def _somebody_moves(self, points: np.ndarray, pose: np.ndarray) -> bool:
        """Whether points near the base stand where nothing stood a while ago: a base that is stuck stands."""
        cos, sin = np.cos(pose[2]), np.sin(pose[2])
        seen = points @ np.array([[cos, sin], [-sin, cos]]) + pose[:2]
        before = self._seen[0] if self._seen else seen
        self._seen.append(seen)
        near = seen[np.hypot(*points.T) < NEAR]
        if not len(before) or not len(near):
            return False
        distance = np.hypot(*(near[:, None] - before).transpose(2, 0, 1)).min(axis=1)
        return int((distance > MOVED).sum()) >= MOVED_POINTS


def _safest(rollout: Callable, attempt: int) -> Manoeuvre:
    """The manoeuvre least likely to touch something; they take turns where several are safe."""
    commands = np.repeat(np.array(MANOEUVRES)[:, None], DURATION, axis=1)
    risk = rollout(commands)[1][:, -1]
    turn = (np.arange(len(MANOEUVRES)) - attempt) % len(MANOEUVRES)
    best = int(np.argmin(risk + PREFERENCE * turn))
    if risk[best] > RISKY:
        return Manoeuvre(np.zeros((DURATION, 2)), "waiting")
    return Manoeuvre(commands[best], "recovering")
