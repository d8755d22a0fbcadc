"""Where an arm works: shoulder, reach, fingertip and the column that stays free; in its base frame, metres."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.kinematics import bodies, link_pose
from genmodels_ros.robots.spheres import sphere_centers

MAX_OBSTACLES = 24
REACH = 0.85  # m from its shoulder that the arm reaches for which furniture is drawn


@dataclass(frozen=True)
class ArmSpace:
    """Where an arm works: shoulder [3] m; reach: m from there that its fingertips work in; fingertip: m ahead of the
    tool frame, along its z axis; most_obstacles: that leave it a way in most scenes. By default that of a Panda.
    """

    shoulder: tuple[float, float, float] = (0.0, 0.0, 0.333)
    reach: float = REACH
    fingertip: float = 0.1
    most_obstacles: int = MAX_OBSTACLES

    @property
    def scale(self) -> float:
        """Size of this arm over that for which furniture is drawn."""
        return self.reach / REACH

    def column(self) -> np.ndarray:
        """[4, 3] points of the standing part of the arm; nothing comes nearer to them than column_radius."""
        return np.array([[1.0, 1.0, part] for part in (0.3, 0.6, 0.9, 1.2)]) * self.shoulder

    @property
    def column_radius(self) -> float:
        return 0.15 * self.reach


PANDA = ArmSpace()


@lru_cache(maxsize=8)
def arm_space(robot: Robot) -> ArmSpace:
    """The shoulder is the second joint's height on the first joint's axis; the reach is 0.9 of the farthest that random
    configurations get, since an arm stretched out has no choice left; the fingertip is the farthest sphere ahead.
    """
    ready = torch.as_tensor(robot.ready)
    origins = [frame[:3, 3].tolist() for frame in bodies(robot.chain, ready)[1:3]]
    shoulder = (origins[0][0], origins[0][1], origins[-1][2])
    mine = robot.spheres.bodies == robot.chain.link_bodies[robot.chain.link(robot.tool_frame)]
    tool = link_pose(robot.chain, ready, robot.tool_frame).numpy()
    ahead = (sphere_centers(robot.chain, robot.spheres, ready).numpy()[mine] - tool[:3, 3]) @ tool[:3, 2]
    fingertip = max(0.0, float(ahead.max(initial=0.0)))
    q = np.random.default_rng(0).uniform(robot.limits.lower, robot.limits.upper, (4000, robot.num_joints))
    poses = link_pose(robot.chain, torch.as_tensor(q), robot.tool_frame).numpy()
    tips = poses[:, :3, 3] + fingertip * poses[:, :3, 2]
    reach = 0.9 * float(np.linalg.norm(tips - shoulder, axis=1).max())
    few = max(1, 2 * robot.num_joints - 3)  # an arm of less than 6 joints has no way around many
    return ArmSpace(shoulder, reach, fingertip, MAX_OBSTACLES if robot.num_joints >= 6 else few)
