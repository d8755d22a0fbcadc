"""The arm's controller and its joints: follows trajectories by computed torque, reports what it touches."""

import mujoco
import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.trajectory import Trajectory
from genmodels_ros.simulation.geoms import ARM

STIFFNESS = 2500.0  # 1/s²: errors decay like those of a critically damped 50 rad/s oscillator
DAMPING = 100.0  # 1/s
START_TOLERANCE = 0.1  # rad


class ArmSimulation:
    """Joints of the arm in a model; `World` calls `control` before every physics step."""

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData, robot: Robot):
        self.robot, self._model, self._data = robot, model, data
        joints = [model.joint(ARM + name) for name in robot.joint_names]
        self._q = np.array([int(joint.qposadr[0]) for joint in joints])
        self._v = np.array([int(joint.dofadr[0]) for joint in joints])
        self._actuators = np.array([model.actuator(ARM + name).id for name in robot.joint_names])
        self._effort_limit = model.actuator_ctrlrange[self._actuators, 1]
        names = [model.geom(index).name for index in range(model.ngeom)]
        self._is_arm = np.array([name.startswith(ARM) for name in names])
        self._inertia = np.zeros((model.nv, model.nv))
        self.contacts_seen: dict[str, int] = {}
        self.place(robot.ready)

    def place(self, positions: np.ndarray) -> None:
        """Puts the arm at positions [D] rad, at rest, holding them."""
        self._data.qpos[self._q] = positions
        self._data.qvel[self._v] = 0
        self._hold = np.array(positions, float)
        self._trajectory: Trajectory | None = None
        self._start = 0.0
        self._touching: set[str] = set()
        self.contacts_seen.clear()

    @property
    def positions(self) -> np.ndarray:
        """[D] rad, in the order of robot.joint_names."""
        return self._data.qpos[self._q].copy()

    @property
    def velocities(self) -> np.ndarray:
        """[D] rad/s."""
        return self._data.qvel[self._v].copy()

    @property
    def efforts(self) -> np.ndarray:
        """[D] the motors' torques, N m."""
        return self._data.ctrl[self._actuators].copy()

    @property
    def touching(self) -> list[str]:
        """What touches now, as "panda_link5 – shelf_board" or "panda_hand – panda_link1"."""
        return sorted(self._touching)

    @property
    def is_moving(self) -> bool:
        """Whether a trajectory is being followed."""
        return self._trajectory is not None

    @property
    def trajectory(self) -> Trajectory | None:
        """What is being followed; a new object with every command."""
        return self._trajectory

    def set_trajectory(self, trajectory: Trajectory) -> None:
        """Follows a trajectory from now on, instead of whatever was followed before, and holds its end.

        Raises GenModelsError: MISSING_JOINT unless it moves exactly the arm's joints, NOT_FINITE, and
        TRAJECTORY_EXCEEDS_LIMITS where it leaves the joint limits or does not start where the arm is.
        """
        names = self.robot.joint_names
        if sorted(trajectory.joint_names) != sorted(names):
            raise GenModelsError(ErrorCode.MISSING_JOINT, f"A trajectory must name each of {', '.join(names)} once.")
        columns = [trajectory.joint_names.index(name) for name in names]
        arrays = [a[:, columns] for a in (trajectory.positions, trajectory.velocities, trajectory.accelerations)]
        if not all(np.isfinite(a).all() for a in (*arrays, trajectory.time_from_start)):
            raise GenModelsError(ErrorCode.NOT_FINITE, "A trajectory must not contain NaN or infinity.")
        if not self.robot.within_limits(arrays[0], tolerance=1e-3):
            raise GenModelsError(
                ErrorCode.TRAJECTORY_EXCEEDS_LIMITS, "The trajectory leaves the joint limits: plan within them."
            )
        away = np.abs(arrays[0][0] - self.positions).max()
        if away > START_TOLERANCE:
            raise GenModelsError(
                ErrorCode.TRAJECTORY_EXCEEDS_LIMITS,
                f"The trajectory starts {away:.2f} rad away from the arm: plan from its current state.",
            )
        self._trajectory = Trajectory(names, trajectory.time_from_start, *arrays)
        self._start = self._data.time

    def stop(self) -> None:
        """Holds the present position."""
        self._trajectory, self._hold = None, self.positions

    def desired(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Position, velocity and acceleration [D] each that the controller follows now."""
        if self._trajectory is not None and self._data.time - self._start >= self._trajectory.duration:
            self._trajectory, self._hold = None, self._trajectory.positions[-1].copy()
        if self._trajectory is None:
            return self._hold, np.zeros_like(self._hold), np.zeros_like(self._hold)
        return interpolate(self._trajectory, self._data.time - self._start)

    def control(self) -> None:
        """Computed torque, M(q)(a + Kp e + Kd ė) + bias, within the motors' limits."""
        position, velocity, acceleration = self.desired()
        wanted = acceleration + STIFFNESS * (position - self._data.qpos[self._q])
        wanted += DAMPING * (velocity - self._data.qvel[self._v])
        mujoco.mj_fullM(self._model, self._data, self._inertia)
        torque = self._inertia[np.ix_(self._v, self._v)] @ wanted + self._data.qfrc_bias[self._v]
        torque -= self._data.qfrc_passive[self._v]
        self._data.ctrl[self._actuators] = np.clip(torque, -self._effort_limit, self._effort_limit)

    def watch_contacts(self) -> None:
        """Notes what touches after a physics step; onsets are counted in `contacts_seen`."""
        if self._data.ncon == 0 and not self._touching:
            return
        contact = self._data.contact
        involved = self._is_arm[contact.geom].any(axis=1) & (contact.dist < 0)
        now = {self._pair(*pair) for pair in contact.geom[involved]}
        for name in now - self._touching:
            self.contacts_seen[name] = self.contacts_seen.get(name, 0) + 1
        self._touching = now

    def _pair(self, first: int, second: int) -> str:
        if not self._is_arm[first]:
            first, second = second, first
        return f"{self._name(first)} – {self._name(second)}"

    def _name(self, geom: int) -> str:
        if self._is_arm[geom]:
            return self._model.body(self._model.geom_bodyid[geom]).name.removeprefix(ARM)
        name = self._model.geom(geom).name
        return name.split("_", 2)[2] if name.startswith("cell_") else name


def interpolate(trajectory: Trajectory, time: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Position, velocity, acceleration [D] at `time` s after the start: the cubic Hermite spline through the points."""
    times = trajectory.time_from_start
    time = min(max(time, times[0]), times[-1])
    k = int(np.clip(np.searchsorted(times, time, side="right") - 1, 0, len(times) - 2))
    h = times[k + 1] - times[k]
    s = (time - times[k]) / h
    p0, p1 = trajectory.positions[k], trajectory.positions[k + 1]
    m0, m1 = h * trajectory.velocities[k], h * trajectory.velocities[k + 1]
    c2, c3 = 3 * (p1 - p0) - 2 * m0 - m1, 2 * (p0 - p1) + m0 + m1
    position = p0 + s * (m0 + s * (c2 + s * c3))
    velocity = (m0 + s * (2 * c2 + 3 * s * c3)) / h
    return position, velocity, (2 * c2 + 6 * s * c3) / h**2
