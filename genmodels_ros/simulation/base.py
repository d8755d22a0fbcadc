"""The mobile base: commands in, motion with slip and latency, odometry as its wheels tell it."""

import math
from collections import deque
from dataclasses import dataclass

import mujoco
import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.simulation.scenes import Base, of_base

SLIP_TIME = 1.0  # correlation time of slip, s
SKID_TIME = 1.0  # s
SKID_SLIP = (0.5, 0.9)  # the share of the wheels' motion that a skid loses


@dataclass(frozen=True)
class Odometry:
    """stamp s; pose (x, y, yaw) in the odom frame; twist (v, w) of base_link, m/s and rad/s."""

    stamp: float
    pose: tuple[float, float, float]
    twist: tuple[float, float]


class BaseSimulation:
    """Drives the body of the base `name` of a model; `World` calls `control` every control period.

    The odom frame is the map frame at time 0; odometry then drifts away from the truth by slip.
    """

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData, base: Base, rng: np.random.Generator, name=""):
        self.description, self._data, self._rng = base, data, rng
        axes = [of_base(name, f"base_{axis}") for axis in ("x", "y", "yaw")]
        joints = [model.joint(axis) for axis in axes]
        self._first_q, self._first_v = int(joints[0].qposadr[0]), int(joints[0].dofadr[0])
        self._actuators = np.array([model.actuator(axis).id for axis in axes])
        self._geom = model.geom(of_base(name, "base_hull")).id
        self._model = model
        self.contacts_seen: dict[str, int] = {}
        self._touching: set[str] = set()
        self.place((0.0, 0.0, 0.0))

    def place(self, pose) -> None:
        """Puts the base at (x, y, yaw) in the map, at rest; odometry starts at the truth, nothing is pending."""
        self._data.qpos[self._first_q : self._first_q + 3] = pose
        self._data.qvel[self._first_v : self._first_v + 3] = 0
        self._odometry = [float(p) for p in pose]
        self._twist, self._wheels = (0.0, 0.0), (0.0, 0.0)
        self._pending: deque = deque()
        self._command = (0.0, 0.0)
        self._skid, self._skid_left = 0.0, 0.0
        # Half of the slip is the robot's own (worn wheels), half of it changes with the floor.
        self._constant_slip = self._rng.normal(0, self.description.slip / math.sqrt(2), size=2)
        self._changing_slip = self._rng.normal(0, self.description.slip / math.sqrt(2), size=2)

    def set_command(self, v: float, w: float) -> None:
        """Forward speed [m/s] and turn rate [rad/s], clipped to the base's limits, in force after its latency.

        Raises GenModelsError(NOT_FINITE) for NaN or infinity.
        """
        if not (math.isfinite(v) and math.isfinite(w)):
            raise GenModelsError(ErrorCode.NOT_FINITE, f"A velocity command must be finite, got ({v}, {w}).")
        limit, turn_limit = self.description.max_speed, self.description.max_turn_rate
        command = (min(max(v, -limit), limit), min(max(w, -turn_limit), turn_limit))
        self._pending.append((self._data.time + self.description.latency, command))

    @property
    def pose(self) -> tuple[float, float, float]:
        """True (x, y, yaw) in the map."""
        x, y, yaw = self._data.qpos[self._first_q : self._first_q + 3].tolist()
        return x, y, math.remainder(yaw, 2 * math.pi)

    @property
    def twist(self) -> tuple[float, float]:
        """True (v, w) of base_link."""
        vx, vy, w = self._data.qvel[self._first_v : self._first_v + 3].tolist()
        yaw = self._data.qpos[self._first_q + 2]
        return vx * math.cos(yaw) + vy * math.sin(yaw), w

    def odometry(self) -> Odometry:
        """Pose and twist as integrated from the wheels."""
        return Odometry(self._data.time, tuple(self._odometry), self._twist)

    @property
    def touching(self) -> bool:
        """Whether the base touches anything but the floor."""
        return bool(self._contacts().any())

    def touched(self) -> list[str]:
        """Names of the geoms it touches."""
        pairs = self._data.contact.geom[self._contacts()]
        others = {int(a if b == self._geom else b) for a, b in pairs}
        return sorted(self._model.geom(other).name for other in others)

    def watch_contacts(self) -> None:
        """Notes what touches after a physics step; onsets are counted in `contacts_seen`."""
        if self._data.ncon == 0 and not self._touching:
            return
        now = set(self.touched())
        for name in now - self._touching:
            self.contacts_seen[name] = self.contacts_seen.get(name, 0) + 1
        self._touching = now

    def _contacts(self) -> np.ndarray:
        contact = self._data.contact
        return (contact.geom == self._geom).any(axis=1) & (contact.dist < 0)

    def control(self, period: float) -> None:
        """One control period: measure odometry, let due commands through, ramp the wheels, set the servos."""
        slip = self._advance_slip(period)
        self._integrate_odometry(period, slip)
        while self._pending and self._pending[0][0] <= self._data.time + 1e-9:
            self._command = self._pending.popleft()[1]
        v = _ramp(self._wheels[0], self._command[0], self.description.max_acceleration * period)
        w = _ramp(self._wheels[1], self._command[1], self.description.max_turn_acceleration * period)
        self._wheels = (v, w)
        v, w = v * (1 - slip[0]), w * (1 - slip[1])
        yaw = self._data.qpos[self._first_q + 2] + 0.5 * w * period
        self._data.ctrl[self._actuators] = (v * math.cos(yaw), v * math.sin(yaw), w)

    def _advance_slip(self, period: float) -> tuple[float, float]:
        keep = math.exp(-period / SLIP_TIME)
        scale = self.description.slip / math.sqrt(2) * math.sqrt(1 - keep**2)
        self._changing_slip = keep * self._changing_slip + self._rng.normal(0, scale, size=2)
        if self._is_skidding(period):
            return self._skid, self._skid
        slip = np.clip(self._constant_slip + self._changing_slip, -0.5, 0.5)
        return float(slip[0]), float(slip[1])

    def _is_skidding(self, period: float) -> bool:
        self._skid_left -= period
        if self._skid_left <= 0 and self.description.skids and self._rng.random() < self.description.skids * period:
            self._skid, self._skid_left = float(self._rng.uniform(*SKID_SLIP)), SKID_TIME
        return self._skid_left > 0

    def _integrate_odometry(self, period: float, slip: tuple[float, float]) -> None:
        """Wheels turn as the body moves, plus what slips; a base held fast measures no motion."""
        v, w = self.twist
        v, w = v / (1 - slip[0]), w / (1 - slip[1])
        x, y, yaw = self._odometry
        middle = yaw + 0.5 * w * period
        self._odometry = [
            x + v * math.cos(middle) * period,
            y + v * math.sin(middle) * period,
            math.remainder(yaw + w * period, 2 * math.pi),
        ]
        self._twist = (v, w)


def _ramp(value: float, target: float, step: float) -> float:
    return min(max(target, value - step), value + step)
