"""From a path to a trajectory: nearly the fastest motion, from rest to rest, that keeps every joint's limits.

1. Along the path q(s) let x = (ds/dt)² and u = d²s/dt², so that d²q/dt² = q' u + q'' x, and dx/ds = 2u. On a grid in s
   a backward pass finds the largest x from which the rest of the path can be done, and a forward pass takes the largest
   reachable one (Pham and Pham, "A new approach to time-optimal path parameterization based on reachability analysis",
   2018).
2. That motion switches accelerations at once. Its positions are averaged over time with a triangle of half width w:
   velocity and acceleration, averages themselves, keep their limits, and jerk is at most 2/w of the acceleration limit.
   The path moves by at most w²/12 of the acceleration limit (0.5 mrad for 15 rad/s²); verification judges the outcome.
"""

import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.description import JointLimits
from genmodels_ros.robots.paths.bspline import DEGREE, evaluate
from genmodels_ros.robots.trajectory import Trajectory

GRID = 120  # intervals in s, at least
GRID_PER_SPAN = 8  # and at least so many a span of the spline
STEP = 0.001  # s, resolution of the averaging
PERIOD = 0.01  # s between points of the answer
HALF_WIDTH = 0.02  # s, at least; more where a jerk limit asks for it
MARGIN = 0.97  # of the limits: what is lost between grid points and in the controller's interpolation


def time_parameterise(
    control_points: np.ndarray,
    limits: JointLimits,
    velocity_scaling: float = 1.0,
    acceleration_scaling: float = 1.0,
    joint_names: tuple[str, ...] | None = None,
) -> Trajectory:
    """The motion along a cubic B-spline [N, D] whose first two and last two control points coincide, every 10 ms.

    Scalings in (0, 1] shrink the velocity limits, and the acceleration and jerk limits. Raises
    GenModelsError(INVALID_SCALING) outside of that and GenModelsError(NOT_FINITE) for points that are no numbers.
    """
    for scaling in (velocity_scaling, acceleration_scaling):
        if not 0 < scaling <= 1:
            raise GenModelsError(ErrorCode.INVALID_SCALING, f"Limits scaling must lie in (0, 1], got {scaling}.")
    if not np.isfinite(control_points).all():
        raise GenModelsError(ErrorCode.NOT_FINITE, "Control points must be finite.")
    control_points = np.asarray(control_points, dtype=float)
    velocity = MARGIN * velocity_scaling * limits.velocity
    acceleration = MARGIN * acceleration_scaling * limits.acceleration
    jerk = MARGIN * acceleration_scaling * limits.jerk
    half_width = max(HALF_WIDTH, STEP * np.ceil(np.max(2 * acceleration / jerk) / STEP))
    speed_squared = path_speed(control_points, velocity, acceleration)
    names = joint_names or tuple(f"joint{i + 1}" for i in range(control_points.shape[1]))
    if speed_squared is None:
        return _averaged(control_points[:1], half_width, names)
    trajectory = _averaged(_sample(control_points, speed_squared), half_width, names)
    excess = max(
        np.abs(trajectory.velocities / velocity).max(), np.sqrt(np.abs(trajectory.accelerations / acceleration).max())
    )
    if excess > 1:  # limits hold on the grid; what lies between grid points may ask for a little more time
        trajectory = _averaged(_sample(control_points, speed_squared / excess**2), half_width, names)
    return trajectory


def path_speed(control_points: np.ndarray, velocity: np.ndarray, acceleration: np.ndarray) -> np.ndarray | None:
    """The largest (ds/dt)² over evenly spaced s in [0, 1] that keeps the limits; None for a path that stands still."""
    grid = max(GRID, GRID_PER_SPAN * (len(control_points) - DEGREE))
    step, s = 1 / grid, np.linspace(0, 1, grid + 1)
    first, second = (evaluate(control_points, s, derivative) for derivative in (1, 2))
    if np.abs(first).max() < 1e-9:
        return None
    # Each row demands |alpha u + beta x| <= bound: at both ends of an interval, as x changes by 2 u step across it.
    alpha = np.concatenate([first[:-1], first[1:] + 2 * step * second[1:]], axis=1)
    beta = np.concatenate([second[:-1], second[1:]], axis=1)
    bound = np.concatenate([acceleration, acceleration])
    beta, alpha = np.where(alpha < 0, -beta, beta), np.abs(alpha)
    ceiling = np.min((velocity / np.maximum(np.abs(first), 1e-12)) ** 2, axis=1)
    ceiling[:-1] = np.minimum(ceiling[:-1], _feasible(alpha, beta, bound))
    ceiling[-1] = min(ceiling[-1], np.min(acceleration / np.maximum(np.abs(second[-1]), 1e-12)))
    return _reach(alpha, beta, bound, ceiling, step)


def _feasible(alpha: np.ndarray, beta: np.ndarray, bound: np.ndarray) -> np.ndarray:
    """The largest x [G] for which some u satisfies all rows: no row's least u exceeds another's greatest."""
    slope = beta[:, None, :] * alpha[:, :, None] - beta[:, :, None] * alpha[:, None, :]
    room = bound[None, :, None] * alpha[:, None, :] + bound[None, None, :] * alpha[:, :, None]
    pairs = np.where(slope > 1e-12, room / np.maximum(slope, 1e-12), np.inf)
    still = np.where(alpha < 1e-9, bound / np.maximum(np.abs(beta), 1e-12), np.inf)
    return np.minimum(pairs.min(axis=(1, 2)), still.min(axis=1))


def _reach(alpha: np.ndarray, beta: np.ndarray, bound: np.ndarray, ceiling: np.ndarray, step: float) -> np.ndarray:
    """Backward and forward pass over x."""
    inverse = 1 / np.maximum(alpha, 1e-9)
    change = 2 * step * inverse
    slope, room = 1 - change * beta, change * bound
    controllable = ceiling.copy()
    for i in range(len(alpha) - 1, -1, -1):
        limit = np.where(slope[i] > 0, (controllable[i + 1] + room[i]) / np.maximum(slope[i], 1e-12), np.inf)
        controllable[i] = min(controllable[i], limit.min())
    x = controllable.copy()
    for i in range(len(alpha)):
        x[i + 1] = min(controllable[i + 1], max((slope[i] * x[i] + room[i]).min(), 1e-9))
    return x


def _sample(control_points: np.ndarray, speed_squared: np.ndarray) -> np.ndarray:
    """Positions [M, D] every STEP along the motion with constant u between grid points."""
    speed, grid = np.sqrt(speed_squared), len(speed_squared) - 1
    step = 1 / grid
    durations = 2 * step / (speed[:-1] + speed[1:])
    times = np.concatenate([[0.0], np.cumsum(durations)])
    t = np.arange(0, times[-1] + STEP, STEP)
    index = np.clip(np.searchsorted(times, t, side="right") - 1, 0, grid - 1)
    since = np.minimum(t, times[-1]) - times[index]
    u = (speed_squared[1:] - speed_squared[:-1]) / (2 * step)
    s = index * step + speed[index] * since + u[index] * since**2 / 2
    return evaluate(control_points, np.clip(s, 0, 1))


def _averaged(positions: np.ndarray, half_width: float, names: tuple[str, ...]) -> Trajectory:
    """The triangle average of positions [M, D] held at both ends, every PERIOD, with its exact derivatives.

    The triangle's second derivative is three impulses: each result is a second difference over the half width, of the
    positions for the acceleration, of their first and second integrals for velocity and position.
    """
    width, every = round(half_width / STEP), round(PERIOD / STEP)
    moving = len(positions) + 2 * width
    total = -(-moving // every) * every + 1
    start, goal = positions[0], positions[-1]
    held = np.concatenate(
        [np.repeat(positions[:1], 2 * width, 0), positions, np.repeat(positions[-1:], total - moving + 2 * width, 0)]
    )
    once = _integral(held - start)
    twice = _integral(once)
    shape = slice(None, None, every)
    middle = np.arange(width, width + total)[shape]

    def average(values: np.ndarray) -> np.ndarray:
        return (values[middle + width] - 2 * values[middle] + values[middle - width]) / half_width**2

    points, velocities, accelerations = start + average(twice), average(once), average(held)
    points[[0, -1]] = start, goal
    velocities[[0, -1]] = accelerations[[0, -1]] = 0.0
    return Trajectory(names, np.arange(len(points)) * PERIOD, points, velocities, accelerations)


def _integral(values: np.ndarray) -> np.ndarray:
    """Cumulative trapezoids over STEP, from 0."""
    steps = (values[1:] + values[:-1]) * (STEP / 2)
    return np.concatenate([np.zeros_like(values[:1]), np.cumsum(steps, axis=0)])
