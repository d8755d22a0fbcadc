"""Labelled frames of the simulated robot's camera with their depth: training data of the gate's segmenter."""

from itertools import islice
from pathlib import Path

import numpy as np
from tqdm import tqdm

from genmodels_ros.data.image_shards import save_data_card, save_shard
from genmodels_ros.simulation.camera.shards import HEIGHT, SHARD, WIDTH, vary

NAME = "labelled"


def make_shards(*, out: Path, count: int, seed: int, workers: int = 1) -> None:
    """Writes `count` frames: rgb, labels uint8 and depth float16 [m], a scene after the other, in one process."""
    from genmodels_ros.simulation.camera.frames import camera_frames  # MuJoCo, only where frames are made

    rng = np.random.default_rng(seed)
    frames = (vary(*frame, rng) for frame in camera_frames(count=count, seed=seed))
    for number in tqdm(range(-(-count // SHARD)), desc="shards", disable=None):
        rgb, labels, depth = (np.stack(column) for column in zip(*islice(frames, SHARD), strict=True))
        path = Path(out) / f"{NAME}-{number:03d}.npz"
        save_shard(path, rgb=rgb, labels=labels, depth=depth.astype(np.float16))
    card = {"frames": {NAME: count}, "height": HEIGHT, "width": WIDTH, "seed": seed}
    save_data_card(out, {**card, "command": f"genmodels data segmenter --out OUT --count {count} --seed {seed}"})
