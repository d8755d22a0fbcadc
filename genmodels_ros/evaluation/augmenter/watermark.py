"""Measures the invisible mark on what the augmenter makes: how faint, how surely found, how rarely wrongly, how fast.

The shares found are at false alarms of MAX_FALSE_ALARM or less; pairs of images and keys without a mark show that the
stated probabilities hold.
"""

import time

import cv2
import numpy as np
from tqdm import tqdm

from genmodels_ros.evaluation.augmenter.watermark_false_alarms import false_alarms
from genmodels_ros.evaluation.augmenter.watermark_images import JOURNEYS, difficult_images, jpeg, pictures
from genmodels_ros.evaluation.options import BenchOptions
from genmodels_ros.evaluation.statistics import wilson_interval
from genmodels_ros.evaluation.tables import Table
from genmodels_ros.pipelines.camera.augmentation import ImageAugmenter
from genmodels_ros.pipelines.camera.watermark import detect, embed

SIDES = ((32, 32), (48, 64), (64, 64), (72, 96), (96, 128), (120, 160))  # [H, W]
SIZES = ((120, 160), (240, 320), (480, 640))
OTHER_KEY = "another key than the one embedded"


def tables(options: BenchOptions) -> list[Table]:
    """Of simulated frames, and of real ones where `options.data` holds recordings."""
    count = 60 if options.quick else 400
    augmenter = ImageAugmenter.from_checkpoint(options.checkpoint, device=options.device, mark=False)
    sources = pictures(options, count)
    variants = {kind: _variants(augmenter, images, options.seed, kind) for kind, images in sources.items()}
    natural = [image for images in sources.values() for image in images[:200]]
    kinds = {"natural images": natural, "difficult images": difficult_images(options.seed)}
    return [
        found_after_jpeg(variants),
        robustness({kind: images[: count // 4] for kind, images in variants.items()}),
        small_images(variants),
        false_alarms(kinds, 2_000 if options.quick else 50_000, options.seed),
        share_of_frame_time(augmenter, next(iter(sources.values()))[0], repeats=10 if options.quick else 40),
    ]


def found_after_jpeg(variants: dict[str, list[np.ndarray]]) -> Table:
    """The bar: found after JPEG 75, and how little the mark changes."""
    results = {kind: [_marked_and_sent(image) for image in images] for kind, images in variants.items()}
    results["all together"] = [result for some in results.values() for result in some]
    rows = []
    for kind, some in results.items():
        ratios, found, scores, wrong = zip(*some, strict=True)
        low = wilson_interval(sum(found), len(found))[0]
        rows.append(
            (kind, len(found), min(ratios), _share(sum(found), len(found)), f"{low:.1%}", min(scores), sum(wrong))
        )
    columns = (
        "augmented from", "images", "least PSNR [dB]", "found after JPEG 75", "at least (95 %)", "least score",
        "found in unmarked ones or by another key",
    )  # fmt: skip
    return Table("Invisible mark on the augmenter's images, all styles", columns, tuple(rows))


def robustness(variants: dict[str, list[np.ndarray]]) -> Table:
    """What the mark outlives."""
    marked = {kind: [embed(image) for image in images] for kind, images in variants.items()}
    rows = []
    for name, journey in tqdm(JOURNEYS.items(), desc="journeys", disable=None):
        shares = [_found(map(journey, images), len(images)) for images in marked.values()]
        rows.append((name, *shares))
    return Table("Invisible mark: share found after what happens to images", ("journey", *marked), tuple(rows))


def small_images(variants: dict[str, list[np.ndarray]]) -> Table:
    """Pieces of images marked on their own, found after JPEG 75: below some size there is no room for a mark."""
    rows = []
    for height, width in SIDES:
        pieces = {kind: [embed(_middle(image, height, width)) for image in images] for kind, images in variants.items()}
        shares = [_found((jpeg(piece, 75) for piece in some), len(some)) for some in pieces.values()]
        rows.append((f"{width}x{height}", *shares))
    return Table("Invisible mark: small images, share found after JPEG 75", ("size", *variants), tuple(rows))


def share_of_frame_time(augmenter: ImageAugmenter, picture: np.ndarray, repeats: int) -> Table:
    """Embedding beside all the rest of making and judging a variant; processor time is what a busy machine leaves."""
    rows = []
    for height, width in SIZES:
        image = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
        making = np.median([_timed(augmenter.augment, image) for _ in range(repeats + 2)][2:], axis=0)
        embedding = np.median([_timed(embed, image) for _ in range(repeats + 2)][2:], axis=0)
        share = embedding / (making + embedding)
        rows.append((f"{width}x{height}", *map(float, making), *map(float, embedding), f"{share[1]:.1%}"))
    columns = ("size", "variant ms", "processor ms", "mark ms", "mark, processor ms", "share of processor time")
    return Table("Invisible mark: time", columns, tuple(rows))


def _variants(augmenter: ImageAugmenter, images: list[np.ndarray], seed: int, kind: str) -> list[np.ndarray]:
    """One of each image, in all styles in turn."""
    return [
        augmenter.augment(image, style=augmenter.styles[i % len(augmenter.styles)], seed=seed + i).image
        for i, image in enumerate(tqdm(images, desc=kind, disable=None))
    ]


def _marked_and_sent(image: np.ndarray) -> tuple[float, bool, float, int]:
    """(PSNR [dB], found after JPEG 75, with which score, how often found where it is not)"""
    marked = embed(image)
    after = detect(jpeg(marked, 75))
    wrong = detect(image).is_synthetic + detect(marked, key=OTHER_KEY).is_synthetic
    return _psnr(image, marked), after.is_synthetic, after.score, int(wrong)


def _found(images, count: int) -> str:
    return _share(sum(detect(image).is_synthetic for image in images), count)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}"


def _middle(image: np.ndarray, height: int, width: int) -> np.ndarray:
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    return np.ascontiguousarray(image[top : top + height, left : left + width])


def _psnr(image: np.ndarray, marked: np.ndarray) -> float:
    error = np.mean((image.astype(float) - marked) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def _timed(call, image: np.ndarray) -> tuple[float, float]:
    wall, processor = time.perf_counter(), time.process_time()
    call(image)
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - processor)
