"""Step 2: drive to a goal by asking the world model what each of many command sequences would lead to."""

import time
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from geometry_msgs.msg import Twist
from nav_msgs.msg import OccupancyGrid, Odometry

from genmodels_interfaces.srv import ImagineRollouts
from genmodels_ros.conversions.poses import to_planar
from genmodels_ros.conversions.rollouts import to_command_sequences
from genmodels_ros.conversions.sensors import to_twist
from genmodels_ros.nodes.mission.client import Latest, MissionClient, MissionFailure
from genmodels_ros.nodes.qos import LATCHED
from genmodels_ros.simulation.occupancy import OccupancyGrid as Grid

NUM_STEPS = 15  # of 0.2 s: 3 s ahead
LOOKAHEAD = 1.4  # m along the route to the next target, if the base can go there straight
SPACING = 0.05  # m between points of a route
CLEAR_SIGHT = 0.15  # m that the line to the target stays away from walls
SPEEDS = (0.25, 0.5)  # m/s
BACKWARDS = -0.25  # m/s
TURNS = (-1.2, -0.6, -0.25, 0.0, 0.25, 0.6, 1.2)  # rad/s
COLLISION_COST = 6.0  # m of progress that a certain collision is worth, and as much again if it comes at once
IMPATIENCE, MOST_IMPATIENT = 0.1, 2.5  # m that staying is dearer with each decision without progress, and at most
STAYS = 0.15  # m within which a future counts as staying
BACKING_COST = 0.5  # m: only for when the way ahead is blocked
STRAYED = 0.6  # m away from the route at which a new one is planned
GOAL_TOLERANCE = 0.3  # m
ROUTE_CLEARANCES = (0.38, 0.26, 0.1)  # m between route and walls: room to swerve, where there is any


def candidate_commands() -> np.ndarray:
    """[N, NUM_STEPS, 2] (v m/s, ω rad/s): standing and turning, bends, swerves to either side, and backing away."""
    third = NUM_STEPS // 3
    on_the_spot = [[(0.0, turn)] * NUM_STEPS for turn in TURNS]
    bends = [
        [(speed, first)] * third + [(speed, second)] * (NUM_STEPS - third)
        for speed in SPEEDS
        for first in TURNS
        for second in TURNS
        if abs(first - second) <= 1.25
    ]
    swerves = [
        [(speed, turn)] * third + [(speed, -turn)] * third + [(speed, 0.0)] * third
        for speed in SPEEDS
        for turn in TURNS
        if abs(turn) > 0.5
    ]
    back = [[(BACKWARDS, turn)] * NUM_STEPS for turn in (-0.6, 0.0, 0.6)]
    return np.array(on_the_spot + bends + swerves + back)


@dataclass
class Drive:
    """What was driven, for the summary and the picture. Poses in odom, m and rad."""

    route: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))  # [K, 2] the newest
    path: list = field(default_factory=list)
    imagined: list = field(default_factory=list)  # every tenth decision: ([N, T, 2] positions, [N] probabilities, best)
    latencies: list = field(default_factory=list)  # s, whole service calls
    num_candidates: int = 0
    seconds: float = 0.0


class MobilePlanner(MissionClient):
    """A planner client for the mobile base: a route on the map, and imagination for what moves."""

    def __init__(self, contacts, **kwargs):
        """contacts() → number of contacts of the base so far, as the simulation counts them."""
        super().__init__("mobile_planner", **kwargs)
        self._contacts = contacts
        self.last_drive: Drive | None = None
        self.map = Latest(self, OccupancyGrid, "map", LATCHED)
        self.odometry = Latest(self, Odometry, "odom")
        self._imagine = self.client(ImagineRollouts, "world_model/imagine")
        self._command = self.create_publisher(Twist, "cmd_vel", 1)

    def drive(self, goal, time_limit: float) -> Drive:
        """Drives to `goal` (x, y in the map, m). Raises MissionFailure on contact, refusal, or after `time_limit` s."""
        commands = candidate_commands()
        drive = self.last_drive = Drive(num_candidates=len(commands))
        self._plan(drive, goal)
        contacts_before, started = self._contacts(), time.monotonic()
        try:
            while True:
                pose = self._pose()
                drive.path.append(pose)
                remaining = float(np.hypot(*(drive.route[-1] - pose[:2])))
                if remaining < GOAL_TOLERANCE:
                    break
                if time.monotonic() - started > time_limit:
                    raise MissionFailure(f"the base is {remaining:.1f} m from its goal after {time_limit:.0f} s")
                if strayed(drive.route, pose[:2]):
                    self._plan(drive, goal)
                self._decide(commands, pose, drive)
                if self._contacts() > contacts_before:
                    raise MissionFailure("the base touched something on its way")
        finally:
            self._stand()
            drive.seconds = time.monotonic() - started
        return drive

    def _decide(self, commands, pose, drive: Drive):
        """One decision: imagine all candidates, publish the first command of the best."""
        asked = time.monotonic()
        request = ImagineRollouts.Request(sequences=to_command_sequences(commands))
        response = self.answer(self._imagine, request, 5.0, while_waiting=self._stand)
        drive.latencies.append(time.monotonic() - asked)
        poses = np.array([[to_planar(pose) for pose in rollout.poses] for rollout in response.rollouts])
        risk = np.array([rollout.collision_probability for rollout in response.rollouts])
        target = to_base(pose, next_target(drive.route, pose[:2], self._grid))
        best = int(np.argmin(costs(poses, risk, target, self._patience.waited(pose[:2]))))
        if len(drive.latencies) % 10 == 1:
            drive.imagined.append((pose, poses[..., :2], risk[:, -1], best))
        self._command.publish(to_twist(commands[best, 0]))
        time.sleep(max(0.0, 0.2 - (time.monotonic() - asked)))

    def _stand(self):
        self._command.publish(Twist())

    def _plan(self, drive: Drive, goal):
        """A route in odom [K, 2] from here. Odometry starts where the map says the robot stands."""
        message = self.map.wait(10.0)
        self.odometry.wait(10.0)
        occupied = np.array(message.data, dtype=np.int8).reshape(message.info.height, message.info.width) > 50
        origin = message.info.origin.position
        self._grid = Grid(occupied, message.info.resolution, (origin.x, origin.y))
        route = plan_route(self._grid, self._pose()[:2], goal)
        if route is None and len(drive.route) == 0:
            raise MissionFailure(f"there is no way to {tuple(goal)} on the map")
        drive.route = drive.route if route is None else route
        self._patience = Patience(drive.route)

    def _pose(self) -> np.ndarray:
        return to_planar(self.odometry.message.pose.pose)


class Patience:
    """Counts decisions since the base last came farther along its route [K, 2]."""

    def __init__(self, route: np.ndarray):
        self._route, self._farthest, self._waited = route, 0, 0

    def waited(self, position: np.ndarray) -> int:
        """To be called once a decision."""
        index = nearest(self._route, position)
        self._waited = 0 if index > self._farthest else self._waited + 1
        self._farthest = max(self._farthest, index)
        return self._waited


def costs(poses: np.ndarray, risk: np.ndarray, target: np.ndarray, waited: int = 0) -> np.ndarray:
    """What each imagined future [N] costs, in metres: what is left to the target where it comes nearest, and the risk.

    poses [N, T, 3] and target [2] in base_link; risk [N, T] cumulative, so that its mean is the larger the sooner a
    collision comes. waited: decisions since the base last made progress; two who wait for each other would wait for
    ever.
    """
    to_target = target - poses[..., :2]
    distances = np.hypot(to_target[..., 0], to_target[..., 1])
    rows, step = np.arange(len(poses)), distances.argmin(axis=1)
    distance, to_target = distances[rows, step], to_target[rows, step]
    bearing = np.arctan2(to_target[:, 1], to_target[:, 0]) - poses[rows, step, 2]
    stays = np.hypot(*poses[:, -1, :2].T) < STAYS
    return (
        distance
        + 0.3 * np.abs(np.angle(np.exp(1j * bearing))) * np.minimum(distance, 1.0)
        + COLLISION_COST * (risk[:, -1] + risk.mean(axis=1))
        + min(IMPATIENCE * waited, MOST_IMPATIENT) * stays
        + BACKING_COST * (poses[:, -1, 0] < -STAYS)
    )


def plan_route(grid: Grid, start, goal) -> np.ndarray | None:
    """The shortest way [K, 2] that keeps the best of ROUTE_CLEARANCES, or None."""
    for clearance in ROUTE_CLEARANCES:
        corners = grid.shortest_path(start, goal, clearance)
        if corners is not None:
            return densify(corners)
    return None


def densify(corners: np.ndarray) -> np.ndarray:
    """Points [K, 2] at most SPACING metres apart along a polyline [P, 2]."""
    pieces = [
        np.linspace(a, b, max(int(np.ceil(np.hypot(*(b - a)) / SPACING)), 1), endpoint=False)
        for a, b in pairwise(corners)
    ]
    return np.concatenate([*pieces, corners[-1:]])


def strayed(route: np.ndarray, position: np.ndarray) -> bool:
    """Whether `position` is too far from the route to go on with it."""
    return bool(np.hypot(*(route - position).T).min() > STRAYED)


def next_target(route: np.ndarray, position: np.ndarray, grid: Grid) -> np.ndarray:
    """The point [2] of the route, LOOKAHEAD ahead or nearer, to which the way from `position` is straight and free."""
    here = nearest(route, position)
    for ahead in range(round(LOOKAHEAD / SPACING), 0, -2):
        target = route[min(here + ahead, len(route) - 1)]
        line = np.linspace(position, target, max(2, int(np.hypot(*(target - position)) / SPACING)))
        if all(grid.distance[grid.cell(point)] > CLEAR_SIGHT for point in line[2:]):
            return target
    return target


def to_base(pose: np.ndarray, point: np.ndarray) -> np.ndarray:
    """A point [2] of odom in base_link, for the base at `pose` (x, y, yaw)."""
    cos, sin = np.cos(pose[2]), np.sin(pose[2])
    return (point - pose[:2]) @ np.array([[cos, -sin], [sin, cos]])


def nearest(route: np.ndarray, position: np.ndarray) -> int:
    """Index of the point of the route [K, 2] nearest to `position`."""
    return int(np.argmin(np.hypot(*(route - position).T)))
