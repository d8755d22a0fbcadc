"""The judge between a trajectory and the robot: exact, and knowing nothing of how the trajectory was made.

The motion judged is the one a joint_trajectory_controller executes: quintic polynomials through the given positions,
velocities and accelerations (ros2_controllers, "Trajectory representation"). Limits are checked in time, also between
the given points; contact with obstacles and the robot itself at configurations at most 0.01 rad apart in every joint.
"""

from dataclasses import dataclass

import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.obstacles import Scene
from genmodels_ros.robots.paths.extremes import leaves
from genmodels_ros.robots.trajectory import Trajectory

RESOLUTION = 0.01  # rad between checked configurations
POSITION_TOLERANCE = 1e-6  # rad beyond a limit
RELATIVE_TOLERANCE = 1e-2  # of velocity, acceleration and jerk limits, for the rounding of given derivatives
REST_VELOCITY, REST_ACCELERATION = 1e-3, 1e-2  # rad/s, rad/s²
FINER = 5  # steps of the motion's polynomials within the resolution
MOST_STEPS = 2_000_000  # in all; a motion within its limits has far fewer
SHORTEST = 1e-3  # s of a cut interval
EVERY = 5  # of these configurations clearance is measured at


@dataclass(frozen=True)
class Verification:
    """first_invalid_time: s from start, None where nothing is wrong; min_clearance: m to obstacles, None where
    invalid.
    """

    valid: bool
    code: ErrorCode
    message: str
    first_invalid_time: float | None = None
    min_clearance: float | None = None


def verify(
    trajectory: Trajectory,
    robot: Robot,
    scene: Scene,
    finger_position: float | None = None,
    checker: CollisionChecker | None = None,
    from_time: float = 0.0,
) -> Verification:
    """Judges a trajectory of `robot` in `scene`; a `checker` of the same robot and scene saves building one.

    from_time: s into a trajectory under way; only what comes after is judged, and need not start at rest.
    """
    malformed = _malformed(trajectory, robot, from_time)
    if malformed:
        return malformed
    rest = remainder(trajectory, from_time)
    return _beyond_limits(rest, robot) or _in_collision(
        rest, checker or CollisionChecker(robot, scene, finger_position)
    )


def verify_contact(
    trajectory: Trajectory, robot: Robot, scene: Scene, from_time: float, checker: CollisionChecker | None = None
) -> Verification:
    """Judges only whether what comes after `from_time` s touches anything: the question while obstacles change.

    Limits and rest are left aside, which no obstacle can change; clearance is not measured.
    """
    malformed = _malformed(trajectory, robot, from_time)
    if malformed:
        return malformed
    touching = _touching(*densify(remainder(trajectory, from_time)), checker or CollisionChecker(robot, scene))
    return touching or Verification(True, ErrorCode.SUCCESS, "The rest of the trajectory touches nothing.")


def remainder(trajectory: Trajectory, from_time: float) -> Trajectory:
    """The same motion from a moment in [0, duration) on; its times go on counting from the whole one's start.

    It begins up to SHORTEST earlier where a point follows at once: a shorter interval would drown in rounding.
    """
    time = trajectory.time_from_start
    if from_time <= 0:
        return trajectory
    interval = int(np.searchsorted(time, from_time, side="right")) - 1
    from_time = max(time[interval], min(from_time, time[interval + 1] - SHORTEST))
    since = from_time - time[interval]
    coefficients = _quintics(trajectory)[interval]
    state = [_powers(np.array([since]), order) @ coefficients for order in range(3)]
    later = slice(interval + 1, None)
    columns = (trajectory.positions, trajectory.velocities, trajectory.accelerations)
    return Trajectory(
        trajectory.joint_names,
        np.append(from_time, time[later]),
        *(np.concatenate([row, column[later]]) for row, column in zip(state, columns, strict=True)),
    )


def densify(trajectory: Trajectory, resolution: float = RESOLUTION) -> tuple[np.ndarray, np.ndarray]:
    """Times [M] and configurations [M, D] along the motion, both ends included.

    From one to the next the joint that travels farthest travels at most `resolution`.
    """
    times, q = _interpolate(trajectory, _substeps(trajectory, resolution / FINER))
    travelled = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(q, axis=0)).max(axis=1))])
    # The first configuration in each stretch of the way; one more step of the finer kind leads into the next stretch.
    stretch = np.floor(travelled / (resolution * (1 - 1.01 / FINER)))
    keep = np.flatnonzero(np.diff(stretch, prepend=-1, append=np.inf)[: len(q)])
    keep = keep if keep[-1] == len(q) - 1 else np.append(keep, len(q) - 1)
    return times[keep], q[keep]


def _malformed(trajectory: Trajectory, robot: Robot, from_time: float) -> Verification | None:
    time = trajectory.time_from_start
    arrays = (time, trajectory.positions, trajectory.velocities, trajectory.accelerations)
    if tuple(trajectory.joint_names) != robot.joint_names:
        return _invalid(ErrorCode.UNKNOWN_JOINT, f"Joints must be {', '.join(robot.joint_names)}, in this order.", 0.0)
    if len(time) < 2:
        return _invalid(ErrorCode.WRONG_LENGTH, f"A trajectory needs at least 2 points, this one has {len(time)}.", 0.0)
    if not all(np.isfinite(array).all() for array in arrays):
        return _invalid(ErrorCode.NOT_FINITE, "The trajectory holds numbers that are not finite.", 0.0)
    if time[0] != 0 or (np.diff(time) <= 0).any():
        return _invalid(ErrorCode.WRONG_LENGTH, "time_from_start must rise strictly from 0.", 0.0)
    if not 0 <= from_time < time[-1]:
        return _invalid(ErrorCode.WRONG_LENGTH, f"from_time must lie in [0, {time[-1]:g}) s, got {from_time:g} s.", 0.0)
    return None


def _beyond_limits(trajectory: Trajectory, robot: Robot) -> Verification | None:
    under_way = trajectory.time_from_start[0] > 0
    for index, end in ((-1, "end"),) if under_way else ((0, "start"), (-1, "end")):
        fast = np.abs(trajectory.velocities[index]).max() > REST_VELOCITY
        if fast or np.abs(trajectory.accelerations[index]).max() > REST_ACCELERATION:
            message = f"The trajectory is not at rest at its {end}."
            return _invalid(ErrorCode.TRAJECTORY_EXCEEDS_LIMITS, message, float(trajectory.time_from_start[index]))
    time, limits, found = trajectory.time_from_start, robot.limits, []
    for order, name in enumerate(("position", "velocity", "acceleration", "jerk")):
        if order == 0:
            lower, upper = limits.lower - POSITION_TOLERANCE, limits.upper + POSITION_TOLERANCE
        else:
            upper = getattr(limits, name) * (1 + RELATIVE_TOLERANCE)
            lower = -upper
        beyond = leaves(_derivative(trajectory, order), lower, upper)
        if beyond.any():
            interval = int(beyond.any(axis=1).argmax())
            found.append((interval, order, name, robot.joint_names[int(beyond[interval].argmax())]))
    if not found:
        return None
    interval, _, name, joint = min(found)
    moment = float(time[interval : interval + 2].mean())
    message = f"{joint} exceeds its {name} limit at {moment:.2f} s."
    return _invalid(ErrorCode.TRAJECTORY_EXCEEDS_LIMITS, message, moment)


def _in_collision(trajectory: Trajectory, checker: CollisionChecker) -> Verification:
    times, q = densify(trajectory)
    touching = _touching(times, q, checker)
    if touching:
        return touching
    clearance = checker.min_clearance(np.concatenate([q[::EVERY], q[-1:]]))
    return Verification(
        True, ErrorCode.SUCCESS, "The trajectory keeps all limits and touches nothing.", None, clearance
    )


def _touching(times: np.ndarray, q: np.ndarray, checker: CollisionChecker) -> Verification | None:
    """The first contact of configurations q [M, D] at times [M]."""
    found = checker.first_contact_on_the_way(q)
    if found is None:
        return None
    index, contact = found
    return _invalid(ErrorCode.TRAJECTORY_IN_COLLISION, f"{contact} at {times[index]:.2f} s.", float(times[index]))


def _invalid(code: ErrorCode, message: str, time: float) -> Verification:
    return Verification(False, code, message, time)


def _substeps(trajectory: Trajectory, resolution: float) -> np.ndarray:
    """[T - 1] evenly timed steps in each interval, none longer than `resolution` in any joint.

    Raises GenModelsError(TRAJECTORY_EXCEEDS_LIMITS) for a motion too long to be looked at.
    """
    interval = np.diff(trajectory.time_from_start)[:, None]
    speed = np.maximum(np.abs(trajectory.velocities[1:]), np.abs(trajectory.velocities[:-1]))
    move = np.maximum(np.abs(np.diff(trajectory.positions, axis=0)), interval * speed).max(axis=1)
    steps = np.maximum(1, np.ceil(move / resolution))
    while True:  # polynomials may move faster inside an interval than at its ends
        if not steps.sum() <= MOST_STEPS:
            message = "The trajectory moves too far to be checked: keep it within its limits, or split it."
            raise GenModelsError(ErrorCode.TRAJECTORY_EXCEEDS_LIMITS, message)
        steps = steps.astype(int)
        q = _interpolate(trajectory, steps)[1]
        longest = np.maximum.reduceat(np.abs(np.diff(q, axis=0)).max(axis=1), np.cumsum(steps) - steps)
        if (longest <= resolution * 1.0001).all():
            return steps
        steps = np.where(longest > resolution, np.ceil(steps * longest / resolution) + 1, steps)


def _interpolate(trajectory: Trajectory, steps: np.ndarray, derivative: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Times [M] and positions (or a time derivative) [M, D] of the quintics, `steps` [T - 1] parts an interval."""
    interval = np.diff(trajectory.time_from_start)
    segment = np.repeat(np.arange(len(steps)), steps)
    part = np.arange(len(segment)) - np.repeat(np.cumsum(steps) - steps, steps)
    segment, since = (
        np.append(segment, len(steps) - 1),
        np.append(part / steps[segment] * interval[segment], interval[-1]),
    )
    values = np.einsum("mk,mkd->md", _powers(since, derivative), _quintics(trajectory)[segment])
    return trajectory.time_from_start[segment] + since, values


def _derivative(trajectory: Trajectory, order: int) -> np.ndarray:
    """Coefficients [T - 1, 6 - order, D] of a time derivative by the share u in [0, 1] of each interval."""
    coefficients = _quintics(trajectory)[:, order:]
    factors = [np.prod(np.arange(k + 1, k + order + 1)) for k in range(6 - order)]
    interval = np.diff(trajectory.time_from_start)[:, None]
    return coefficients * (factors * interval ** np.arange(6 - order))[:, :, None]


def _powers(since: np.ndarray, derivative: int) -> np.ndarray:
    """[M, 6]: what each coefficient of a quintic counts for in its value, or a derivative, at times [M]."""
    powers = np.zeros((len(since), 6))
    for k in range(derivative, 6):
        powers[:, k] = np.prod(np.arange(k - derivative + 1, k + 1)) * since ** (k - derivative)
    return powers


def _quintics(trajectory: Trajectory) -> np.ndarray:
    """Coefficients [T - 1, 6, D], by time since each point, that meet the given values at both ends of an interval."""
    h = np.diff(trajectory.time_from_start)[:, None]
    p, v, a = trajectory.positions, trajectory.velocities, trajectory.accelerations
    gap, dv, da = p[1:] - p[:-1] - v[:-1] * h - a[:-1] * h**2 / 2, v[1:] - v[:-1] - a[:-1] * h, a[1:] - a[:-1]
    third = (20 * gap - 8 * dv * h + da * h**2) / (2 * h**3)
    fourth = (-30 * gap + 14 * dv * h - 2 * da * h**2) / (2 * h**4)
    fifth = (12 * gap - 6 * dv * h + da * h**2) / (2 * h**5)
    return np.stack([p[:-1], v[:-1], a[:-1] / 2, third, fourth, fifth], axis=1)
