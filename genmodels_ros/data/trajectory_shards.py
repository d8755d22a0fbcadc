"""Expert trajectories from shards, as the tensors a trajectory model learns from.

A shard is an .npz of M trajectories: start, goal [M, D]; control_points [M, N, D], clamped B-splines whose first two
and last two points coincide; the scene of each as robots/scene_arrays.py writes it; scene_id [M], equal for equal
scenes. Beside the shards may lie a card.json that says how they were made.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.distance import ObstacleField
from genmodels_ros.robots.paths.features import PathGeometry, QueryFeatures, deviation, features_of_arrays

SCENE_FIELDS = ("kind", "center", "quat_xyzw", "size")
FIELDS = ("start", "goal", "control_points", "scene_id", *SCENE_FIELDS)
FEATURES = tuple(field.name for field in fields(QueryFeatures))
CHUNK = 64  # paths whose features are computed at once: few enough for the processor's caches
HELD_OUT = 20  # every 20th scene is kept for validation


@dataclass(frozen=True)
class TrajectoryExamples:
    """M expert paths: deviation [M, n, D] rad from the straight line between start and goal [M, D], their queries'
    features, the obstacles as a field of M scenes, and scene_id [M].
    """

    deviation: Tensor
    start: Tensor
    goal: Tensor
    features: QueryFeatures
    field: ObstacleField
    scene_id: Tensor

    def __len__(self) -> int:
        return len(self.deviation)

    def __getitem__(self, index: Tensor) -> "TrajectoryExamples":
        """Those of an index or mask [M]."""
        return TrajectoryExamples(
            self.deviation[index],
            self.start[index],
            self.goal[index],
            QueryFeatures(*(getattr(self.features, k)[index] for k in FEATURES)),
            ObstacleField(self.field.table[index], self.field.has_cylinders),
            self.scene_id[index],
        )

    def geometry(self, robot: Robot) -> PathGeometry:
        """What a self-conditioned network looks at, for these queries."""
        return PathGeometry(robot, self.start, self.goal, self.field)

    def split(self) -> tuple["TrajectoryExamples", "TrajectoryExamples"]:
        """Training and validation examples; no scene is in both."""
        held_out = self.scene_id % HELD_OUT == 0
        return self[~held_out], self[held_out]

    def reversed(self, which: Tensor) -> "TrajectoryExamples":
        """The same with the paths of the mask `which` [M] run backwards, from goal to start: just as good a path."""
        f, joints = self.features, self.deviation.shape[-1]
        swapped = torch.cat([f.endpoints[:, joints:], f.endpoints[:, :joints]], dim=1)
        features = replace(
            f,
            endpoints=torch.where(which[:, None], swapped, f.endpoints),
            path_features=torch.where(which[:, None, None], f.path_features.flip(1), f.path_features),
        )
        return replace(
            self,
            deviation=torch.where(which[:, None, None], self.deviation.flip(1), self.deviation),
            start=torch.where(which[:, None], self.goal, self.start),
            goal=torch.where(which[:, None], self.start, self.goal),
            features=features,
        )

    def scale(self) -> Tensor:
        """Standard deviation of each joint's deviation [D], rad: the normaliser."""
        return self.deviation.square().mean((0, 1)).sqrt().clamp(min=1e-3)


def load_examples(folder: Path, robot: Robot) -> tuple[TrajectoryExamples, dict]:
    """All shards of a folder, and their card (if there is one) with the numbers of shards and trajectories there
    were, as making them may have been stopped early.

    Raises GenModelsError(MODEL_UNAVAILABLE) if there are none or they do not fit the robot.
    """
    arrays = read_shards(folder, robot)
    chunks = range(0, len(arrays["start"]), CHUNK)
    parts = [_examples({key: value[first : first + CHUNK] for key, value in arrays.items()}, robot) for first in chunks]
    card = Path(folder) / "card.json"
    about = json.loads(card.read_text()) if card.exists() else {}
    return _joined(parts), about | {"shards": len(_paths(folder)), "trajectories": len(arrays["start"])}


def batches(examples: TrajectoryExamples, size: int, rng: torch.Generator) -> Iterator[TrajectoryExamples]:
    """Endless random batches, each path forwards or backwards with equal chance."""
    while True:
        index = torch.randint(len(examples), (size,), generator=rng)
        yield examples[index].reversed(torch.rand(size, generator=rng) < 0.5)


def _examples(arrays: dict[str, np.ndarray], robot: Robot) -> TrajectoryExamples:
    start, goal = arrays["start"].astype(float), arrays["goal"].astype(float)
    away, field = deviation(arrays["control_points"].astype(float)), ObstacleField.from_arrays(arrays)
    return TrajectoryExamples(
        *(torch.as_tensor(a, dtype=torch.float32) for a in (away, start, goal)),
        features_of_arrays(robot, start, goal, arrays, field, away.shape[1]),
        field,
        torch.as_tensor(arrays["scene_id"].astype(np.int64)),
    )


def _joined(parts: list[TrajectoryExamples]) -> TrajectoryExamples:
    deviations, starts, goals, scene_ids = (
        torch.cat([getattr(part, name) for part in parts]) for name in ("deviation", "start", "goal", "scene_id")
    )
    features = QueryFeatures(*(torch.cat([getattr(part.features, k) for part in parts]) for k in FEATURES))
    tables = torch.cat([part.field.table for part in parts])
    field = ObstacleField(tables, any(part.field.has_cylinders for part in parts))
    return TrajectoryExamples(deviations, starts, goals, features, field, scene_ids)


def _paths(folder: Path) -> list[Path]:
    return sorted(Path(folder).glob("*.npz"))


def read_shards(folder: Path, robot: Robot) -> dict[str, np.ndarray]:
    """The arrays of all shards of a folder, joined. Raises as `load_examples` does."""
    paths, shards = _paths(folder), []
    if not paths:
        raise GenModelsError(
            ErrorCode.MODEL_UNAVAILABLE, f"No shards in {folder}: make some with 'genmodels data trajectories'."
        )
    for path in paths:
        try:
            with np.load(path, allow_pickle=False) as file:
                shards.append({key: file[key] for key in FIELDS})
        except (OSError, ValueError, KeyError) as error:
            raise GenModelsError(
                ErrorCode.MODEL_UNAVAILABLE, f"Cannot use the shard {path}: {error}. Delete it and make it again."
            ) from error
        if shards[-1]["start"].shape[1:] != (robot.num_joints,):
            raise GenModelsError(
                ErrorCode.MODEL_UNAVAILABLE, f"The shard {path} is not of {robot.name}'s {robot.num_joints} joints."
            )
    most = max(shard["kind"].shape[1] for shard in shards)
    for shard in shards:
        for key in SCENE_FIELDS:
            missing = most - shard[key].shape[1]
            shard[key] = np.pad(shard[key], [(0, 0), (0, missing), *[(0, 0)] * (shard[key].ndim - 2)])
    return {key: np.concatenate([shard[key] for shard in shards]) for key in FIELDS}
