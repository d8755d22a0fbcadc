"""Expert trajectories from shards, as the tensors a trajectory model learns from.

A shard is an .npz of M trajectories: start, goal [M, D]; control_points [M, N, D], clamped B-splines whose first two
and last two points coincide; the scene of each as robots/scene_arrays.py writes it; scene_id [M], equal for equal
scenes. Beside the shards may lie a card.json that says how they were made.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.description import Robot
from genmodels_ros.robots.features import QueryFeatures, deviation, query_features
from genmodels_ros.robots.scene_arrays import scene_from_arrays

SCENE_FIELDS = ("kind", "center", "quat_xyzw", "size")
FIELDS = ("start", "goal", "control_points", "scene_id", *SCENE_FIELDS)
HELD_OUT = 20  # every 20th scene is kept for validation


@dataclass(frozen=True)
class TrajectoryExamples:
    """M expert paths: deviation [M, n, D] rad, their queries' features, and scene_id [M]."""

    deviation: Tensor
    features: QueryFeatures
    scene_id: Tensor

    def __len__(self) -> int:
        return len(self.deviation)

    def __getitem__(self, index: Tensor) -> "TrajectoryExamples":
        """Those of an index or mask [M]."""
        features = QueryFeatures(*(getattr(self.features, k)[index] for k in QueryFeatures.__dataclass_fields__))
        return TrajectoryExamples(self.deviation[index], features, self.scene_id[index])

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
            features=features,
        )

    def scale(self) -> Tensor:
        """Standard deviation of each joint's deviation [D], rad: the normaliser."""
        return self.deviation.square().mean((0, 1)).sqrt().clamp(min=1e-3)


def load_examples(folder: Path, robot: Robot) -> tuple[TrajectoryExamples, dict]:
    """All shards of a folder and their card ({} if there is none).

    Raises GenModelsError(MODEL_UNAVAILABLE) if there are none or they do not fit the robot.
    """
    arrays = _read_shards(Path(folder), robot)
    parts = []
    for first in range(0, len(arrays["start"]), 256):
        part = {key: value[first : first + 256] for key, value in arrays.items()}
        parts.append(_examples(part, robot))
    features = QueryFeatures(
        *(torch.cat([getattr(p.features, k) for p in parts]) for k in QueryFeatures.__dataclass_fields__)
    )
    deviations, scene_ids = (torch.cat([getattr(p, name) for p in parts]) for name in ("deviation", "scene_id"))
    card = Path(folder) / "card.json"
    return TrajectoryExamples(deviations, features, scene_ids), json.loads(card.read_text()) if card.exists() else {}


def batches(examples: TrajectoryExamples, size: int, rng: torch.Generator) -> Iterator[TrajectoryExamples]:
    """Endless random batches, each path forwards or backwards with equal chance."""
    while True:
        index = torch.randint(len(examples), (size,), generator=rng)
        yield examples[index].reversed(torch.rand(size, generator=rng) < 0.5)


def _examples(arrays: dict[str, np.ndarray], robot: Robot) -> TrajectoryExamples:
    size = arrays["kind"].shape[1]
    scenes = [scene_from_arrays(arrays, index) for index in range(len(arrays["start"]))]
    start, goal = arrays["start"].astype(float), arrays["goal"].astype(float)
    away = deviation(arrays["control_points"].astype(float))
    features = query_features(robot, start, goal, scenes, away.shape[1], num_obstacles=size)
    return TrajectoryExamples(
        torch.as_tensor(away, dtype=torch.float32), features, torch.as_tensor(arrays["scene_id"].astype(np.int64))
    )


def _read_shards(folder: Path, robot: Robot) -> dict[str, np.ndarray]:
    shards = []
    for path in sorted(folder.glob("*.npz")):
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
    if not shards:
        raise GenModelsError(
            ErrorCode.MODEL_UNAVAILABLE, f"No shards in {folder}: make some with 'genmodels data trajectories'."
        )
    most = max(shard["kind"].shape[1] for shard in shards)
    for shard in shards:
        for key in SCENE_FIELDS:
            missing = most - shard[key].shape[1]
            shard[key] = np.pad(shard[key], [(0, 0), (0, missing), *[(0, 0)] * (shard[key].ndim - 2)])
    return {key: np.concatenate([shard[key] for shard in shards]) for key in FIELDS}
