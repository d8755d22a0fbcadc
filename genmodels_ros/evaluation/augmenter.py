"""Measures the image augmenter: speed, how near its pictures come to each target, and what its gate refuses."""

import time
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from genmodels_ros.data.images import open_images
from genmodels_ros.evaluation.image_distance import features, kernel_distance
from genmodels_ros.evaluation.options import BenchOptions
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.pipelines.augmentation import ImageAugmenter
from genmodels_ros.pipelines.quality_gate import judge
from genmodels_ros.simulation.camera_styles import render_style

SIZES = ((256, 256), (240, 320), (480, 640))  # [H, W]
FRAME_SEED = 700_000  # scenes that no training shard was drawn from
TUBS = "camera/*.tar.gz"


def bench(options: BenchOptions) -> list[Table]:
    """Tables of the README; camera recordings under camera/ of `options.data` give a look at real images."""
    data, seed, quick = options.data, options.seed, options.quick
    augmenter = ImageAugmenter.from_checkpoint(options.checkpoint, device=options.device)
    frames = held_out_frames(48 if quick else 192, seed)
    tables = [
        speed(augmenter, repeats=10 if quick else 40),
        distance(augmenter, frames, seed),
        gate(augmenter, frames, seed),
    ]
    tubs = sorted(Path(data).glob(TUBS)) if data is not None else []
    if tubs:
        tables.append(real_images(augmenter, tubs, images_each=20 if quick else 60, seed=seed))
    return tables


def held_out_frames(count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """rgb, labels and depth of `count` frames, prepared as training's, from scenes of their own."""
    from genmodels_ros.simulation.camera_frames import camera_frames
    from genmodels_ros.simulation.camera_shards import vary

    rng = np.random.default_rng(seed)
    frames = [vary(*frame, rng) for frame in camera_frames(count=count, seed=FRAME_SEED + seed)]
    return tuple(np.stack(column) for column in zip(*frames, strict=True))


def speed(augmenter: ImageAugmenter, repeats: int) -> Table:
    """Image in, judged image out."""
    rows, rng = [], np.random.default_rng(0)
    for height, width in SIZES:
        image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        times = [_timed(augmenter, image, number) for number in range(repeats + 2)][2:]  # the first ones warm up
        median, cpu = np.median(times, axis=0)
        p95 = np.percentile([wall for wall, _ in times], 95)
        rows.append((f"{width}x{height}", float(median), float(p95), float(cpu), float(1000 / median)))
    title = f"Augmenter, speed on {augmenter.device} with {torch.get_num_threads()} threads"
    return Table(title, ("size", "median ms", "p95 ms", "processor ms", "frames/s"), tuple(rows))


def _timed(augmenter: ImageAugmenter, image: np.ndarray, seed: int) -> tuple[float, float]:
    """(elapsed, processor) milliseconds; the second is what a busy machine leaves comparable."""
    wall, cpu = time.perf_counter(), time.process_time()
    augmenter.augment(image, seed=seed)
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)


def distance(augmenter: ImageAugmenter, frames, seed: int) -> Table:
    """Each style: the targets are physically rendered from one half of the frames, the sources are the other half."""
    rgb, _, depth = frames
    half = len(rgb) // 2
    rng, rows = np.random.default_rng(seed), []
    for style in tqdm(augmenter.styles, desc="styles", disable=None):
        targets = np.stack([render_style(style, rgb[i], depth[i], rng) for i in range(2 * half)])
        variants = [augmenter.augment(image, style=style, seed=seed + i) for i, image in enumerate(rgb[half:])]
        others = [augmenter.augment(image, style=style, seed=seed + 1000 + i) for i, image in enumerate(rgb[half:])]
        made = np.stack([variant.image for variant in variants])
        real, floor, source, generated = (features(x) for x in (targets[:half], targets[half:], rgb[half:], made))
        scale = torch.cat([real, source])
        rows.append(
            (
                style,
                kernel_distance(source, real, scale),
                kernel_distance(generated, real, scale),
                kernel_distance(floor, real, scale),
                float(np.mean([variant.quality for variant in variants])),
                _spread(made, np.stack([other.image for other in others])),
                _spread(targets[:half], targets[:half][rng.permutation(half)]),
                f"{np.mean([not variant.accepted for variant in variants]):.1%}",
            )
        )
    columns = (
        "style", "KID source", "KID augmented", "KID real halves",
        "edges kept (F1)", "spread of codes", "spread of targets", "rejected",
    )  # fmt: skip
    return Table(f"Augmenter, {half} simulated frames never trained on; KID on random features, x1000", columns, rows)


def gate(augmenter: ImageAugmenter, frames, seed: int) -> Table:
    """How often the gate refuses pictures that are faithful by physics, and pictures that are not by construction."""
    rgb, _, depth = frames
    rng = np.random.default_rng(seed)
    makers = {
        **{
            f"{style}, by physics": lambda i, s=style: render_style(s, rgb[i], depth[i], rng)
            for style in augmenter.styles
        },
        "another frame": lambda i: rgb[(i + len(rgb) // 2) % len(rgb)],
        "almost black": lambda i: (rgb[i] * 0.03).astype(np.uint8),
        "buried in noise": lambda i: np.clip(0.3 * rgb[i] + rng.normal(0, 80, rgb[i].shape), 0, 255).astype(np.uint8),
    }
    rows = []
    for name, make in makers.items():
        refused = [not judge(rgb[i], make(i), augmenter.min_agreement).accepted for i in range(len(rgb))]
        rows.append((name, "no" if "physics" in name else "yes", f"{np.mean(refused):.1%}"))
    return Table(
        f"Augmenter, quality gate at {augmenter.min_agreement:.0%} of the edges, {len(rgb)} frames",
        ("picture", "should be refused", "refused"),
        tuple(rows),
    )


def real_images(augmenter: ImageAugmenter, tubs: list[Path], images_each: int, seed: int) -> Table:
    """Images of real robots, which the model was never trained on: edges kept and rejections by style."""
    rows = []
    for tub in tubs:
        images = _sample(tub, images_each)
        for style in augmenter.styles:
            variants = [augmenter.augment(image, style=style, seed=seed + i) for i, image in enumerate(images)]
            quality = float(np.mean([variant.quality for variant in variants]))
            rejected = np.mean([not variant.accepted for variant in variants])
            rows.append((tub.name.removesuffix(".tar.gz"), style, len(images), quality, f"{rejected:.1%}"))
    return Table("Augmenter, real camera", ("recording", "style", "images", "edges kept (F1)", "rejected"), tuple(rows))


def _sample(tub: Path, count: int) -> list[np.ndarray]:
    source = open_images(tub)
    stride = max(1, source.count // count)
    return [item.image for item in source.images() if item.image is not None][::stride][:count]


def _spread(first: np.ndarray, second: np.ndarray) -> float:
    """Mean difference of light and colour between pairs of images, in [0, 1]; noise averages out."""

    def cells(images):
        n, height, width, _ = images.shape
        return images.reshape(n, height // 16, 16, width // 16, 16, 3).mean(axis=(2, 4)) / 255

    return float(np.abs(cells(first) - cells(second)).mean())
