"""The worlds in a real Gazebo server (`make gazebo`), held against MuJoCo's where both know the answer.

Skipped where no Gazebo is installed. People walk on while a test looks, so pictures and scans agree but for them.
"""

from pathlib import Path

import mujoco
import numpy as np
import pytest
import yaml

import genmodels_ros
from genmodels_ros.robots.description import load_robot
from genmodels_ros.simulation.catalogue import DEMO_START, WORLDS, describe_world
from genmodels_ros.simulation.sdf_world import STEP, build_sdf, write_world
from genmodels_ros.simulation.walkers import WalkerMotion
from genmodels_ros.simulation.world import World

ROOT = Path(genmodels_ros.__file__).resolve().parent.parent
COMPLAINTS = ("[Err]", "[Wrn]", "Error", "Failed to load", "Could not find a plugin")
HARMLESS = ("Mesh skeleton in",)  # people are whole figures that glide: Gazebo draws them, and says so
RATES = {
    "/scan": 10, "/imu": 50, "/odom": 50, "/tf": 50, "/image_raw": 10, "/camera_info": 10,
    "/label_image/labels_map": 10, "/wrist_camera/image": 10, "/overview_camera/depth_image": 10,
}  # fmt: skip
CAMERAS = ("", "/label_image", "/wrist_camera", "/overview_camera")
FRAMES = {
    "/scan": "base_scan", "/imu": "imu_link", "/image_raw": "camera_optical_frame",
    "/label_image/labels_map": "camera_optical_frame", "/overview_camera/image": "overview_camera_optical_frame",
}  # fmt: skip
pytestmark = pytest.mark.timeout(600)


def complaints(log: str) -> list[str]:
    lines = [line for line in log.splitlines() if any(word in line for word in COMPLAINTS)]
    return [line for line in lines if not any(word in line for word in HARMLESS)]


@pytest.mark.parametrize("arm", [False, True])
@pytest.mark.parametrize("name", WORLDS)
def test_every_world_loads_and_steps_without_a_complaint(name, arm, gazebo, tmp_path):
    if arm and name == "floor":
        pytest.skip("no arm there")
    path = ROOT / "worlds" / f"{name}.sdf"
    if arm:
        path, description = tmp_path / f"{name}.sdf", describe_world(name)
        write_world(build_sdf(description, name), description, path)
    server = gazebo(path, "--iterations", "50")
    assert server.wait(120) == 0 and "World [" in server.log()
    assert not complaints(server.log())


@pytest.fixture(scope="module")
def described():
    return describe_world("both")


@pytest.fixture(scope="module")
def running(gazebo, described, tmp_path_factory):
    """The world `both` with its arm, running."""
    path = tmp_path_factory.mktemp("worlds") / "both.sdf"
    write_world(build_sdf(described, "both"), described, path)
    server = gazebo(path)
    server.wait_for("/overview_camera/depth_image")
    for topic in (*(f"{camera}/camera_info" for camera in CAMERAS), "/scan", "/imu"):
        server.keep(topic)
    server.listen("/clock", 1500)  # 3 s
    return server


@pytest.fixture(scope="module")
def mujoco_at(described):
    """mujoco_at(time) → MuJoCo's world as it starts, but with its people where they are at that time."""
    world = World(described, base_pose=DEMO_START)

    def at(time: float) -> World:
        world.walkers = [WalkerMotion(walker) for walker in described.floor.walkers]
        for walker in world.walkers:
            for _ in range(round(time / 0.02)):
                walker.advance(0.02, (100.0, 100.0, 0.2), False)
        world._place_walkers()
        mujoco.mj_forward(world.model, world.data)
        return world

    yield at
    world.close()


def array_of(image: dict, kind: str) -> np.ndarray:
    """[H, W, -1] of a picture's bytes."""
    return np.frombuffer(image["data"][-1], kind).reshape(int(image["height"][0]), int(image["width"][0]), -1)


def frame_of(message: dict) -> str:
    pairs = {pair["key"][0]: pair["value"][0] for pair in message["header"][0]["data"]}
    return pairs[b"frame_id"].decode()


def vector(message: dict) -> np.ndarray:
    """[3] of x, y, z; what is zero is not written."""
    return np.array([message.get(axis, [0.0])[0] for axis in "xyz"])


def test_what_is_bridged_is_there(running):
    bridges = (ROOT / "config" / "gazebo").glob("bridge_*.yaml")
    bridged = {entry["gz_topic_name"] for path in bridges for entry in yaml.safe_load(path.read_text())}
    assert len(bridged) > 15 and bridged <= running.topics() | {"/cmd_vel", "/joint_trajectory"}


@pytest.mark.parametrize("topic", RATES)
def test_sensors_speak_at_their_rates(topic, running, stamp_of):
    stamps = np.array([stamp_of(message) for message in running.listen(topic, 8)])
    assert np.median(np.diff(stamps)) == pytest.approx(1 / RATES[topic], abs=0.003)


def test_joint_states_come_at_their_rate_or_with_every_step(running, stamp_of):
    """Gazebo's publisher has an update_rate since gz-sim 10 only; earlier ones publish every step."""
    period = np.median(np.diff([stamp_of(message) for message in running.listen("/joint_states", 8)]))
    assert period == pytest.approx(0.01, abs=1e-4) or period == pytest.approx(STEP, abs=1e-4)


@pytest.mark.parametrize("topic", FRAMES)
def test_frames_are_those_of_the_simulation_node(topic, running):
    assert frame_of(running.listen(topic)[0]) == FRAMES[topic]


def test_lidar_measures_what_mujocos_measures(running, mujoco_at, stamp_of):
    (scan,) = running.listen("/scan")
    ranges, expected = np.array(scan["ranges"], float), mujoco_at(stamp_of(scan)).scan()
    assert len(ranges) == 360 and scan["angle_min"][0] == pytest.approx(-np.pi, abs=1e-5)
    assert np.mean(np.abs(ranges - expected) < 0.06) > 0.9


def test_camera_and_labels_show_what_mujocos_show(running, mujoco_at, stamp_of):
    (image,), (labels,) = (running.listen(topic) for topic in ("/image_raw", "/label_image/labels_map"))
    assert array_of(image, np.uint8).shape == (240, 320, 3) and array_of(image, np.uint8).std() > 15
    seen, expected = array_of(labels, np.uint8), mujoco_at(stamp_of(labels)).labels()
    assert (seen == seen[..., :1]).all() and np.mean(seen[..., 0] == expected) > 0.95


def test_depth_of_the_arms_camera_is_mujocos(running, mujoco_at):
    (image,) = running.listen("/overview_camera/depth_image")
    depth, expected = array_of(image, np.float32)[..., 0], mujoco_at(0.0).arm_camera("overview_camera")[1]
    both = np.isfinite(depth) & np.isfinite(expected)
    assert both.mean() > 0.7 and np.median(np.abs(depth - expected)[both]) < 0.005


def test_imu_feels_gravity_alone(running):
    (reading,) = running.listen("/imu")
    assert vector(reading["linear_acceleration"][0]) == pytest.approx([0, 0, 9.8], abs=0.15)
    assert np.abs(vector(reading["angular_velocity"][0])).max() < 0.02


def place(running, stamp_of) -> tuple[float, np.ndarray]:
    """Simulated s, and x, y of the base."""
    (odom,) = running.listen("/odom")
    return stamp_of(odom), vector(odom["pose"][0]["position"][0])[:2]


def speed(running, stamp_of) -> float:
    (before, there), (after, then) = place(running, stamp_of), place(running, stamp_of)
    return np.linalg.norm(then - there) / (after - before)


def test_base_drives_as_commanded_and_stops(running, stamp_of):
    _, start = place(running, stamp_of)
    assert start == pytest.approx(DEMO_START[:2], abs=0.01)
    running.say("/cmd_vel", "Twist", "linear: {x: 0.2}", lambda: speed(running, stamp_of) > 0.01)
    assert speed(running, stamp_of) == pytest.approx(0.2, rel=0.03)
    way = place(running, stamp_of)[1] - start
    running.say("/cmd_vel", "Twist", "linear: {x: 0.0}", lambda: speed(running, stamp_of) < 0.01)
    assert np.arctan2(way[1], way[0]) == pytest.approx(DEMO_START[2], abs=0.02), "straight on"


def joints(running) -> dict[str, float]:
    (state,) = running.listen("/joint_states")
    return {joint["name"][0].decode(): joint["axis1"][0].get("position", [0.0])[0] for joint in state["joint"]}


def test_arm_goes_where_a_trajectory_ends_and_the_fingers_stay(running):
    robot = load_robot()
    goal = robot.ready + np.array([0.4, 0, 0, 0, 0, 0, 0.3])
    names = " ".join(f'joint_names: "{name}"' for name in robot.joint_names)
    point = " ".join(f"positions: {value}" for value in goal) + " time_from_start { sec: 1 }"

    def away() -> float:
        now = joints(running)
        return np.abs([now[name] for name in robot.joint_names] - goal).max()

    running.say("/joint_trajectory", "JointTrajectory", f"{names} points {{ {point} }}", lambda: away() < 0.39)
    running.listen("/clock", 1500)  # 3 s
    assert away() < 0.01
    assert [joints(running)[name] for name in robot.finger_joints] == pytest.approx([0.04, 0.04], abs=1e-3)
