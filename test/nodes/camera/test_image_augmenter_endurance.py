"""Frames by the hundred, and up and down: nothing is left behind. `make soak-augmenter` sends ten thousand."""

import ctypes
import gc
import os
import weakref
from pathlib import Path

import cv2
import numpy as np

from genmodels_ros.conversions.images import from_rgb
from genmodels_ros.nodes.camera.image_augmenter import ImageAugmenterNode

FRAMES, WARM_UP = 300, 60
GROWTH = 30e6  # bytes: half of the frames themselves; a short run ends before allocators have settled
SHAPES = ((240, 320), (200, 260))


def resident() -> float:
    """Bytes of memory that this process holds once free pages are given back, so that fragments do not count."""
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_frames_good_and_bad_leave_no_memory_behind(camera, node):
    camera.publish("boxes")
    images = [from_rgb(cv2.resize(camera.street.image, shape[::-1])) for shape in SHAPES]
    broken = from_rgb(np.zeros((4, 4, 3), np.uint8))
    broken.data = broken.data[:7]

    def finished():
        return len(node.monitor._finished) + node.monitor.num_errors

    levels = []
    for number in range(WARM_UP + FRAMES):
        if number == WARM_UP:
            before = resident()
        expected = finished() + 1
        camera.take(broken if number % 8 == 7 else images[number % len(images)])
        camera.wait_until(lambda more=expected: finished() >= more, 2.0)
        camera.clear()
        if number % 20 == 19:
            levels.append(resident())
    assert node.monitor.num_errors > FRAMES / 16 and len(node.monitor._finished) > FRAMES / 2
    assert min(levels[-3:]) - before < GROWTH, np.round(np.array(levels) / 1e6, 1)
    camera.fall_silent("boxes")
    camera.see()


def test_up_and_down_releases_everything(graph, wait_until):
    node = graph.add(ImageAugmenterNode(namespace="cycling"))
    blank = _parts(node)
    for _ in range(3):
        assert node.start()
        assert _parts(node) != blank
        model = weakref.ref(node.pipeline._model)
        node.trigger_deactivate()
        node.trigger_cleanup()
        assert node.pipeline is None and _parts(node) == blank

        def is_gone(reference=model):
            gc.collect()
            return reference() is None

        assert wait_until(is_gone, 20.0), "the model is let go"
    graph.remove(node)


def _parts(node) -> tuple[int, int, int]:
    return len(list(node.publishers)), len(list(node.subscriptions)), len(list(node.timers))
