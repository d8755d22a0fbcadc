"""What sensors measure and robots do in a real Gazebo server (`make gazebo`), held against MuJoCo.

Skipped where no Gazebo is installed.
"""

import mujoco
import numpy as np
import pytest

from genmodels_ros.robots.description import load_robot
from genmodels_ros.simulation.catalogue import DEMO_START, describe_world
from genmodels_ros.simulation.floor.walkers import WalkerMotion
from genmodels_ros.simulation.scenes import LabelClass
from genmodels_ros.simulation.world import World

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def mujoco_at():
    """mujoco_at(time) → MuJoCo's world as it starts, but with its people where they are at that time."""
    description = describe_world("both")
    world = World(description, base_pose=DEMO_START)

    def at(time: float) -> World:
        world.walkers = [WalkerMotion(walker) for walker in description.floor.walkers]
        for walker in world.walkers:
            for _ in range(round(time / 0.02)):
                walker.advance(0.02)
        world._place_walkers()
        mujoco.mj_forward(world.model, world.data)
        return world

    yield at
    world.close()


def array_of(image: dict, kind: str) -> np.ndarray:
    """[H, W, -1] of a picture's bytes."""
    return np.frombuffer(image["data"][-1], kind).reshape(int(image["height"][0]), int(image["width"][0]), -1)


def vector(message: dict) -> np.ndarray:
    """[3] of x, y, z; what is zero is not written."""
    return np.array([message.get(axis, [0.0])[0] for axis in "xyz"])


def test_lidar_measures_what_mujocos_measures(running, mujoco_at):
    (scan,) = running.listen("/scan")
    ranges, expected = np.array(scan["ranges"], float), mujoco_at(running.stamp_of(scan)).scan()
    assert len(ranges) == 360 and scan["angle_min"][0] == pytest.approx(-np.pi, abs=1e-5)
    assert np.mean(np.abs(ranges - expected) < 0.06) > 0.9


def test_camera_and_labels_show_what_mujocos_show(running, mujoco_at):
    (image,), (labels,) = (running.listen(topic) for topic in ("/image_raw", "/label_image/labels_map"))
    assert array_of(image, np.uint8).shape == (240, 320, 3) and array_of(image, np.uint8).std() > 15
    seen, expected = array_of(labels, np.uint8), mujoco_at(running.stamp_of(labels)).labels()
    assert (seen == seen[..., :1]).all()
    still = (seen[..., 0] != LabelClass.PERSON) & (expected != LabelClass.PERSON)  # figures differ below the hips
    assert still.mean() > 0.3 and (seen[..., 0] == expected)[still].mean() > 0.95


def test_the_arms_camera_sees_mujocos_depth_and_colours(running, mujoco_at):
    depth, colours = (running.listen(f"/overview_camera/{name}")[0] for name in ("depth_image", "image"))
    expected_colours, expected = mujoco_at(0.0).arm_camera("overview_camera")
    found = array_of(depth, np.float32)[..., 0]
    both = np.isfinite(found) & np.isfinite(expected)
    assert both.mean() > 0.7 and np.median(np.abs(found - expected)[both]) < 0.005
    means = [picture.mean(axis=(0, 1)) for picture in (array_of(colours, np.uint8), expected_colours)]
    assert np.abs(means[0] - means[1]).max() < 15, "no light is too bright, no colour too pale"


def test_what_is_loose_lies_where_mujocos_does(running, mujoco_at):
    poses = running.listen("/world/both/dynamic_pose/info")[0]["pose"]
    place = next(pose["position"][0] for pose in poses if pose["name"][0] == b"cell_11_parcel")
    assert vector(place) == pytest.approx(mujoco_at(0.0).data.body("cell_11_parcel").xpos, abs=1e-3)


def test_imu_feels_gravity_alone(running):
    (reading,) = running.listen("/imu")
    assert vector(reading["linear_acceleration"][0]) == pytest.approx([0, 0, 9.8], abs=0.15)
    assert np.abs(vector(reading["angular_velocity"][0])).max() < 0.02


def place(running) -> tuple[float, np.ndarray]:
    """Simulated s, and x, y of the base."""
    (odom,) = running.listen("/odom")
    return running.stamp_of(odom), vector(odom["pose"][0]["position"][0])[:2]


def speed(running) -> float:
    (before, there), (after, then) = place(running), place(running)
    return np.linalg.norm(then - there) / (after - before)


def test_base_drives_as_commanded_and_stops(running):
    _, start = place(running)
    assert start == pytest.approx(DEMO_START[:2], abs=0.01)
    running.say("/cmd_vel", "Twist", "linear: {x: 0.2}", lambda: speed(running) > 0.01)
    assert speed(running) == pytest.approx(0.2, rel=0.03)
    way = place(running)[1] - start
    running.say("/cmd_vel", "Twist", "linear: {x: 0.0}", lambda: speed(running) < 0.01)
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
