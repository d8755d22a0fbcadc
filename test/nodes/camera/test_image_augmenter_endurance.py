"""Frames by the hundred, and up and down: nothing is left behind. `make soak-augmenter` sends ten thousand."""

import gc
import weakref

import cv2
import numpy as np

from genmodels_ros.conversions.images import from_rgb
from genmodels_ros.nodes.camera.image_augmenter import ImageAugmenterNode

FRAMES, WARM_UP = 300, 60
EVERY = 20  # frames between two readings of memory, in which the frames themselves hold 4 MB
SHAPES = ((240, 320), (200, 260))


def test_frames_good_and_bad_leave_no_memory_behind(camera, node, memory):
    camera.publish("boxes")
    images = [from_rgb(cv2.resize(camera.street.image, shape[::-1])) for shape in SHAPES]
    broken = from_rgb(np.zeros((4, 4, 3), np.uint8))
    broken.data = broken.data[:7]

    def finished():
        return len(node.monitor._finished) + node.monitor.num_errors

    for number in range(WARM_UP + FRAMES):
        if number >= WARM_UP and number % EVERY == 0:
            memory.read()
        expected = finished() + 1
        camera.take(broken if number % 8 == 7 else images[number % len(images)])
        camera.wait_until(lambda more=expected: finished() >= more, 2.0)
        camera.clear()
    assert node.monitor.num_errors > FRAMES / 16 and len(node.monitor._finished) > FRAMES / 2
    assert memory.objects_a_step < 5 * EVERY and memory.megabytes_a_step < 0.2 and memory.megabytes < 40, memory
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
