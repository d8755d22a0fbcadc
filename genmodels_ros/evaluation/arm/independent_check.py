"""A second opinion on trajectories, from MuJoCo: nothing here comes from the verification that answers went through.

MuJoCo reads the URDF itself, moves it by its own kinematics and looks for contacts with its own algorithms; the motion
is interpolated and its derivatives are taken by formulas of this file. What both share are the facts: the URDF, the
limits, which links have to be checked.
"""

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from itertools import product

import mujoco
import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.obstacles import Box, Cylinder, Obstacle, Scene
from genmodels_ros.robots.packages import find_file
from genmodels_ros.robots.trajectory import Trajectory

PERIOD = 0.001  # s between the instants at which a motion is looked at
RESOLUTION = 0.01  # rad, the most a joint moves between configurations that are looked at
POSITION_TOLERANCE = 1e-6  # rad
RELATIVE_TOLERANCE = 1e-2  # of velocity, acceleration and jerk limits
REST = 1e-3  # rad/s at either end
OBSTACLE = "obstacle "  # before a geom's number; no link is called so

# Position, velocity and acceleration at u = 0, then at u = 1, of a quintic with coefficients of (1, u, ..., u^5).
_END_CONDITIONS = np.array(
    [[1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0], [0, 0, 2, 0, 0, 0],
     [1, 1, 1, 1, 1, 1], [0, 1, 2, 3, 4, 5], [0, 0, 2, 6, 12, 20]]
)  # fmt: skip


@dataclass(frozen=True)
class Findings:
    """What is wrong with a motion; empty where nothing is.

    penetration: m, the deepest; contact: the bodies that penetrate there
    limits: the limits exceeded, among position, velocity, acceleration, jerk and rest
    """

    penetration: float
    contact: str
    limits: tuple[str, ...]


class IndependentCheck:
    """Looks at motions of `robot` among the obstacles of `scene`.

    margin: m, a centimetre or two at most, as MuJoCo widens shapes by it; the distance of pairs nearer than this is
    measured, others count as infinitely far.
    """

    def __init__(self, robot: Robot, scene: Scene, margin: float = 0.0):
        self._robot = robot
        self._model = _build(robot, scene, margin)
        self._data = mujoco.MjData(self._model)
        self._multiplier, self._offset = _joint_map(robot, self._model)

    def examine(self, trajectory: Trajectory) -> Findings:
        """What is wrong with a trajectory of the robot's joints, between its points as well."""
        q = interpolate(trajectory)
        gaps, bodies = self._gaps(thinned(q))
        deepest = int(gaps.argmin())
        touching = gaps[deepest] < 0
        return Findings(
            penetration=max(0.0, -float(gaps[deepest])),
            contact=self._describe(bodies[deepest]) if touching else "",
            limits=exceeded_limits(q, self._robot),
        )

    def gaps(self, q: np.ndarray) -> np.ndarray:
        """Smallest distance [T] at configurations q [T, D] among all pairs to check, m, negative in penetration;
        infinite where it exceeds the margin.
        """
        return self._gaps(q)[0]

    def _gaps(self, q: np.ndarray) -> tuple[np.ndarray, list[tuple[int, int]]]:
        gaps, geoms = np.full(len(q), np.inf), [(0, 0)] * len(q)
        for index, position in enumerate(q @ self._multiplier.T + self._offset):
            self._data.qpos[:] = position
            mujoco.mj_kinematics(self._model, self._data)
            mujoco.mj_collision(self._model, self._data)
            if self._data.ncon:
                nearest = int(self._data.contact.dist.argmin())
                gaps[index] = self._data.contact.dist[nearest]
                geoms[index] = tuple(self._data.contact.geom[nearest])
        return gaps, geoms

    def _describe(self, geoms: tuple[int, int]) -> str:
        return " and ".join(self._model.geom(index).name.split("#")[0] for index in geoms)


def interpolate(trajectory: Trajectory, period: float = PERIOD) -> np.ndarray:
    """Configurations [M, D] every `period` of the quintic splines through the trajectory's points, the last held to
    fill the last period up.
    """
    time = trajectory.time_from_start
    t = np.arange(0, time[-1] + period, period).clip(max=time[-1])
    after = np.searchsorted(time, t, side="right").clip(1, len(time) - 1)
    before, h = after - 1, (time[after] - time[after - 1])[:, None]
    conditions = [
        values[index] * h**order
        for index in (before, after)
        for order, values in enumerate((trajectory.positions, trajectory.velocities, trajectory.accelerations))
    ]
    powers = ((t - time[before])[:, None] / h) ** np.arange(6)
    return np.einsum("kmd,mk->md", np.array(conditions), powers @ np.linalg.inv(_END_CONDITIONS))


def thinned(q: np.ndarray, resolution: float = RESOLUTION) -> np.ndarray:
    """Configurations [N, D] along the polyline q [M, D] with its ends, no joint moving more than `resolution` from one
    to the next.
    """
    travel = np.concatenate([[0.0], np.abs(np.diff(q, axis=0)).max(axis=1).cumsum()])
    at = np.linspace(0, travel[-1], max(2, int(np.ceil(travel[-1] / resolution)) + 1))
    rising = np.concatenate([[True], np.diff(travel) > 0])
    return np.stack([np.interp(at, travel[rising], column) for column in q[rising].T], axis=1)


def exceeded_limits(q: np.ndarray, robot: Robot, period: float = PERIOD) -> tuple[str, ...]:
    """Which limits the motion q [M, D], sampled every `period`, breaks, by differences of its positions."""
    limits, found = robot.limits, []
    if not robot.within_limits(q, POSITION_TOLERANCE):
        found.append("position")
    for order, name in enumerate(("velocity", "acceleration", "jerk"), start=1):
        derivative = np.diff(q, order, axis=0) / period**order
        if (np.abs(derivative) > getattr(limits, name) * (1 + RELATIVE_TOLERANCE)).any():
            found.append(name)
    ends = np.abs(np.diff(q, axis=0)[[0, -1]]) / period
    return (*found, "rest") if (ends > REST + limits.acceleration * period).any() else tuple(found)


def _build(robot: Robot, scene: Scene, margin: float) -> mujoco.MjModel:
    """The robot's collision geometry and the obstacles; the only contacts are those of the pairs to check.

    Raises GenModelsError(MODEL_UNAVAILABLE) for meshes that MuJoCo does not read, such as COLLADA's.
    """
    spec = mujoco.MjSpec.from_string(_collision_urdf(robot))
    links = {}
    for body in spec.bodies:
        for index, geom in enumerate(body.geoms):
            geom.name, geom.contype, geom.conaffinity = f"{body.name}#{index}", 0, 0
            links.setdefault(body.name, []).append(geom.name)
    base = spec.body(robot.base_frame)
    obstacles = [_add_obstacle(base, index, obstacle) for index, obstacle in enumerate(scene.obstacles)]
    pairs = [pair for link in robot.obstacle_links for pair in product(links.get(link, ()), obstacles)]
    pairs += [pair for a, b in robot.collision_pairs for pair in product(links.get(a, ()), links.get(b, ()))]
    for first, second in pairs:
        spec.add_pair(geomname1=first, geomname2=second, margin=margin, condim=1)
    try:
        return spec.compile()
    except ValueError as error:
        reason = str(error).splitlines()[0]
        message = (
            f"MuJoCo does not read {robot.name} ({reason}): give its collision meshes as STL or OBJ to be measured."
        )
        raise GenModelsError(ErrorCode.MODEL_UNAVAILABLE, message) from error


def _collision_urdf(robot: Robot) -> str:
    """The URDF without looks, its mesh files as absolute paths, for MuJoCo's reader."""
    root = ElementTree.fromstring(robot.source.urdf)
    for link in root.findall("link"):
        for visual in link.findall("visual"):
            link.remove(visual)
    for mesh in root.iter("mesh"):
        mesh.set("filename", str(find_file(mesh.get("filename"), robot.source.folder)))
    options = {
        "strippath": "false", "fusestatic": "false", "discardvisual": "false",
        "balanceinertia": "true", "boundmass": "0.01", "boundinertia": "0.0001",
    }  # fmt: skip
    ElementTree.SubElement(ElementTree.SubElement(root, "mujoco"), "compiler", options)
    return ElementTree.tostring(root, encoding="unicode")


def _add_obstacle(body, index: int, obstacle: Obstacle) -> str:
    x, y, z, w = getattr(obstacle, "quat_xyzw", (0.0, 0.0, 0.0, 1.0))
    if isinstance(obstacle, Box):
        shape, size = mujoco.mjtGeom.mjGEOM_BOX, obstacle.dims / 2
    elif isinstance(obstacle, Cylinder):
        shape, size = mujoco.mjtGeom.mjGEOM_CYLINDER, [obstacle.radius, obstacle.height / 2, 0]
    else:
        shape, size = mujoco.mjtGeom.mjGEOM_SPHERE, [obstacle.radius, 0, 0]
    name = f"{OBSTACLE}{index}"
    body.add_geom(
        name=name, type=shape, size=size, pos=obstacle.center, quat=[w, x, y, z], mass=0, contype=0, conaffinity=0
    )
    return name


def _joint_map(robot: Robot, model: mujoco.MjModel) -> tuple[np.ndarray, np.ndarray]:
    """MuJoCo's joint positions as multiplier [J, D] @ q + offset [J]: fingers held, mimicking joints following."""
    leaders = {}
    for joint in ElementTree.fromstring(robot.source.urdf).findall("joint"):
        mimic = joint.find("mimic")
        if mimic is not None:
            values = (float(mimic.get("multiplier", 1)), float(mimic.get("offset", 0)))
            leaders[joint.get("name")] = (mimic.get("joint"), *values)

    def row(name: str) -> tuple[np.ndarray, float]:
        if name in robot.joint_names:
            return np.eye(robot.num_joints)[robot.joint_names.index(name)], 0.0
        if name in robot.standing:
            return np.zeros(robot.num_joints), robot.standing[name]
        if name in leaders:
            leader, multiplier, offset = leaders[name]
            along, constant = row(leader)
            return multiplier * along, multiplier * constant + offset
        return np.zeros(robot.num_joints), 0.0

    rows = [row(model.joint(index).name) for index in range(model.njnt)]
    return np.array([r[0] for r in rows]).reshape(-1, robot.num_joints), np.array([r[1] for r in rows])
