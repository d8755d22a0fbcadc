"""Training data of the augmenter: frames of the simulated robot's camera, plain and as other light shows them.

Unpaired: every shard comes from scenes of its own, so no source frame ever occurs in a style. Materials are recoloured
and the view cropped at random, so that a model trained on it does not depend on this simulation's colours.
"""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from genmodels_ros.data.image_shards import save_data_card, save_shard
from genmodels_ros.simulation.camera.styles import STYLES, render_style

HEIGHT, WIDTH = 96, 128  # pixels
SHARD = 128  # frames
STYLE_SHARE, HELDOUT_SHARE = 0.27, 0.1  # frames of each style and held out, for one source frame


@dataclass(frozen=True)
class Job:
    """One shard: `kind` is source, heldout or a style."""

    path: Path
    kind: str
    count: int
    seed: int


def make_shards(*, out: Path, count: int, seed: int, workers: int = 1) -> None:
    """Writes `count` source frames and, in proportion, each style's and the held-out ones; goes on where it stopped."""
    jobs = _jobs(Path(out), count, seed)
    missing = [job for job in jobs if not job.path.exists()]
    with ProcessPoolExecutor(max(1, workers), mp_context=get_context("spawn")) as pool:
        for _ in tqdm(pool.map(make_shard, missing), total=len(missing), desc="shards", disable=None):
            pass
    frames = {kind: sum(job.count for job in jobs if job.kind == kind) for kind in dict.fromkeys(j.kind for j in jobs)}
    card = {"frames": frames, "height": HEIGHT, "width": WIDTH, "seed": seed, "styles": list(STYLES)}
    save_data_card(out, {**card, "command": f"genmodels data augmenter --out OUT --count {count} --seed {seed}"})


def _jobs(out: Path, count: int, seed: int) -> list[Job]:
    wanted = {"source": count, "heldout": max(1, round(count * HELDOUT_SHARE))}
    wanted |= {style: max(1, round(count * STYLE_SHARE)) for style in STYLES}
    jobs = []
    for kind, frames in wanted.items():
        for number, first in enumerate(range(0, frames, SHARD)):
            size = min(SHARD, frames - first)
            jobs.append(Job(out / f"{kind}-{number:03d}.npz", kind, size, 1_000_003 * seed + len(jobs)))
    return jobs


def make_shard(job: Job) -> None:
    """Renders and writes one shard."""
    from genmodels_ros.simulation.camera.frames import camera_frames  # MuJoCo, only where frames are made

    rng = np.random.default_rng(job.seed)
    frames = [vary(*frame, rng) for frame in camera_frames(count=job.count, seed=job.seed)]
    rgb, labels, depth = (np.stack(column) for column in zip(*frames, strict=True))
    if job.kind == "source":
        save_shard(job.path, rgb=rgb, labels=labels)
    elif job.kind == "heldout":
        save_shard(job.path, rgb=rgb, labels=labels, depth=depth.astype(np.float16))
    else:
        save_shard(job.path, rgb=np.stack([render_style(job.kind, *one, rng) for one in zip(rgb, depth, strict=True)]))


def vary(rgb: np.ndarray, labels: np.ndarray, depth: np.ndarray, rng: np.random.Generator):
    """Recoloured, cropped to 60 to 100 % of the view, perhaps mirrored, and brought to HEIGHT x WIDTH."""
    rgb = _recoloured(rgb, labels, rng)
    height, width = labels.shape
    scale = rng.uniform(0.6, 1.0)
    rows, columns = round(height * scale), round(width * scale)
    top, left = rng.integers(0, height - rows + 1), rng.integers(0, width - columns + 1)
    window = np.s_[top : top + rows, left : left + columns]
    flip = np.s_[:, ::-1] if rng.random() < 0.5 else np.s_[:, :]
    size = (WIDTH, HEIGHT)
    return (
        cv2.resize(rgb[window], size, interpolation=cv2.INTER_AREA)[flip],
        cv2.resize(labels[window], size, interpolation=cv2.INTER_NEAREST)[flip],
        cv2.resize(depth[window].astype(np.float32), size, interpolation=cv2.INTER_NEAREST)[flip],
    )


def _recoloured(rgb: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each label's material takes another colour; shading and texture stay."""
    gains = np.ones((256, 3), np.float32)
    for label in np.unique(labels):
        if rng.random() < 0.6:
            gains[label] = np.exp(rng.normal(0, 0.22) + rng.normal(0, 0.15, 3))
    brightness = np.exp(rng.normal(0, 0.15))
    return np.clip(rgb * (gains[labels] * brightness), 0, 255).astype(np.uint8)
