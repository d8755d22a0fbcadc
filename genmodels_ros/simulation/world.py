"""A running world: physics, people, bases with their sensors, an arm. No ROS.

world = World(WorldDescription(floor=random_floor_plan(7)), seed=7)
world.base.set_command(0.4, 0.2)
world.advance(0.1)
ranges, odometry, hit = world.scan(), world.base.odometry(), world.base.touching

Where there are several bases, `world.bases["left"]` is one of them and `world.scan("left")` what it sees.
"""

import math

import mujoco
import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.obstacles import Scene
from genmodels_ros.simulation.arm.arm import ArmSimulation
from genmodels_ros.simulation.arm.loose_obstacles import present_scene
from genmodels_ros.simulation.base import BaseSimulation
from genmodels_ros.simulation.camera.camera import CameraSimulation
from genmodels_ros.simulation.camera.pinhole import Pinhole
from genmodels_ros.simulation.floor.walkers import WalkerMotion
from genmodels_ros.simulation.geoms import yaw_quaternion
from genmodels_ros.simulation.lidar import LidarSimulation
from genmodels_ros.simulation.mjcf import build_spec
from genmodels_ros.simulation.scenes import WorldDescription, of_base


class World:
    """Everything random (spawn, slip, sensor noise) follows from `seed`; the same calls give the same run.

    base_pose: (x, y, yaw) in the map at the start, of several bases a sequence of them; None takes free places by
    chance. `base` is the first of `bases`; without a floor there is none, without an arm cell no `arm`.
    """

    def __init__(self, description: WorldDescription, seed: int = 0, base_pose=None):
        self.description, self.seed = description, seed
        self.model = build_spec(description).compile()
        self.data = mujoco.MjData(self.model)
        self._start_pose = base_pose
        self.bases: dict[str, BaseSimulation] = {}
        self.arm: ArmSimulation | None = None
        self._cameras: dict[str, CameraSimulation] = {}
        self.reset()

    def reset(self, base_pose=None) -> None:
        """Back to time 0 with the seed the world was made with."""
        mujoco.mj_resetData(self.model, self.data)
        floor, self.bases, self._lidars, self._imu_noise = self.description.floor, {}, {}, {}
        self.walkers = [
            WalkerMotion(walker, np.random.default_rng([self.seed, 5, index]))
            for index, walker in enumerate(floor.walkers if floor else ())
        ]
        for name, pose in zip(self.description.bases, self._poses(base_pose), strict=True) if floor is not None else ():
            self._add_base(name, pose)
        if self.description.arm_cell is not None:
            self.arm = ArmSimulation(self.model, self.data, load_robot(self.description.arm_cell.robot))
        self._substeps = round(self.description.control_period / self.description.timestep)
        self._place_walkers()
        mujoco.mj_forward(self.model, self.data)

    def _poses(self, base_pose) -> list:
        """Where each base starts; None where chance decides."""
        given = base_pose if base_pose is not None else self._start_pose
        if given is None:
            return [None] * len(self.description.bases)
        poses = np.atleast_2d(np.asarray(given, float))
        if poses.shape != (len(self.description.bases), 3):
            raise GenModelsError(
                ErrorCode.WRONG_LENGTH,
                f"Bases need x, y and yaw each: {poses.size} numbers for {len(self.description.bases)} bases.",
            )
        return [tuple(pose) for pose in poses.tolist()]

    def _add_base(self, name: str, pose) -> None:
        number = len(self.bases)
        rng, imu_rng = (np.random.default_rng([self.seed, part, *([number] if number else [])]) for part in (2, 7))
        base = BaseSimulation(self.model, self.data, self.description.base, rng, name)
        self._lidars[name] = LidarSimulation(self.model, self.data, self.description.lidar, rng, name)
        self._imu_noise[name] = imu_rng
        base.place(pose if pose is not None else self._free_pose(rng))
        self.bases[name] = base

    def restart(self) -> None:
        """Everything back to where it started, except time, which goes on."""
        now = self.time
        self.reset()
        self.data.time = now

    @property
    def base(self) -> BaseSimulation | None:
        """The first base, or None without a floor."""
        return next(iter(self.bases.values()), None)

    @property
    def time(self) -> float:
        """Simulated seconds."""
        return self.data.time

    def step(self) -> None:
        """One control period of the description."""
        period = self.description.control_period
        if self.bases:
            robots = [(*base.pose[:2], self.description.base.radius) for base in self.bases.values()]
            for walker in self.walkers:
                walker.advance(period, robots, self.description.people_yield)
            self._place_walkers()
        for base in self.bases.values():
            base.control(period)
        self._step_physics()
        for base in self.bases.values():
            base.watch_contacts()

    def _step_physics(self) -> None:
        if self.arm is None:
            mujoco.mj_step(self.model, self.data, nstep=self._substeps)
            return
        for _ in range(self._substeps):
            self.arm.control()
            mujoco.mj_step(self.model, self.data)
            self.arm.watch_contacts()

    def advance(self, duration: float) -> None:
        """As many control periods as fit `duration` s, at least one."""
        for _ in range(max(1, round(duration / self.description.control_period))):
            self.step()

    def scan(self, base: str | None = None) -> np.ndarray:
        """Lidar ranges [num_beams] in m of a base, the first if none is named; inf where nothing is hit."""
        name = self._named(base)
        return self._lidars[name].scan(self.bases[name].pose)

    def camera(self, base: str | None = None) -> np.ndarray:
        """What a base's camera sees: uint8 [H, W, 3]."""
        return self._eye_of(base).rgb()

    def labels(self, base: str | None = None) -> np.ndarray:
        """What that is: uint8 [H, W], a LabelClass a pixel."""
        return self._eye_of(base).labels()

    def depth(self, base: str | None = None) -> np.ndarray:
        """How far it is along the optical axis: float32 [H, W], m."""
        return self._eye_of(base).depth()

    def arm_camera(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """What a camera of the arm cell sees: uint8 [H, W, 3], and float32 [H, W] m along the optical axis.

        Depth is infinite beyond the camera's range and NaN before it, as REP-117 has it.
        """
        camera = next(camera for camera in self.description.arm_cell.cameras if camera.name == name)
        eye = self._eye(name, camera)
        depth = eye.depth()
        depth[depth > camera.far], depth[depth < camera.near] = np.inf, np.nan
        return eye.rgb(), depth

    def imu(self, base: str | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Acceleration against free fall [3] m/s² and angular velocity [3] rad/s, in base_link's axes, with noise."""
        name = self._named(base)
        imu, rng = self.description.imu, self._imu_noise[name]
        acceleration, angular_velocity = (
            self.data.sensor(of_base(name, f"imu_{quantity}")).data.copy()
            for quantity in ("acceleration", "angular_velocity")
        )
        noise = rng.normal(0, imu.acceleration_noise, 3), rng.normal(0, imu.angular_velocity_noise, 3)
        return acceleration + noise[0], angular_velocity + noise[1]

    def obstacles(self) -> Scene:
        """What stands around the arm now, in its base frame; needs an arm cell."""
        return present_scene(self.data, self.description.arm_cell)

    def warm_up(self) -> None:
        """Makes the cameras' OpenGL contexts, which take a second, before time matters."""
        for name in self.bases if self.description.camera is not None else ():
            self.labels(name)

    def close(self) -> None:
        """Frees the camera's OpenGL context, from the thread that used it."""
        while self._cameras:
            self._cameras.popitem()[1].close()

    def _named(self, base: str | None) -> str:
        return next(iter(self.bases)) if base is None else base

    def _eye_of(self, base: str | None) -> CameraSimulation:
        return self._eye(of_base(self._named(base), "camera"), self.description.camera)

    def _eye(self, name: str, camera: Pinhole) -> CameraSimulation:
        if name not in self._cameras:
            self._cameras[name] = CameraSimulation(self.model, self.data, camera, name)
        return self._cameras[name]

    def walker_poses(self) -> np.ndarray:
        """[W, 3] true x, y, heading of the people."""
        return np.array([walker.pose for walker in self.walkers]).reshape(-1, 3)

    def _free_pose(self, rng: np.random.Generator) -> tuple[float, float, float]:
        """A pose clear of everything, people and other bases included."""
        radius = self.description.base.radius
        points = self.description.occupancy(0.1).sample(rng, 64, radius + 0.15)
        if len(points) == 0:
            raise GenModelsError(
                ErrorCode.START_IN_COLLISION, "The floor plan has no free place for the base: remove some furniture."
            )
        others = [*self.walker_poses()[:, :2], *(base.pose[:2] for base in self.bases.values())]
        others = np.array(others).reshape(-1, 2)
        distances = np.linalg.norm(points[:, None] - others[None], axis=2).min(axis=1, initial=math.inf)
        x, y = points[np.argmax(distances > radius + 0.6)].tolist()
        return x, y, float(rng.uniform(-math.pi, math.pi))

    def _place_walkers(self) -> None:
        mocap = 0
        for walker in self.walkers:
            x, y, heading = walker.pose
            self.data.mocap_pos[mocap, :2] = x, y
            self.data.mocap_quat[mocap] = yaw_quaternion(heading)
            for side, leg in enumerate(walker.legs, start=1):
                self.data.mocap_pos[mocap + side, :2] = leg
            mocap += 1 + len(walker.legs)
