"""The stopwatch against an echo: it counts what comes back, and a node that keeps what it gets does not pass."""

import os
import time
from xml.etree import ElementTree

import numpy as np
import pytest
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

from genmodels_ros.nodes.camera import augmenter_benchmark, stopwatch
from genmodels_ros.nodes.camera.augmenter_benchmark import Camera, run, scene, soak_table
from genmodels_ros.nodes.camera.stopwatch import Stopwatch

SMALL = Camera(32, 24, 0.0)


@pytest.fixture
def watch(graph, wait_until):
    """A Stopwatch, and an echo in place of the augmenter that runs `watch.on_frame` first and may answer nothing."""
    watch = graph.add(Stopwatch())
    watch.on_frame = lambda message: True
    back = graph.publisher(Image, "image_augmenter/image")

    def echo(message):
        if watch.on_frame(message):
            back.publish(message)

    there = graph.node.create_subscription(Image, "image_raw", echo, qos_profile_sensor_data)
    assert wait_until(lambda: watch._image.get_subscription_count() and back.get_subscription_count())
    yield watch
    graph.node.destroy_subscription(there)
    graph.node.destroy_publisher(back)
    graph.remove(watch)


def test_each_answered_frame_has_a_latency(watch):
    watch.on_frame = lambda message: time.sleep(0.02) or True
    latencies, memory = run(watch, SMALL, 10, os.getpid())
    assert len(latencies) == 10 and np.all(latencies >= 20.0) and len(memory) == 10


def test_frames_that_nobody_answers_are_left_out(watch, monkeypatch):
    monkeypatch.setattr(stopwatch, "ANSWER", 0.1)
    watch.on_frame = lambda message: message.header.stamp.nanosec % 20_000_000 == 0
    latencies, _ = run(watch, SMALL, 6, os.getpid())
    assert len(latencies) == 3


def test_a_camera_keeps_its_rate(watch):
    started = time.monotonic()
    run(watch, Camera(32, 24, 50.0), 10, os.getpid())
    assert 0.19 <= time.monotonic() - started


def test_memory_that_grows_with_the_frames_does_not_pass(watch, monkeypatch):
    level = iter(np.linspace(100e6, 120e6, 100))
    monkeypatch.setattr(augmenter_benchmark, "resident", lambda pid: next(level))
    assert not soak_table(watch, os.getpid(), 100)[1]
    monkeypatch.setattr(augmenter_benchmark, "resident", lambda pid: 100e6)
    table, flat = soak_table(watch, os.getpid(), 20)
    assert flat and table.rows[0][1] == 20


def test_the_scene_has_labels_of_its_size():
    image, labels = scene(Camera(64, 48, 0.0))
    assert image.shape == (48, 64, 3) and labels.shape == (48, 64) and len(np.unique(labels)) > 3


def test_the_profile_has_shared_memory_for_the_largest_frames():
    root = ElementTree.parse(augmenter_benchmark.PROFILES).getroot()
    sizes = [int(one.text) for one in root.iter() if one.tag.endswith("segment_size")]
    assert sizes and min(sizes) > 4000 * 3000 * 3
