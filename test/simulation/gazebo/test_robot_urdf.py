"""The URDFs that Gazebo and robot_state_publisher get say what the description says."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
import yaml

import genmodels_ros
from genmodels_ros.robots.description import load_robot, load_robot_from_description
from genmodels_ros.robots.urdf import origin_transform, read_joints
from genmodels_ros.simulation.catalogue import describe_world
from genmodels_ros.simulation.gazebo.robot_urdf import arm_urdf, base_urdf
from genmodels_ros.simulation.gazebo.world import build_sdf

CONTROLLERS = Path(genmodels_ros.__file__).resolve().parent.parent / "config" / "gazebo" / "ros2_controllers.yaml"
WORLD = describe_world("both")
SDF = build_sdf(WORLD, "both").find("world")
ROBOT = load_robot()


@pytest.fixture(scope="module")
def controlled():
    return ElementTree.fromstring(arm_urdf(WORLD.arm_cell, CONTROLLERS, "left"))


def placed(text: str, frame: str, root: str) -> np.ndarray:
    """[4, 4] of a frame that only fixed joints lead to."""
    origin = {joint.child: joint for joint in read_joints(text).values()}
    pose = np.eye(4)
    while frame != root:
        pose, frame = origin[frame].parent_from_joint @ pose, origin[frame].parent
    return pose


def test_every_frame_that_the_base_stamps_with_is_where_its_sensor_is():
    text = base_urdf(WORLD)
    for sensor in SDF.find("model[@name='base']").iter("sensor"):
        frame, pose = sensor.findtext("gz_frame_id"), [float(v) for v in sensor.findtext("pose").split()]
        np.testing.assert_allclose(placed(text, frame, "base_link")[:3, 3], pose[:3], atol=1e-6, err_msg=frame)
    optical = placed(text, "camera_optical_frame", "camera_link")
    np.testing.assert_allclose(optical[:3, 2], [1, 0, 0], atol=1e-6)
    np.testing.assert_allclose(optical[:3, 1], [0, 0, -1], atol=1e-6)
    mass = ElementTree.fromstring(text).find("link/inertial/mass").get("value")
    assert float(mass) == WORLD.base.mass


def test_the_arms_camera_frames_are_there():
    text = arm_urdf(WORLD.arm_cell)
    for camera in WORLD.arm_cell.cameras:
        pose = placed(text, f"{camera.name}_link", camera.parent)
        np.testing.assert_allclose(pose[:3, 3], camera.position, atol=1e-6)
        assert {f"{camera.name}_optical_frame"} < {j.child for j in read_joints(text).values()}


def test_the_arm_stands_in_its_cell_and_is_the_same_arm():
    text = arm_urdf(WORLD.arm_cell)
    mount = ElementTree.fromstring(text).find("joint[@name='mount']")
    pose = origin_transform(mount.find("origin"))
    np.testing.assert_allclose(pose[:3, 3], WORLD.arm_cell.position, atol=1e-6)
    assert np.arctan2(pose[1, 0], pose[0, 0]) == pytest.approx(WORLD.arm_cell.yaw, abs=1e-6)
    again = load_robot_from_description(text, ROBOT.source.settings, ROBOT.source.srdf)
    for name in ("constant", "sine", "cosine"):
        np.testing.assert_allclose(getattr(again.chain, name), getattr(ROBOT.chain, name), atol=1e-12)


def test_meshes_are_files_that_exist():
    for mesh in ElementTree.fromstring(arm_urdf(WORLD.arm_cell)).iter("mesh"):
        assert mesh.get("filename").startswith("file:///") and Path(mesh.get("filename")[7:]).is_file()


def test_joints_are_commanded_unless_they_follow(controlled):
    control = controlled.find("ros2_control")
    assert control.findtext("hardware/plugin") == "gz_ros2_control/GazeboSimSystem"
    starts, commanded = {}, []
    for joint in control.findall("joint"):
        starts[joint.get("name")] = float(joint.find("state_interface[@name='position']").findtext("param"))
        commanded += [joint.get("name")] if joint.findall("command_interface") else []
    assert starts == pytest.approx(
        dict(zip(ROBOT.joint_names, ROBOT.ready, strict=True))
        | {name: ROBOT.finger_position for name in ROBOT.finger_joints}
    )
    assert tuple(commanded) == (*ROBOT.joint_names, "panda_finger_joint1"), "the other finger mimics"


def test_the_controllers_move_the_arms_joints_on_the_nodes_topic(controlled):
    settings = yaml.safe_load(CONTROLLERS.read_text())
    controller = settings["/**/joint_trajectory_controller"]["ros__parameters"]
    assert tuple(controller["joints"]) == ROBOT.joint_names
    assert {*ROBOT.joint_names} <= controller["constraints"].keys()
    step = float(SDF.findtext("physics/max_step_size"))
    assert settings["/**/controller_manager"]["ros__parameters"]["update_rate"] == pytest.approx(1 / step)
    (plugin,) = controlled.findall("gazebo/plugin")
    assert plugin.get("name") == "gz_ros2_control::GazeboSimROS2ControlPlugin"
    assert plugin.findtext("parameters") == str(CONTROLLERS)
    assert plugin.findtext("ros/namespace") == "/left"
    assert plugin.findtext("ros/remapping") == "~/joint_trajectory:=joint_trajectory"


def test_the_spawned_arm_has_the_camera_that_the_world_then_lacks(controlled):
    without = build_sdf(WORLD, "both", arm=False)
    spawned = {sensor.findtext("topic") for sensor in controlled.iter("sensor")}
    assert spawned == {"wrist_camera"}
    assert {s.get("name") for s in without.iter("sensor")} | spawned == {s.get("name") for s in SDF.iter("sensor")}
