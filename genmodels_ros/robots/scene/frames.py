"""Where named frames are in the robot's base frame: its links, frames told of, a scene's objects and subframes."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.kinematics import link_pose
from genmodels_ros.robots.scene.scene_objects import ObjectScene, SceneObject


def fixed_to(base: str, parents: dict[str, tuple[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """{frame: base_from_frame [4, 4]} of all that fixed transforms connect with a base, itself among them.

    parents: {frame: (its parent, parent_from_frame [4, 4])}
    """
    found, count = {base: np.eye(4)}, 0
    while len(found) > count:
        count = len(found)
        for frame, (parent, pose) in parents.items():
            if parent in found:
                found.setdefault(frame, found[parent] @ pose)
            elif frame in found:
                found[parent] = found[frame] @ np.linalg.inv(pose)
    return found


@dataclass(frozen=True, eq=False)
class Frames:
    """configuration: () → [D] rad, asked where a link is meant that moves; may raise GenModelsError
    told: {frame: base_from_frame [4, 4]}; "" in it is the frame of what names none, by default the base frame
    """

    robot: Robot
    configuration: Callable[[], np.ndarray]
    told: dict[str, np.ndarray] = field(default_factory=dict)

    def pose(self, frame: str, objects: ObjectScene | None = None) -> np.ndarray:
        """base_from_frame [4, 4]. Raises GenModelsError(UNKNOWN_FRAME), and what `configuration` raises."""
        if frame in self.told:
            return self.told[frame]
        if frame in ("", self.robot.base_frame):
            return np.eye(4)
        if frame in self.robot.chain.link_names:
            return self.link_pose(frame)
        for thing in () if objects is None else objects.objects.values():
            if frame == thing.id or frame.startswith(f"{thing.id}/"):
                found = self._in_object(thing, frame[len(thing.id) + 1 :])
                if found is not None:
                    return found
        raise GenModelsError(
            ErrorCode.UNKNOWN_FRAME,
            f"Frame {frame!r} is neither {self.robot.base_frame!r} nor a link, an object or a frame told of: transform "
            "it first, publish it on /tf_static, or set planning_scene.frame and planning_scene.frame_pose.",
        )

    def link_pose(self, link: str) -> np.ndarray:
        """base_from_link [4, 4] of one of the robot's links; raises what `configuration` raises, unless it is fixed."""
        chain = self.robot.chain
        still = chain.link_bodies[chain.link(link)] == 0
        q = np.zeros(self.robot.num_joints) if still else self.configuration()
        return link_pose(chain, torch.as_tensor(q, dtype=torch.float64), link).numpy()

    def object_pose(self, thing: SceneObject) -> np.ndarray:
        """base_from_object [4, 4] of one that lies around or is carried."""
        return self.link_pose(thing.link) @ thing.pose if thing.link else thing.pose

    def _in_object(self, thing: SceneObject, subframe: str) -> np.ndarray | None:
        if not subframe:
            return self.object_pose(thing)
        if subframe in thing.subframes:
            return self.object_pose(thing) @ thing.subframes[subframe]
        return None
