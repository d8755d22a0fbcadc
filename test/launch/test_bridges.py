"""The bridges to Gazebo carry every topic of the simulation node, with its type, from where the worlds put it."""

from pathlib import Path

import pytest
import yaml

import genmodels_ros
from genmodels_ros.nodes.simulation.topics import TRANSFORMS, add_sensors
from genmodels_ros.simulation.catalogue import describe_world
from genmodels_ros.simulation.gazebo.world import build_sdf
from genmodels_ros.simulation.world import World

FOLDER = Path(genmodels_ros.__file__).resolve().parent.parent / "config" / "gazebo"
BRIDGES = {path.stem: yaml.safe_load(path.read_text()) for path in sorted(FOLDER.glob("bridge_*.yaml"))}
ENTRIES = [entry for entries in BRIDGES.values() for entry in entries]
# Pairs of ros_gz_bridge (Jazzy), from the table in its README.
PAIRS = {
    "rosgraph_msgs/msg/Clock": "gz.msgs.Clock",
    "nav_msgs/msg/Odometry": "gz.msgs.Odometry",
    "tf2_msgs/msg/TFMessage": "gz.msgs.Pose_V",
    "sensor_msgs/msg/LaserScan": "gz.msgs.LaserScan",
    "sensor_msgs/msg/Imu": "gz.msgs.IMU",
    "sensor_msgs/msg/Image": "gz.msgs.Image",
    "sensor_msgs/msg/CameraInfo": "gz.msgs.CameraInfo",
    "sensor_msgs/msg/PointCloud2": "gz.msgs.PointCloudPacked",
    "sensor_msgs/msg/JointState": "gz.msgs.Model",
    "geometry_msgs/msg/Twist": "gz.msgs.Twist",
    "trajectory_msgs/msg/JointTrajectory": "gz.msgs.JointTrajectory",
}
KEYS = {"ros_topic_name", "gz_topic_name", "ros_type_name", "gz_type_name", "direction", "publisher_queue"}
COMMANDS = {"cmd_vel": "geometry_msgs/msg/Twist", "joint_trajectory": "trajectory_msgs/msg/JointTrajectory"}


class Recorder:
    """Takes the place of the simulation node and notes what it would publish."""

    def __init__(self):
        self.topics: dict[str, tuple[str, int]] = {}

    def value(self, name: str) -> float:
        return 1.0

    def add_publisher(self, message, topic: str, qos=10):
        depth = qos if isinstance(qos, int) else qos.depth
        self.topics[topic] = f"{message.__module__.split('.')[0]}/msg/{message.__name__}", depth


@pytest.fixture(scope="module")
def simulated() -> dict[str, tuple[str, int]]:
    """Topic: (type, depth) of the simulation node's sensors."""
    node = Recorder()
    add_sensors(node, World(describe_world("both")))
    return node.topics


def outputs_of(world) -> set[str]:
    """Gazebo topics on which an SDF world publishes."""
    suffixes = {
        "gpu_lidar": ("",),
        "imu": ("",),
        "camera": ("",),
        "segmentation": ("/labels_map",),
        "rgbd_camera": ("/image", "/depth_image", "/points", "/camera_info"),
    }
    topics = {"/clock"}
    for sensor in world.iter("sensor"):
        topics |= {f"/{sensor.findtext('topic')}{suffix}" for suffix in suffixes[sensor.get("type")]}
        if sensor.get("type") == "camera":
            topics.add("/camera_info")  # beside the image
    for plugin in world.iter("plugin"):
        if plugin.get("name").endswith(("OdometryPublisher", "JointStatePublisher")):
            names = (plugin.findtext(tag) for tag in ("topic", "odom_topic", "tf_topic"))
            topics |= {f"/{name}" for name in names if name}
    return topics


def test_every_topic_of_the_simulation_is_bridged_with_its_type_and_depth(simulated):
    bridged = {e["ros_topic_name"]: e for e in ENTRIES if e["direction"] == "GZ_TO_ROS"}
    expected = dict(simulated) | {"/clock": ("rosgraph_msgs/msg/Clock", 1)}
    if TRANSFORMS is None:
        expected["tf"] = ("tf2_msgs/msg/TFMessage", 10)
    assert {"scan", "odom", "imu", "image_raw", "label_image", "wrist_camera/points"} <= simulated.keys()
    found = {name: (entry["ros_type_name"], entry["publisher_queue"]) for name, entry in bridged.items()}
    assert found == expected


def test_commands_go_the_other_way():
    there = {e["ros_topic_name"]: e["ros_type_name"] for e in ENTRIES if e["direction"] == "ROS_TO_GZ"}
    assert there == COMMANDS


def test_gazebo_publishes_and_listens_there():
    world = build_sdf(describe_world("both"), "both").find("world")
    outputs = outputs_of(world)
    inputs = {
        f"/{plugin.findtext('topic')}"
        for plugin in world.iter("plugin")
        if plugin.get("name").endswith(("DiffDrive", "JointTrajectoryController"))
    }
    for entry in ENTRIES:
        assert entry["gz_topic_name"] in (outputs if entry["direction"] == "GZ_TO_ROS" else inputs), entry
    assert outputs == {e["gz_topic_name"] for e in ENTRIES if e["direction"] == "GZ_TO_ROS"}, "nothing is left out"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["ros_topic_name"])
def test_entries_are_what_ros_gz_bridge_reads(entry):
    keys = KEYS if entry["direction"] == "GZ_TO_ROS" else KEYS - {"publisher_queue"} | {"subscriber_queue"}
    assert entry.keys() - {"lazy"} == keys
    assert PAIRS[entry["ros_type_name"]] == entry["gz_type_name"]
    is_camera = entry["ros_type_name"].rsplit("/", 1)[1] in ("Image", "CameraInfo", "PointCloud2")
    assert entry.get("lazy", False) == is_camera, "nobody pays for pictures that nobody looks at"
    assert entry["ros_topic_name"].startswith("/") == (entry["ros_topic_name"] == "/clock"), "names take a namespace"


def test_no_topic_is_bridged_twice():
    names = [entry["ros_topic_name"] for entry in ENTRIES]
    assert len(names) == len(set(names))
