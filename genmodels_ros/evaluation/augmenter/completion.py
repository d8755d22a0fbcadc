"""Completion measured: holes cut into pictures never trained on, filled by the model and by what needs no learning.

The truth is one way to fill a hole, not the only one: L1 favours a blur, so structure, features and sharpness stand
beside it. All are taken inside the hole alone, or, where a window is needed, over its bounding box.
"""

import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from tqdm import tqdm

from genmodels_ros.evaluation.augmenter.bench import TUBS, held_out_frames
from genmodels_ros.evaluation.image_similarity import FeatureDistance, sharpness, ssim
from genmodels_ros.evaluation.options import BenchOptions
from genmodels_ros.evaluation.statistics import bootstrap_mean
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.models.gan.pull_push import pull_push
from genmodels_ros.pipelines.camera.image_completion import ImageCompleter
from genmodels_ros.training.camera.completion_frames import held_out_part, recorded_frames
from genmodels_ros.training.camera.hole_masks import random_hole

HOLES = {"small": (0.01, 0.05), "large": (0.12, 0.3)}  # share of the image
RADIUS = 3  # pixels, of cv2.inpaint
BORDER = 6  # pixels around the bounding box: SSIM's window needs them
SIZES = ((240, 320), (480, 640))


def tables(options: BenchOptions) -> list[Table]:
    """One table of quality for simulated frames and one for each recording under camera/ of the data; one of speed."""
    completer = ImageCompleter.from_checkpoint(options.checkpoint, options.device, mark=False)
    count = 16 if options.quick else 64
    sources = {"simulated frames": held_out_frames(count, options.seed)[0]}
    for path in sorted(Path(options.data).glob(TUBS)) if options.data is not None else ():
        frames = held_out_part(recorded_frames(path))
        sources[f"{path.name.removesuffix('.tar.gz')}, last tenth"] = frames[:: max(1, len(frames) // count)][:count]
    quality = [_quality(name, frames, completer, options.seed) for name, frames in sources.items()]
    return [*quality, _speed(completer, repeats=5 if options.quick else 20)]


bench = tables  # the name that `genmodels bench completion` asks for


def methods(completer: ImageCompleter) -> dict[str, Callable]:
    """name: (image uint8 [H, W, 3], mask bool [H, W], seed) → uint8 [H, W, 3]"""
    return {
        "model": lambda image, mask, seed: completer.complete(image, mask, seed=seed).image,
        "Telea (OpenCV)": lambda image, mask, seed: _opencv(image, mask, cv2.INPAINT_TELEA),
        "Navier-Stokes (OpenCV)": lambda image, mask, seed: _opencv(image, mask, cv2.INPAINT_NS),
        "smooth filling": lambda image, mask, seed: smooth_filling(image, mask),
    }


def smooth_filling(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """What the network starts from."""
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None].float()
    filled = pull_push(pixels, torch.from_numpy(~mask)[None, None].float())
    return filled[0].permute(1, 2, 0).round().to(torch.uint8).numpy()


def hole_scores(truth: np.ndarray, result: np.ndarray, mask: np.ndarray, distance: FeatureDistance) -> tuple:
    """(L1 in grey levels inside the hole, SSIM and feature distance over its bounding box, sharpness there as a ratio
    to the truth's)."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis))[[0, -1]] for axis in (1, 0))
    box = tuple(slice(max(0, first - BORDER), last + 1 + BORDER) for first, last in (rows, columns))
    l1 = np.abs(truth[mask].astype(float) - result[mask]).mean()
    true, made = np.ascontiguousarray(truth[box]), np.ascontiguousarray(result[box])
    return l1, ssim(true, made), distance(true, made), sharpness(made) / max(sharpness(true), 0.1)


def hole_of_share(height: int, width: int, share: tuple[float, float], rng: np.random.Generator) -> np.ndarray:
    """A random hole that covers a share of the image within the two bounds."""
    while not share[0] <= (hole := random_hole(height, width, rng)).mean() <= share[1]:
        pass
    return hole


def _quality(name: str, frames: np.ndarray, completer: ImageCompleter, seed: int) -> Table:
    rows, distance = [], FeatureDistance()
    for size, share in HOLES.items():
        rng = np.random.default_rng([seed, 17])
        holes = [hole_of_share(*frames.shape[1:3], share, rng) for _ in frames]
        scores = {}
        for method, fill in tqdm(methods(completer).items(), desc=f"{name}, {size}", disable=None):
            cases = enumerate(zip(frames, holes, strict=True))
            scores[method] = np.array(
                [hole_scores(image, fill(image, hole, seed + i), hole, distance) for i, (image, hole) in cases]
            )
        best = min((m for m in scores if m != "model"), key=lambda m: scores[m][:, 0].mean())
        for method, values in scores.items():
            against = _difference(values[:, 0] - scores[best][:, 0]) if method == "model" else None
            rows.append((size, method, *map(float, values.mean(axis=0)), against))
    columns = (
        "hole", "method", "L1 (levels)", "SSIM", "feature distance", "sharpness / truth's", "L1 against the best other",
    )  # fmt: skip
    note = (
        "Lower is better for L1 and feature distance, higher for SSIM; sharpness is best at 1. Interval: 95 %, paired."
    )
    return Table(f"Completion, {len(frames)} {name}", columns, tuple(rows), (note,))


def _difference(values: np.ndarray) -> str:
    low, high = bootstrap_mean(values, block=4)  # neighbours in time or of one floor
    return f"{values.mean():+.2f} ({low:+.2f} to {high:+.2f})"


def _speed(completer: ImageCompleter, repeats: int) -> Table:
    rows, rng = [], np.random.default_rng(0)
    for height, width in SIZES:
        image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        for side in (height // 8, height // 3):
            mask = np.zeros((height, width), bool)
            mask[height // 2 : height // 2 + side, width // 3 : width // 3 + side] = True
            for method, fill in methods(completer).items():
                times = [_timed(fill, image, mask) for _ in range(repeats + 1)][1:]
                wall, cpu = np.median(times, axis=0)
                rows.append((f"{width}x{height}", f"{side}x{side}", method, float(wall), float(cpu)))
    title = f"Completion, speed on {completer.device} with {torch.get_num_threads()} threads"
    return Table(title, ("image", "hole", "method", "median ms", "processor ms"), tuple(rows))


def _timed(fill: Callable, image: np.ndarray, mask: np.ndarray) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    fill(image, mask, 0)
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)


def _opencv(image: np.ndarray, mask: np.ndarray, method: int) -> np.ndarray:
    return cv2.inpaint(image, mask.astype(np.uint8), RADIUS, method)
