"""rosbag2 folders: what the rosbags library writes is read back; damaged ones are refused."""

import math

import numpy as np
import pytest
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from genmodels_ros.data.image_codec import encode_png
from genmodels_ros.data.recordings import open_recording
from genmodels_ros.errors import GenModelsError

STORE = get_typestore(Stores.ROS2_JAZZY)


def make(name, **fields):
    return STORE.types[name](**fields)


def header(stamp):
    time = make("builtin_interfaces/msg/Time", sec=int(stamp), nanosec=round(stamp % 1 * 1e9))
    return make("std_msgs/msg/Header", stamp=time, frame_id="base_scan")


def scan(stamp, ranges):
    return make(
        "sensor_msgs/msg/LaserScan", header=header(stamp), angle_min=-math.pi, angle_max=math.pi,
        angle_increment=2 * math.pi / len(ranges), time_increment=0.0, scan_time=0.1, range_min=0.1, range_max=10.0,
        ranges=np.array(ranges, np.float32), intensities=np.zeros(0, np.float32),
    )  # fmt: skip


def vector(x=0.0, y=0.0, z=0.0):
    return make("geometry_msgs/msg/Vector3", x=float(x), y=float(y), z=float(z))


def twist(v, w):
    return make("geometry_msgs/msg/Twist", linear=vector(x=v), angular=vector(z=w))


def odometry(stamp, x, yaw):
    covariance = np.zeros(36)
    orientation = make("geometry_msgs/msg/Quaternion", x=0.0, y=0.0, z=math.sin(yaw / 2), w=math.cos(yaw / 2))
    pose = make(
        "geometry_msgs/msg/Pose", position=make("geometry_msgs/msg/Point", x=x, y=0.0, z=0.0), orientation=orientation
    )
    return make(
        "nav_msgs/msg/Odometry", header=header(stamp), child_frame_id="base_link",
        pose=make("geometry_msgs/msg/PoseWithCovariance", pose=pose, covariance=covariance),
        twist=make("geometry_msgs/msg/TwistWithCovariance", twist=twist(0.5, 0.1), covariance=covariance),
    )  # fmt: skip


def image(stamp, encoding="bgr8"):
    pixels = np.zeros((4, 6, 3), np.uint8)
    pixels[..., 0] = 200  # the first channel: blue in bgr8
    padded = np.concatenate([pixels.reshape(4, 18), np.zeros((4, 2), np.uint8)], axis=1)
    return make(
        "sensor_msgs/msg/Image", header=header(stamp), height=4, width=6, encoding=encoding, is_bigendian=0, step=20,
        data=padded.reshape(-1),
    )  # fmt: skip


def write(folder, topics):
    """topics: {name: [(seconds received, message), ...]}"""
    with Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP) as bag:
        for topic, messages in topics.items():
            connection = bag.add_connection(topic, messages[0][1].__msgtype__, typestore=STORE)
            for received, message in messages:
                bag.write(connection, int(received * 1e9), STORE.serialize_cdr(message, message.__msgtype__))
    return folder


def test_sensors_are_read_back_with_their_header_stamps(tmp_path):
    stamped = make("geometry_msgs/msg/TwistStamped", header=header(5.5), twist=twist(0.3, -0.2))
    recording = open_recording(write(tmp_path / "bag", {
        "/front/scan": [(7.0 + i, scan(5.0 + i, [1.0, math.inf, math.nan, 2.0])) for i in range(3)],
        "/odom": [(7.0, odometry(5.25, 0.5, 3.0)), (7.5, odometry(5.0, 0.0, 0.0))],
        "/cmd_vel": [(7.1, stamped)],
        "/camera/image_raw": [(7.2, image(5.1))],
    }))  # fmt: skip
    assert [item.stamp for item in recording.scans] == [5, 6, 7]
    assert recording.scans[0].ranges == pytest.approx([1, math.inf, math.nan, 2], nan_ok=True)
    assert [item.stamp for item in recording.odometry] == [5.0, 5.25]  # in the order of their stamps
    assert recording.odometry[1].pose == pytest.approx([0.5, 0, 3.0])
    assert recording.odometry[1].twist == pytest.approx([0.5, 0.1])
    assert recording.commands[0].stamp == 5.5 and recording.commands[0].twist == pytest.approx([0.3, -0.2])
    (picture,) = recording.images()
    assert picture.stamp == pytest.approx(5.1) and picture.image.shape == (4, 6, 3)
    assert picture.image[0, 0].tolist() == [0, 0, 200]


def test_plain_twists_use_the_time_they_were_received(tmp_path):
    recording = open_recording(
        write(tmp_path / "bag", {"/scan": [(1.0, scan(1.0, [1.0, 2.0]))], "/cmd_vel": [(7.25, twist(0.1, 0.2))]})
    )
    assert recording.commands[0].stamp == pytest.approx(7.25)


def test_the_busier_scan_topic_wins_and_bad_scans_are_counted(tmp_path):
    broken = scan(3.0, [1.0, 2.0])
    broken.angle_increment = 0.0
    recording = open_recording(write(tmp_path / "bag", {
        "/a": [(1.0, scan(1.0, [1.0, 2.0]))],
        "/b": [(1.0, scan(1.0, [3.0, 4.0])), (2.0, scan(2.0, [3.0, 4.0])), (3.0, broken)],
    }))  # fmt: skip
    assert len(recording.scans) == 2 and recording.scans[0].ranges[0] == 3
    assert any("/a" in note for note in recording.notes) and any("1 malformed" in note for note in recording.notes)


def test_bags_that_cannot_be_used_are_refused(tmp_path):
    no_sensor = write(tmp_path / "bag", {"/odom": [(1.0, odometry(1.0, 0.0, 0.0))]})
    with pytest.raises(GenModelsError, match="/odom"):
        open_recording(no_sensor)
    cut = write(tmp_path / "cut", {"/scan": [(1.0 + i, scan(1.0 + i, np.ones(360))) for i in range(20)]})
    for file in cut.glob("*.mcap"):
        file.write_bytes(file.read_bytes()[:300])
    with pytest.raises(GenModelsError):
        list(open_recording(cut).images())
    (tmp_path / "empty").mkdir()
    with pytest.raises(GenModelsError):
        open_recording(tmp_path / "empty")


def compressed(stamp, data):
    data = np.frombuffer(data, np.uint8)
    return make("sensor_msgs/msg/CompressedImage", header=header(stamp), format="rgb8; png compressed bgr8", data=data)


def test_compressed_images_are_read_back_and_cut_ones_refused(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    png = encode_png(picture)
    (read,) = open_recording(write(tmp_path / "bag", {"/image": [(1.0, compressed(1.0, png))]})).images()
    np.testing.assert_array_equal(read.image, picture)
    cut = open_recording(write(tmp_path / "cut", {"/image": [(1.0, compressed(1.0, png[:-20]))]}))
    with pytest.raises(GenModelsError, match=r"cut: .*truncated"):
        list(cut.images())


def test_unknown_encodings_are_named(tmp_path):
    recording = open_recording(write(tmp_path / "bag", {"/image": [(1.0, image(1.0, "32FC3"))]}))
    with pytest.raises(GenModelsError, match="32FC3"):
        list(recording.images())


@pytest.mark.parametrize("encoding", ["bayer_rggb8", "yuv422"])
def test_a_camera_s_raw_encodings_are_read_as_they_are_live(tmp_path, encoding):
    (read,) = open_recording(write(tmp_path / "bag", {"/image": [(1.0, image(1.0, encoding))]})).images()
    assert read.image.shape == (4, 6, 3)
