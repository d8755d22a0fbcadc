"""What the recorder writes is a rosbag2 recording that an independent reader understands."""

import time

import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rosbags.highlevel import AnyReader
from std_msgs.msg import String

from genmodels_interfaces.msg import ObstacleArray
from genmodels_ros.nodes.mission.recorder import Recorder, typestore


@pytest.fixture
def node():
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node("recorder_test", context=context)
    yield node
    node.destroy_node()
    rclpy.try_shutdown(context=context)


def test_recording_reads_back(tmp_path, node):
    recorder = Recorder(node, tmp_path / "bag", {"words": (String, 10, 0.0), "obstacles": (ObstacleArray, 10, 0.0)})
    words, obstacles = node.create_publisher(String, "words", 10), node.create_publisher(ObstacleArray, "obstacles", 10)
    executor = SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    scene = ObstacleArray()
    scene.header.frame_id = "panda_link0"
    deadline = time.monotonic() + 60
    while (
        recorder.counts.get("words", 0) < 3 or recorder.counts.get("obstacles", 0) < 1
    ) and time.monotonic() < deadline:
        words.publish(String(data="hello"))
        obstacles.publish(scene)
        executor.spin_once(timeout_sec=0.05)
    recorder.close()
    with AnyReader([tmp_path / "bag"], default_typestore=typestore()) as reader:
        messages = [(c.topic, reader.deserialize(raw, c.msgtype)) for c, _, raw in reader.messages()]
    assert sum(topic == "/words" for topic, _ in messages) == recorder.counts["words"] >= 3
    assert all(m.data == "hello" for topic, m in messages if topic == "/words")
    assert next(m for topic, m in messages if topic == "/obstacles").header.frame_id == "panda_link0"
    assert list((tmp_path / "bag").glob("*.mcap*")) and (tmp_path / "bag" / "metadata.yaml").exists()
