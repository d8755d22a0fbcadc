"""Frames of a plane and where they lie in one another: the newest that was told of each, as tf tells it (REP 105)."""

import numpy as np

from genmodels_ros.pipelines.mobile.routes import to_base, to_odom


class FrameTree:
    """Each frame has one parent; who tells of another parent moves it. No history: the newest pose counts."""

    def __init__(self):
        self._parents: dict[str, tuple[str, np.ndarray]] = {}

    def put(self, frame: str, parent: str, pose: np.ndarray) -> None:
        """`frame` lies at `pose` [3] (x m, y m, yaw rad) in `parent`."""
        self._parents[frame] = (parent, np.asarray(pose, dtype=float))

    def pose(self, frame: str, within: str) -> np.ndarray | None:
        """The pose [3] of `frame` in `within`; None where nothing connects the two."""
        ours, theirs = self._ancestors(frame), self._ancestors(within)
        for ancestor, pose in ours.items():
            if ancestor in theirs:
                origin = theirs[ancestor]
                yaw = pose[2] - origin[2]
                return np.append(to_base(origin, pose[:2]), np.arctan2(np.sin(yaw), np.cos(yaw)))
        return None

    def _ancestors(self, frame: str) -> dict[str, np.ndarray]:
        """{ancestor: pose of `frame` in it}, itself first; a ring of frames ends where it began."""
        found, pose = {frame: np.zeros(3)}, np.zeros(3)
        while frame in self._parents:
            frame, placed = self._parents[frame]
            if frame in found:
                break
            pose = to_odom(placed, pose)
            found[frame] = pose
        return found
