"""Image in, judged and marked image out: how long it takes."""

import os
import time

import numpy as np
import torch

from genmodels_ros.evaluation.tables import Table
from genmodels_ros.pipelines.camera.augmentation import ImageAugmenter

SIZES = ((256, 256), (240, 320), (480, 640))  # [H, W]
BARS = {(256, 256): 20, (480, 640): 10}  # frames/s on two cores


def tables(augmenter: ImageAugmenter, repeats: int) -> list[Table]:
    """With two threads and with one; the number of threads is left as it was found."""
    threads = torch.get_num_threads()
    try:
        rows = [row for count in (2, 1) for row in _rows(augmenter, repeats, count)]
    finally:
        torch.set_num_threads(threads)
    load = os.getloadavg()[0]
    notes = (
        f"Mark {'on' if augmenter.mark else 'off'}, quality gate on. Load of the machine (1 min): {load:.1f} on "
        f"{os.cpu_count()} cores; where it exceeds the cores, processor ms is the figure to trust.",
        "Bars on two cores: 256x256 20 frames/s, 640x480 10 frames/s.",
    )
    columns = ("size", "threads", "median ms", "p95 ms", "processor ms", "frames/s")
    return [Table(f"Augmenter, speed on {augmenter.device}", columns, tuple(rows), notes)]


def _rows(augmenter: ImageAugmenter, repeats: int, threads: int):
    torch.set_num_threads(threads)
    for height, width in SIZES:
        image = _picture(height, width)
        times = [_timed(augmenter, image, number) for number in range(repeats + 2)][2:]  # the first ones warm up
        median, cpu = np.median(times, axis=0)
        p95 = np.percentile([wall for wall, _ in times], 95)
        yield f"{width}x{height}", threads, float(median), float(p95), float(cpu), float(1000 / median)


def _picture(height: int, width: int) -> np.ndarray:
    """Something with edges and areas, as a camera's picture has."""
    y, x = np.mgrid[:height, :width]
    squares = ((y * 6 // height + x * 8 // width) % 2)[..., None] * np.array([90, 60, 40]) + 80
    return (squares + np.random.default_rng(0).integers(0, 12, (height, width, 3))).astype(np.uint8)


def _timed(augmenter: ImageAugmenter, image: np.ndarray, seed: int) -> tuple[float, float]:
    """(elapsed, processor) milliseconds; the second is what a busy machine leaves comparable."""
    wall, cpu = time.perf_counter(), time.process_time()
    augmenter.augment(image, seed=seed)
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)
