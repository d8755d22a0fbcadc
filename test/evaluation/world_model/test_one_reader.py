"""One drive, told as a rosbag2, as a CARMEN log and as rows of the simulation: the same observations."""

import math

import numpy as np
import pytest
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from genmodels_ros.data.episodes import Episodes
from genmodels_ros.data.recordings import open_recording
from genmodels_ros.evaluation.world_model.recorded_scans import to_observations
from genmodels_ros.evaluation.world_model.simulated_drives import observations_of
from genmodels_ros.simulation.floor.layouts import random_floor_plan
from genmodels_ros.simulation.scenes import Base, Lidar, WorldDescription
from genmodels_ros.simulation.world import World

STORE = get_typestore(Stores.ROS2_JAZZY)
RANGE_MIN, RANGE_MAX, STEP, BEAMS = 0.12, 12.0, 0.2, 360
START, INCREMENT = -math.pi, 2 * math.pi / BEAMS
V, W = 0.12, 0.3


@pytest.fixture(scope="module")
def drive():
    """Twelve rows of a robot that drives a circle; a few beams miss, a few tell nothing."""
    lidar, base = Lidar(noise=0.0, bursts=0.5, range_max=5.0), Base(slip=0.0, latency=0.0)
    world = World(WorldDescription(random_floor_plan(5, 2), None, base, lidar, None), seed=1)
    world.base.set_command(V, W)
    world.advance(1.0)
    rows = []
    for _ in range(12):
        odometry = world.base.odometry()
        rows.append((world.scan(), odometry.pose, odometry.twist, world.base.pose, (V, W)))
        world.advance(STEP)
    scan, odometry, twist, pose, command = (np.array(column) for column in zip(*rows, strict=True))
    assert np.isnan(scan).any() and np.isinf(scan).any() and np.isfinite(scan).any()
    nobody = np.full((len(rows), 1, 3), np.nan)
    touched, number = np.zeros(len(rows), bool), np.zeros(len(rows), int)
    return Episodes(scan.astype(np.float16), odometry, twist, pose, command, touched, nobody, number)


def make(name, **fields):
    return STORE.types[name](**fields)


def header(stamp):
    seconds = math.floor(stamp)
    time = make("builtin_interfaces/msg/Time", sec=seconds, nanosec=round((stamp - seconds) * 1e9))
    return make("std_msgs/msg/Header", stamp=time, frame_id="base_link")


def scan_message(stamp, ranges):
    return make(
        "sensor_msgs/msg/LaserScan", header=header(stamp), angle_min=START, angle_max=START + (BEAMS - 1) * INCREMENT,
        angle_increment=INCREMENT, time_increment=0.0, scan_time=STEP, range_min=RANGE_MIN, range_max=RANGE_MAX,
        ranges=ranges.astype(np.float32), intensities=np.zeros(0, np.float32),
    )  # fmt: skip


def odometry_message(stamp, pose, twist):
    vector = lambda x=0.0, z=0.0: make("geometry_msgs/msg/Vector3", x=float(x), y=0.0, z=float(z))  # noqa: E731
    half, covariance = float(pose[2]) / 2, np.zeros(36)
    at = make(
        "geometry_msgs/msg/Pose",
        position=make("geometry_msgs/msg/Point", x=float(pose[0]), y=float(pose[1]), z=0.0),
        orientation=make("geometry_msgs/msg/Quaternion", x=0.0, y=0.0, z=math.sin(half), w=math.cos(half)),
    )
    moving = make("geometry_msgs/msg/Twist", linear=vector(x=twist[0]), angular=vector(z=twist[1]))
    return make(
        "nav_msgs/msg/Odometry", header=header(stamp), child_frame_id="base_link",
        pose=make("geometry_msgs/msg/PoseWithCovariance", pose=at, covariance=covariance),
        twist=make("geometry_msgs/msg/TwistWithCovariance", twist=moving, covariance=covariance),
    )  # fmt: skip


def write_bag(folder, drive):
    with Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP) as bag:
        scans = bag.add_connection("/scan", "sensor_msgs/msg/LaserScan", typestore=STORE)
        odometry = bag.add_connection("/odom", "nav_msgs/msg/Odometry", typestore=STORE)
        for row in range(len(drive)):
            stamp = 100 + STEP * row
            for connection, message in (
                (odometry, odometry_message(stamp, drive.odometry[row], drive.twist[row])),
                (scans, scan_message(stamp, drive.scan[row])),
            ):
                bag.write(connection, int(stamp * 1e9), STORE.serialize_cdr(message, message.__msgtype__))
    return folder


def write_carmen(path, drive):
    """CARMEN knows no inf and NaN: the range's end is a miss, zero is nothing."""
    lines = []
    for row in range(len(drive)):
        ranges = np.nan_to_num(drive.scan[row].astype(float), nan=0.0, posinf=RANGE_MAX)
        pose, stamp = drive.odometry[row], 100 + STEP * row
        fields = ["ROBOTLASER1", 0, START, 2 * math.pi, INCREMENT, RANGE_MAX, 0.01, 0, BEAMS, *ranges, 0]
        fields += [*pose, *pose, 0, 0, 0, 0, 0, stamp, "host", stamp]
        lines.append(" ".join(str(field) for field in fields))
    path.write_text("\n".join(lines))
    return path


def test_three_recordings_of_a_drive_are_one_drive(drive, tmp_path):
    told = {
        "simulation": observations_of(drive),
        "rosbag": to_observations(open_recording(write_bag(tmp_path / "bag", drive))),
        "carmen": to_observations(open_recording(write_carmen(tmp_path / "drive.log", drive))),
    }
    for name, observations in told.items():
        assert len(observations) == len(drive), name
        for row, (mine, theirs) in enumerate(zip(told["simulation"], observations, strict=True)):
            theirs = theirs.checked()
            assert theirs.stamp - observations[0].stamp == pytest.approx(STEP * row, abs=1e-6)
            assert theirs.angle_min == pytest.approx(mine.angle_min, abs=1e-6)
            assert theirs.angle_increment == pytest.approx(mine.angle_increment, abs=1e-8)
            ours, given = mine.fan(), theirs.fan()
            np.testing.assert_array_equal(given.hit, ours.hit)
            np.testing.assert_array_equal(given.known, ours.known)
            np.testing.assert_allclose(given.ranges[given.hit], ours.ranges[ours.hit], atol=1e-6)
            np.testing.assert_allclose(theirs.pose[:2], mine.pose[:2], atol=1e-6)
            assert math.remainder(theirs.pose[2] - mine.pose[2], 2 * math.pi) == pytest.approx(0, abs=1e-6)
            if row:  # a CARMEN log's twist is the mean since the pose before
                np.testing.assert_allclose(theirs.twist, mine.twist, atol=0.02)
