"""Step 2: drive to a goal by asking the world model what each of many command sequences would lead to."""

import time
from dataclasses import dataclass, field

import numpy as np
from geometry_msgs.msg import Twist
from nav_msgs.msg import OccupancyGrid, Odometry

from genmodels_interfaces.srv import ImagineRollouts
from genmodels_ros.conversions.maps import to_occupied
from genmodels_ros.conversions.poses import to_planar
from genmodels_ros.conversions.rollouts import to_command_sequences
from genmodels_ros.conversions.sensors import to_twist
from genmodels_ros.nodes.mission.client import Latest, MissionClient, MissionFailure
from genmodels_ros.nodes.qos import LATCHED
from genmodels_ros.pipelines.mobile.drive_costs import drive_costs
from genmodels_ros.pipelines.mobile.routes import (
    Patience,
    clear_on,
    next_target,
    plan_route,
    remaining,
    strayed,
    to_base,
)
from genmodels_ros.simulation.floor.occupancy import OccupancyGrid as Grid

NUM_STEPS = 15  # of 0.2 s: 3 s ahead
SPEEDS = (0.25, 0.5)  # m/s
BACKWARDS = -0.25  # m/s
TURNS = (-1.2, -0.6, -0.25, 0.0, 0.25, 0.6, 1.2)  # rad/s
GOAL_TOLERANCE = 0.3  # m


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
                distance = float(np.hypot(*(drive.route[-1] - pose[:2])))
                if distance < GOAL_TOLERANCE:
                    break
                if time.monotonic() - started > time_limit:
                    raise MissionFailure(f"the base is {distance:.1f} m from its goal after {time_limit:.0f} s")
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
        target = to_base(pose, next_target(drive.route, pose[:2], clear_on(self._grid)))
        waited = self._patience.waited(remaining(drive.route, pose[:2]))
        best = int(np.argmin(drive_costs(commands, poses, risk, target, waited)))
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
        self._grid = Grid(*to_occupied(message))
        route = plan_route(self._grid, self._pose()[:2], goal)
        if route is None and len(drive.route) == 0:
            raise MissionFailure(f"there is no way to {tuple(goal)} on the map")
        drive.route = drive.route if route is None else route
        self._patience = Patience()

    def _pose(self) -> np.ndarray:
        return to_planar(self.odometry.message.pose.pose)
