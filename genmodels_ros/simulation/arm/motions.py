"""What an arm's joint states tell while it moves about at random, in MuJoCo: nominal, pushed, or run into something.

A run is one start of the arm with one payload. Motions go along straight lines in joint space between random
configurations, each checked exactly against self-collision and the pedestal, timed within all limits at a random share
of them, with pauses between. What is read is what joint_states tell, with the noise of real sensors.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import mujoco
import numpy as np

from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.description import Robot, load_robot
from genmodels_ros.robots.obstacles import Box, Scene
from genmodels_ros.robots.paths.bspline import straight_line
from genmodels_ros.robots.paths.timing import time_parameterise
from genmodels_ros.robots.trajectory import Trajectory
from genmodels_ros.simulation.arm.arm import ArmSimulation, interpolate
from genmodels_ros.simulation.geoms import ARM, STATIC_BIT, WALKER_BIT
from genmodels_ros.simulation.mjcf import build_spec
from genmodels_ros.simulation.scenes import ArmCell, WorldDescription

NOISE = (1e-4, 2e-3, 0.1)  # rad, rad/s, N m: one standard deviation of a reading
PAYLOAD = 0.5  # kg in the hand at most; the controller knows it
SPEED = (0.1, 0.7)  # share of the limits
PAUSE = (0.0, 1.0)  # s between motions
SPAN = 0.8  # share of the joints' ranges that goals are drawn from
RESOLUTION = 64  # configurations checked of a path
TRIES = 500  # goals, of which usually one in three is found
STAND = Scene((Box((0.0, 0.0, -0.12), (2.0, 2.0, 0.1), id="ground"),))  # nothing reaches below the arm's foot
AWAY = (0.0, 0.0, -5.0)  # m, where the ball waits
BALL = 0.06  # m, its radius
SOFTNESS = (0.05, 0.3)  # s, MuJoCo's time constant of the contact: from a hard cushion to foam
HIT = 5.0  # N at which a touch counts as a collision
PUSH, LASTS = (10.0, 40.0), (0.3, 1.0)  # N on the hand from outside, and for how long, s
BEFORE, AFTER = 3.0, 1.5  # s of a run that are kept of what happens in it


@dataclass
class ArmRun:
    """stamps [N] s; readings [N, 3 J]: positions rad, velocities rad/s, efforts N m; force [N] N that act from outside.

    moving [N]: whether a motion was under way; payload: kg
    """

    stamps: np.ndarray
    readings: np.ndarray
    force: np.ndarray
    moving: np.ndarray
    payload: float = 0.0

    @property
    def hours(self) -> float:
        return (self.stamps[-1] - self.stamps[0]) / 3600 if len(self.stamps) else 0.0


@dataclass
class _Log:
    rows: list[np.ndarray] = field(default_factory=list)
    force: list[float] = field(default_factory=list)
    touched: list[bool] = field(default_factory=list)
    moving: list[bool] = field(default_factory=list)


class ArmInMotion:
    """The arm on its pedestal with a ball that can be put in its way."""

    def __init__(self, robot: str = "panda", rate: float = 100.0):
        """rate: readings a second [Hz]."""
        cell = ArmCell(STAND, robot=robot)
        description = WorldDescription(arm_cell=cell, camera=None)
        spec = build_spec(description)
        ball = spec.worldbody.add_body(name="ball", mocap=True, pos=AWAY)
        ball.add_geom(
            name="ball", type=mujoco.mjtGeom.mjGEOM_SPHERE, size=[BALL, 0, 0], contype=WALKER_BIT | STATIC_BIT,
            conaffinity=STATIC_BIT, priority=1,
        )  # fmt: skip
        self.robot: Robot = load_robot(robot)
        self._model = spec.compile()
        self._data = mujoco.MjData(self._model)
        self._height = np.array(cell.position)
        self._checker = CollisionChecker(self.robot, STAND)
        self._substeps = max(1, round(1 / (rate * description.timestep)))
        self._ball = self._model.geom("ball").id
        self.period = self._substeps * description.timestep  # s between readings
        self._hand = self._model.body(ARM + self.robot.tool_frame).id
        self._bare = self._model.body_mass[self._hand], self._model.body_inertia[self._hand].copy()
        self._mocap = self._data.mocap_pos[0]

    @property
    def efforts(self) -> np.ndarray:
        """[J] N m, the motors' largest."""
        return self._model.actuator_ctrlrange[:, 1].copy()

    def nominal(self, seconds: float, rng: np.random.Generator) -> ArmRun | None:
        """A run of at least `seconds`; None if the arm has touched anything: paths are checked at RESOLUTION only."""
        arm, payload = self._start(rng)
        log = _Log()
        while len(log.rows) * self.period < seconds:
            arm.set_trajectory(self._motion(arm.positions, rng))
            self._follow(arm, log, rng)
            self._rest(arm, log, rng, rng.uniform(*PAUSE))
            if any(log.touched):
                return None
        return self._run(log, payload)

    def collision(self, rng: np.random.Generator) -> ArmRun | None:
        """A run that hits the ball with its hand, BEFORE s of it and AFTER s; None if it misses.

        The ball appears 0.1 to 0.3 s ahead on the hand's way and stays; the controller goes on as if nothing were.
        """
        arm, payload = self._start(rng)
        log = _Log()
        self._model.geom_solref[self._ball, 0] = rng.uniform(*SOFTNESS)
        motion = self._warm_up(arm, log, rng)
        when, ahead = rng.uniform(0.25, 0.7) * motion.duration, rng.uniform(0.1, 0.3)
        self._follow(arm, log, rng, when)
        self._put_ball(arm, motion, min(when + ahead, motion.duration))
        self._follow(arm, log, rng, ahead + AFTER, stays=True)
        return self._around(self._run(log, payload), log)

    def push(self, rng: np.random.Generator) -> ArmRun | None:
        """A run whose hand somebody pushes in a random direction, under way; None if it has ended before."""
        arm, payload = self._start(rng)
        log = _Log()
        motion = self._warm_up(arm, log, rng)
        self._follow(arm, log, rng, rng.uniform(0.1, 0.7) * motion.duration)
        direction = rng.normal(size=3)
        self._data.xfrc_applied[self._hand, :3] = rng.uniform(*PUSH) * direction / np.linalg.norm(direction)
        lasts = rng.uniform(*LASTS)
        self._follow(arm, log, rng, lasts, stays=True)
        self._data.xfrc_applied[:] = 0
        self._follow(arm, log, rng, AFTER - lasts, stays=True)
        return self._around(self._run(log, payload), log)

    def _warm_up(self, arm: ArmSimulation, log: _Log, rng: np.random.Generator) -> Trajectory:
        """Moves for BEFORE s at least and returns the motion that begins now."""
        while not log.rows or len(log.rows) * self.period < BEFORE:
            arm.set_trajectory(self._motion(arm.positions, rng))
            self._follow(arm, log, rng)
        motion = self._motion(arm.positions, rng)
        arm.set_trajectory(motion)
        return motion

    def _around(self, run: ArmRun, log: _Log) -> ArmRun | None:
        """BEFORE s and AFTER s around the moment that something acts on the arm, which had touched nothing before."""
        acts = np.flatnonzero(run.force > HIT)
        before, after = round(BEFORE / self.period), round(AFTER / self.period)
        if not len(acts) or acts[0] < before or len(run.stamps) < acts[0] + after or any(log.touched[: acts[0] - 1]):
            return None
        cut = slice(acts[0] - before, acts[0] + after)
        return ArmRun(run.stamps[cut], run.readings[cut], run.force[cut], run.moving[cut], run.payload)

    def _start(self, rng: np.random.Generator) -> tuple[ArmSimulation, float]:
        mujoco.mj_resetData(self._model, self._data)
        self._mocap[:] = AWAY
        self._data.xfrc_applied[:] = 0
        payload, (mass, inertia) = rng.uniform(0, PAYLOAD), self._bare
        self._model.body_mass[self._hand] = mass + payload
        self._model.body_inertia[self._hand] = inertia * (1 + payload / mass)
        mujoco.mj_setConst(self._model, self._data)
        arm = ArmSimulation(self._model, self._data, self.robot)
        arm.place(self._configuration(rng))
        self._came_from = arm.positions
        mujoco.mj_forward(self._model, self._data)
        return arm, payload

    def _configuration(self, rng: np.random.Generator) -> np.ndarray:
        limits = self.robot.limits
        middle, half = (limits.upper + limits.lower) / 2, SPAN * (limits.upper - limits.lower) / 2
        while True:
            q = rng.uniform(middle - half, middle + half)
            if not self._checker.in_collision(q):
                return q

    def _motion(self, start: np.ndarray, rng: np.random.Generator) -> Trajectory:
        """To a random goal; back the way it came where, a hair's breadth from a contact, none is found."""
        start = np.clip(start, self.robot.limits.lower, self.robot.limits.upper)
        for _ in range(TRIES):
            goal = self._configuration(rng)
            if self._checker.first_contact(np.linspace(start, goal, RESOLUTION)) is None:
                break
        else:
            goal = self._came_from
        self._came_from, scaling = start, rng.uniform(*SPEED)
        points = straight_line(start, goal, 8)
        return time_parameterise(points, self.robot.limits, scaling, scaling, self.robot.joint_names)

    def _put_ball(self, arm: ArmSimulation, motion: Trajectory, time: float) -> None:
        """Where the hand will be."""
        q, _, _ = interpolate(motion, time)
        there = mujoco.MjData(self._model)
        there.qpos[:] = self._data.qpos
        there.qpos[arm._q] = q
        mujoco.mj_kinematics(self._model, there)
        self._mocap[:] = there.xpos[self._hand] + there.xmat[self._hand].reshape(3, 3)[:, 2] * 0.05

    def _follow(self, arm, log: _Log, rng, seconds: float = np.inf, stays: bool = False) -> None:
        """Until the motion, or `seconds`, are over; `stays`: also beyond the motion."""
        for _ in self._ticks(seconds):
            if not (arm.is_moving or stays):
                return
            self._tick(arm, log, rng)

    def _rest(self, arm, log: _Log, rng, seconds: float) -> None:
        for _ in self._ticks(seconds):
            self._tick(arm, log, rng)

    def _ticks(self, seconds: float) -> Iterator[int]:
        tick = 0
        while tick * self.period < seconds:
            yield tick
            tick += 1

    def _tick(self, arm: ArmSimulation, log: _Log, rng: np.random.Generator) -> None:
        for _ in range(self._substeps):
            arm.control()
            mujoco.mj_step(self._model, self._data)
            arm.watch_contacts()
        noise = [scale * rng.normal(size=self.robot.num_joints) for scale in NOISE]
        truth = (arm.positions, arm.velocities, arm.efforts)
        log.rows.append(np.concatenate([t + n for t, n in zip(truth, noise, strict=True)]))
        log.force.append(self._contact_force())
        log.touched.append(bool(arm.touching))
        log.moving.append(arm.is_moving)

    def _contact_force(self) -> float:
        total, wrench = float(np.linalg.norm(self._data.xfrc_applied[self._hand, :3])), np.zeros(6)
        for index in range(self._data.ncon):
            if self._ball in self._data.contact[index].geom:
                mujoco.mj_contactForce(self._model, self._data, index, wrench)
                total += float(np.linalg.norm(wrench[:3]))
        return total

    def _run(self, log: _Log, payload: float) -> ArmRun:
        stamps = np.arange(len(log.rows)) * self.period
        return ArmRun(stamps, np.array(log.rows), np.array(log.force), np.array(log.moving), payload)
