"""Commands that drive a differential drive along a path: pure pursuit (Coulter 1992)."""

import math

import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError

LOOKAHEAD = 0.5  # [m]
MAX_TURN_RATE = 1.5  # [rad/s]
SPACING = 0.05  # [m] of the points a path is followed by


def follow_paths(paths: list, speed: float, time_step: float, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Commands [N, steps, 2] along each path [P, 2 or 3] in base_link, and the lengths [N] in metres.

    Raises GenModelsError: INVALID_PATH for fewer than two poses or another shape, NOT_FINITE, INVALID_SCALING for a
    speed that is not positive.
    """
    if not (math.isfinite(speed) and speed > 0):
        raise GenModelsError(ErrorCode.INVALID_SCALING, f"The speed along a path must be positive, got {speed}.")
    points = [_checked(path, index) for index, path in enumerate(paths)]
    commands = np.stack([_follow(resample_path(path, SPACING), speed, time_step, steps) for path in points])
    lengths = np.array([np.linalg.norm(np.diff(path, axis=0), axis=1).sum() for path in points])
    return commands, lengths


def _checked(path, index: int) -> np.ndarray:
    try:
        path = np.asarray(path, dtype=float)
    except (TypeError, ValueError):
        path = np.zeros(0)
    if path.ndim != 2 or path.shape[1] not in (2, 3) or len(path) < 2:
        raise GenModelsError(ErrorCode.INVALID_PATH, f"Path {index} needs two or more poses (x, y[, yaw]).")
    if not np.isfinite(path).all():
        raise GenModelsError(ErrorCode.NOT_FINITE, f"Path {index} must be finite.")
    return path[:, :2]


def resample_path(path: np.ndarray, spacing: float) -> np.ndarray:
    """Points [K, 2] about `spacing` metres apart along the polyline [P, 2], its end included."""
    marks = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    at = np.linspace(0.0, marks[-1], max(2, min(10_000, math.ceil(marks[-1] / spacing) + 1)))
    return np.stack([np.interp(at, marks, path[:, axis]) for axis in (0, 1)], axis=1)


def _follow(points: np.ndarray, speed: float, time_step: float, steps: int) -> np.ndarray:
    """Simulates the ideal robot from the origin; it stops at the end of the path and turns on the spot when it must."""
    x = y = yaw = 0.0
    commands, reached = np.zeros((steps, 2)), 0
    ahead = max(1, round(LOOKAHEAD / SPACING))
    for step in range(steps):
        window = points[reached : reached + 4 * ahead]
        reached += int(np.argmin(np.hypot(window[:, 0] - x, window[:, 1] - y)))
        target = points[min(reached + ahead, len(points) - 1)]
        distance = math.hypot(target[0] - x, target[1] - y)
        if distance < SPACING:
            break
        bearing = math.remainder(math.atan2(target[1] - y, target[0] - x) - yaw, 2 * math.pi)
        v = min(speed, distance / time_step) * max(0.0, math.cos(bearing))
        w = 2 * v * math.sin(bearing) / distance if abs(bearing) < math.pi / 3 else bearing / (2 * time_step)
        w = min(max(w, -MAX_TURN_RATE), MAX_TURN_RATE)
        commands[step] = v, w
        heading = yaw + w * time_step / 2
        x, y, yaw = x + v * time_step * math.cos(heading), y + v * time_step * math.sin(heading), yaw + w * time_step
    return commands
