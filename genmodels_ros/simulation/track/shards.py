"""Training data from the simulated track camera: frames with labels and steering.

source-000.npz, heldout-000.npz (tracks of their own):
    rgb [N, 120, 160, 3] uint8, labels [N, 120, 160] uint8 (TrackLabel), steering [N] float32 in [-1, 1], right positive
data.json   what made them
"""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from tqdm import tqdm

from genmodels_ros.data.image_shards import save_data_card, save_shard

SHARD = 400  # frames
HELDOUT_SHARE = 0.15  # frames held out for one source frame


@dataclass(frozen=True)
class Job:
    """One shard of `count` frames on tracks that follow from `seed`."""

    path: Path
    count: int
    seed: int


def make_shards(*, out: Path, count: int, seed: int, workers: int = 1) -> None:
    """Writes `count` source frames and, in proportion, held-out ones; goes on where it stopped."""
    out = Path(out)
    kinds = {"source": count, "heldout": max(1, round(HELDOUT_SHARE * count))}
    jobs = [job for kind, frames in kinds.items() for job in _jobs(out, kind, frames, seed)]
    missing = [job for job in jobs if not job.path.exists()]
    with ProcessPoolExecutor(max(1, workers), mp_context=get_context("spawn")) as pool:
        for _ in tqdm(pool.map(make_shard, missing), total=len(missing), desc="shards", disable=None):
            pass
    command = f"genmodels data track-camera --out OUT --count {count} --seed {seed}"
    save_data_card(out, {"frames": kinds, "height": 120, "width": 160, "seed": seed, "styles": [], "command": command})


def _jobs(out: Path, kind: str, frames: int, seed: int) -> list[Job]:
    first = 0 if kind == "source" else 500_000
    return [
        Job(out / f"{kind}-{number:03d}.npz", min(SHARD, frames - start), 1_000_003 * seed + first + number)
        for number, start in enumerate(range(0, frames, SHARD))
    ]


def make_shard(job: Job) -> None:
    """Renders and writes one shard."""
    from genmodels_ros.simulation.track.camera import track_frames  # MuJoCo, only where frames are made

    rgb, labels, steering = zip(*track_frames(job.count, job.seed), strict=True)
    save_shard(job.path, rgb=np.stack(rgb), labels=np.stack(labels), steering=np.array(steering, np.float32))
