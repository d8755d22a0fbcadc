"""The one description of the simulated world: floor, arm cell, mobile base and sensors.

Plain data: MuJoCo's world is generated from it (mjcf), and any other simulator's can be. Frames as in
docs/architecture.md; poses in the map frame, z = 0 on the floor; SI units.
"""

import math
from dataclasses import dataclass, field, replace
from enum import IntEnum

from genmodels_ros.robots.obstacles import Box, Cylinder, Scene, Sphere
from genmodels_ros.simulation.arm.cameras import RgbdCamera
from genmodels_ros.simulation.camera.pinhole import Pinhole
from genmodels_ros.simulation.floor.occupancy import OccupancyGrid, rasterise
from genmodels_ros.simulation.floor.plan import ROBOT_HEIGHT, FloorPlan
from genmodels_ros.simulation.solids import STEEL, Solid

BARE_GROUND = (-3.0, -3.0, 3.0, 3.0)  # x_min, y_min, x_max, y_max of the ground where there is no floor, m


class LabelClass(IntEnum):
    """What a pixel of a label image shows."""

    BACKGROUND = 0
    FLOOR = 1
    WALL = 2
    FURNITURE = 3
    PERSON = 4
    OTHER = 5


@dataclass(frozen=True)
class Base:
    """A differential drive: a cylinder of radius and height [m], mass [kg], with bounded speed and acceleration.

    slip: relative standard deviation of the speed lost between wheels and floor, so that odometry drifts from the truth
    skids: how often the wheels lose most of their grip for a second, 1/s
    latency: seconds between a command and the wheels
    clearance: of the body over the floor, m; the wheels stand beside its middle, wheel_track m apart
    """

    radius: float = 0.20
    height: float = 0.19
    mass: float = 12.0
    clearance: float = 0.04
    wheel_radius: float = 0.05
    wheel_width: float = 0.03
    wheel_track: float = 0.352
    max_speed: float = 0.6
    max_turn_rate: float = 1.5
    max_acceleration: float = 1.2
    max_turn_acceleration: float = 4.0
    slip: float = 0.05
    skids: float = 0.0
    latency: float = 0.1

    @property
    def hull(self) -> Solid:
        """What collides, in base_link, whose origin is on the floor."""
        tall = self.height - self.clearance
        return Solid("cylinder", (0, 0, self.clearance + tall / 2), (2 * self.radius, 2 * self.radius, tall))

    @property
    def collar(self) -> Solid:
        """What bases that are several carry about their lidars, which look over hulls: so they see each other. It is
        nearer to the lidar than that can see."""
        low, high = self.height, self.height + 0.05
        return Solid("cylinder", (0, 0, (low + high) / 2), (0.22, 0.22, high - low), 0.0, (0.92, 0.55, 0.12))


@dataclass(frozen=True)
class Lidar:
    """A planar scanner over base_link; beam k looks along angle_min + k * angle_increment, counter-clockwise.

    noise [m]; dropout: the share of beams that return nothing, each for itself; bursts: the share of scans in which a
    run of up to an eighth of the beams is missing (NaN)
    """

    num_beams: int = 360
    angle_min: float = -math.pi
    angle_increment: float = 2 * math.pi / 360
    range_min: float = 0.12
    range_max: float = 12.0
    noise: float = 0.01
    dropout: float = 0.0
    bursts: float = 0.0
    height: float = 0.2
    rate: float = 10.0


@dataclass(frozen=True)
class Camera(Pinhole):
    """A pinhole camera looking along base_link's x axis from `position` (base_link, m); horizontal_fov in rad."""

    width: int = 320
    height: int = 240
    horizontal_fov: float = math.radians(70)
    position: tuple[float, float, float] = (0.1, 0.0, 0.25)
    rate: float = 10.0


@dataclass(frozen=True)
class Imu:
    """An inertial sensor at `position` (base_link, m), axes as base_link's; white noise, standard deviations a sample.

    noise of acceleration m/s² and of angular velocity rad/s
    """

    position: tuple[float, float, float] = (0.0, 0.0, 0.1)
    acceleration_noise: float = 0.02
    angular_velocity_noise: float = 0.002
    rate: float = 50.0


@dataclass(frozen=True)
class ArmCell:
    """An arm on its pedestal among obstacles.

    scene: in the arm's base frame; position: of the arm's base frame in the map, m; yaw about z; cameras: those that
    watch it, fixed or on the arm; masses: kg of the obstacles that can be pushed about, by their ids, all others fixed
    """

    scene: Scene
    robot: str = "panda"
    position: tuple[float, float, float] = (0.0, 0.0, 0.72)
    yaw: float = 0.0
    cameras: tuple[RgbdCamera, ...] = ()
    masses: dict[str, float] = field(default_factory=dict)

    def stand(self) -> tuple[Solid, ...]:
        """What carries the arm and its table, in the arm's base frame."""
        height = self.position[2]
        if height < 0.1:
            return ()
        pedestal = (
            Solid("box", (-0.04, 0, -0.01), (0.30, 0.26, 0.02), 0.0, (0.35, 0.36, 0.38), "metal"),
            Solid("cylinder", (-0.04, 0, -height / 2), (0.2, 0.2, height - 0.02), 0.0, (0.30, 0.31, 0.33), "metal"),
            Solid("cylinder", (-0.04, 0, 0.015 - height), (0.5, 0.5, 0.03), 0.0, (0.25, 0.26, 0.28), "metal"),
        )
        tables = [box for box in self.scene.boxes if box.id.startswith("table")]
        return (*pedestal, *(leg for table in tables for leg in _legs(table, height)))

    def in_map(self, solid: Solid) -> Solid:
        """A solid of the arm's base frame, in the map."""
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        (x, y, z), (x0, y0, z0) = solid.center, self.position
        center = (x0 + c * x - s * y, y0 + s * x + c * y, z0 + z)
        return replace(solid, center=center, yaw=self.yaw + solid.yaw)


def _legs(table: Box, height: float) -> list[Solid]:
    (x, y, z), (dx, dy, dz) = table.center.tolist(), table.dims.tolist()
    top = z - dz / 2
    corners = [(x + i * (dx / 2 - 0.06), y + j * (dy / 2 - 0.06)) for i in (-1, 1) for j in (-1, 1)]
    middle, dims = (top - height) / 2, (0.06, 0.06, top + height)
    return [Solid("box", (*corner, middle), dims, 0.0, STEEL, "metal") for corner in corners]


@dataclass(frozen=True)
class WorldDescription:
    """A floor with a mobile base on it, an arm cell, or both.

    Without any camera nothing is made for looking at, which loads faster; with imu None none is simulated.
    bases: names of the mobile bases on the floor, all alike; a single one may go without a name
    people_yield: people stop for a robot right in front of them. Off by default: in training data, not being run into
    is the robot's task, and people stop only after they have run into it. The simulation node turns it on, because a
    person does not walk into a robot that stands still.
    """

    floor: FloorPlan | None = None
    arm_cell: ArmCell | None = None
    base: Base = Base()
    lidar: Lidar = Lidar()
    camera: Camera | None = Camera()
    people_yield: bool = False
    imu: Imu | None = None
    bases: tuple[str, ...] = ("",)

    @property
    def is_looked_at(self) -> bool:
        """Whether there is a camera anywhere, so that colours, textures and lamps matter."""
        return self.camera is not None or bool(self.arm_cell and self.arm_cell.cameras)

    def occupancy(self, resolution: float) -> OccupancyGrid:
        """The floor's grid of what a mobile base could hit, with the arm cell's legs; needs a floor."""
        grid = self.floor.occupancy(resolution)
        if self.arm_cell is None:
            return grid
        stand = [self.arm_cell.in_map(solid) for solid in self.arm_cell.stand()]
        low = [solid for solid in stand if solid.bottom < ROBOT_HEIGHT]
        return replace(grid, occupied=grid.occupied | rasterise(low, self.floor.bounds, resolution).occupied)

    @property
    def timestep(self) -> float:
        """Physics step, s: an arm under torque control needs a finer one than a base."""
        return 0.002 if self.arm_cell else 0.01

    @property
    def control_period(self) -> float:
        """Between two looks at base and people, s; joint states of an arm can be had as often."""
        return 0.01 if self.arm_cell else 0.02


def of_base(name: str, part: str) -> str:
    """What a part of the base `name`, or a topic of its, is called."""
    return f"{name}/{part}" if name else part


def demo_arm_scene() -> Scene:
    """The demo's obstacles in panda_link0: a table, a shelf, a bin, a post and things left on the table."""
    return Scene(
        (
            Box((0.45, 0.0, -0.03), (1.5, 1.5, 0.04), id="table"),
            Box((0.62, -0.36, 0.36), (0.34, 0.02, 0.72), id="shelf_left"),
            Box((0.62, -0.64, 0.36), (0.34, 0.02, 0.72), id="shelf_right"),
            Box((0.62, -0.50, 0.40), (0.34, 0.26, 0.02), id="shelf_board"),
            Box((0.62, -0.50, 0.71), (0.34, 0.26, 0.02), id="shelf_top"),
            Box((0.50, 0.50, 0.10), (0.30, 0.02, 0.20), id="bin_near"),
            Box((0.50, 0.72, 0.10), (0.30, 0.02, 0.20), id="bin_far"),
            Box((0.36, 0.61, 0.10), (0.02, 0.20, 0.20), id="bin_back"),
            Box((0.64, 0.61, 0.10), (0.02, 0.20, 0.20), id="bin_front"),
            Cylinder((0.55, 0.06, 0.24), 0.05, 0.48, id="post"),
            Sphere((0.80, 0.22, 0.08), 0.08, id="ball"),
            Box((0.36, -0.20, 0.05), (0.10, 0.14, 0.12), id="parcel"),
        )
    )
