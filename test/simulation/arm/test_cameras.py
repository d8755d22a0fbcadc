from pathlib import Path

import mujoco
import numpy as np
import pytest
import yaml

import genmodels_ros
from genmodels_ros.robots.scene.depth import PinholeCamera, depth_points
from genmodels_ros.robots.urdf import pose_matrix
from genmodels_ros.simulation.arm.cameras import looking_at, panda_cameras
from genmodels_ros.simulation.catalogue import describe_world
from genmodels_ros.simulation.geoms import ARM
from genmodels_ros.simulation.world import World

OPTICAL = pose_matrix((0, 0, 0), (-np.pi / 2, 0, -np.pi / 2))  # z forward, x right, y down, in a frame with x forward


@pytest.fixture(scope="module")
def world():
    made = World(describe_world("arm_cell"))
    mujoco.mj_forward(made.model, made.data)
    yield made
    made.close()


@pytest.mark.parametrize("camera", panda_cameras(), ids=lambda camera: camera.name)
def test_points_lie_on_what_is_there(world, camera):
    """Seen points, put where the camera's pose says, are on an obstacle of the scene, the arm or the floor."""
    rgb, depth = world.arm_camera(camera.name)
    assert rgb.shape == (camera.height, camera.width, 3) and np.ptp(rgb) > 100
    f = camera.focal_length
    pinhole = PinholeCamera(camera.width, camera.height, f, f, camera.width / 2, camera.height / 2)
    body, base = world.data.body(ARM + camera.parent), np.array(world.description.arm_cell.position)
    map_from_parent = np.eye(4)
    map_from_parent[:3, :3], map_from_parent[:3, 3] = body.xmat.reshape(3, 3), body.xpos
    map_from_optical = map_from_parent @ pose_matrix(camera.position, camera.rpy) @ OPTICAL
    points = depth_points(depth, pinhole, map_from_optical) - base
    scene = world.description.arm_cell.scene
    box = next(o for o in scene.boxes if o.id == "parcel")
    low, high = box.center - box.dims / 2, box.center + box.dims / 2
    on_top = (abs(points[:, 2] - high[2]) < 0.01) & ((points[:, :2] > low[:2]) & (points[:, :2] < high[:2])).all(axis=1)
    on_table = abs(points[:, 2] + 0.01) < 0.005
    assert on_top.sum() > 100 and on_table.sum() > 5000, (on_top.sum(), on_table.sum())


def test_depth_ends_where_the_camera_does(world):
    _, depth = world.arm_camera("overview_camera")
    assert np.nanmax(depth[np.isfinite(depth)]) <= panda_cameras()[1].far


@pytest.mark.parametrize("target", [(2, 1, 0), (-1, 3, 2), (0.5, 0, -4)])
def test_a_camera_looks_at_its_target_and_stays_level(target):
    camera = looking_at("eye", "base", (0.4, 0.2, 1.0), target)
    rotation = pose_matrix((0, 0, 0), camera.rpy)[:3, :3]
    ahead = np.subtract(target, camera.position)
    np.testing.assert_allclose(rotation[:, 0], ahead / np.linalg.norm(ahead), atol=1e-9)
    assert rotation[2, 1] == pytest.approx(0, abs=1e-9) and rotation[2, 2] > 0


def test_the_seeing_arms_parameters_hold_the_overview_cameras_pose():
    text = (Path(genmodels_ros.__file__).resolve().parent.parent / "config" / "seeing_arm.yaml").read_text()
    parameters = yaml.safe_load(text)["/**/trajectory_generator"]["ros__parameters"]
    *position, x, y, z, w = parameters["perception.camera_pose"]
    camera = panda_cameras()[1]
    expected = pose_matrix(camera.position, camera.rpy) @ OPTICAL
    np.testing.assert_allclose(position, expected[:3, 3])
    ahead = [2 * (x * z + y * w), 2 * (y * z - x * w), 1 - 2 * (x * x + y * y)]
    np.testing.assert_allclose(ahead, expected[:3, 2], atol=1e-4)
    right = [1 - 2 * (y * y + z * z), 2 * (x * y + z * w), 2 * (x * z - y * w)]
    np.testing.assert_allclose(right, expected[:3, 0], atol=1e-4)
