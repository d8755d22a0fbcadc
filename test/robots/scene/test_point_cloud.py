"""Obstacles from points: every point in a box, but for the robot's own and those it cannot touch."""

import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.kinematics import forward
from genmodels_ros.robots.scene.depth import PinholeCamera, depth_points
from genmodels_ros.robots.scene.point_cloud import PerceptionSettings, perceive, reach
from genmodels_ros.robots.spheres import sphere_centers

ROBOT = load_robot("panda")
READY = ROBOT.ready


def in_boxes(points: np.ndarray, scene) -> np.ndarray:
    """Which of points [M, 3] lie in a box: [M] bool."""
    lower = np.array([box.center - box.dims / 2 for box in scene.boxes]).reshape(-1, 3)
    upper = np.array([box.center + box.dims / 2 for box in scene.boxes]).reshape(-1, 3)
    return ((points[:, None] >= lower) & (points[:, None] <= upper)).all(axis=2).any(axis=1)


def from_spheres(points: np.ndarray, q) -> np.ndarray:
    """Distance [M] to the robot's spheres at q."""
    centers = sphere_centers(ROBOT.chain, ROBOT.spheres, torch.as_tensor(q)).numpy()
    return (np.linalg.norm(points[:, None] - centers, axis=-1) - ROBOT.spheres.radii).min(axis=1)


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.01, 0.03, 0.08]),
    st.sampled_from([1, 20, 200]),
    st.sampled_from([np.float32, np.float64]),
)
@settings(deadline=None, max_examples=30)
def test_every_point_is_in_a_box_unless_on_the_robot_or_out_of_reach(seed, voxel_size, max_boxes, dtype):
    rng = np.random.default_rng(seed)
    points = rng.normal(0, rng.choice([0.1, 0.6]), (500, 3)).astype(dtype)
    q = rng.uniform(ROBOT.limits.lower, ROBOT.limits.upper)
    chosen = PerceptionSettings(voxel_size, max_boxes, robot_margin=0.02)
    perceived = perceive(points, ROBOT, q, chosen)
    assert perceived.voxel_size >= voxel_size - 1e-12
    half_cell = voxel_size / 3 * 3**0.5 / 2
    kept = (np.linalg.norm(points, axis=1) < reach(ROBOT)) & (from_spheres(points, q) > 0.02 + half_cell + 1e-5)
    assert in_boxes(points[kept], perceived.scene).all()


@pytest.mark.parametrize("max_boxes", [1, 30, 200])
def test_boxes_are_few_and_leave_the_robot_its_room(max_boxes):
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.uniform(-1, 1, (3000, 3)) * [1, 1, 0], rng.uniform(-1, 1, (300, 3))])
    for q in (READY, READY + 0.3, np.array([0, 0, 0, -1.5, 0, 1.5, 0])):
        scene = perceive(points, ROBOT, q, PerceptionSettings(max_boxes=max_boxes)).scene
        assert CollisionChecker(ROBOT, scene).contact(q) is None
        assert len(scene.obstacles) <= max(2 * max_boxes, 60)


def test_voxels_stay_small_where_the_boxes_are_few():
    points = np.array([0.5, 0.2, 0.3]) + np.random.default_rng(0).uniform(0, 0.1, (1000, 3))
    perceived = perceive(points, ROBOT, READY)
    assert perceived.voxel_size == pytest.approx(0.03)
    lower = min(tuple(box.center - box.dims / 2) for box in perceived.scene.boxes)
    assert (np.array(lower) > points.min(axis=0) - 0.0301).all(), "a box stands out by less than a voxel"


def test_the_robot_is_no_obstacle_to_itself():
    centers = sphere_centers(ROBOT.chain, ROBOT.spheres, torch.as_tensor(READY)).numpy()
    rng = np.random.default_rng(0)
    directions = rng.normal(size=(40, len(centers), 3))
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    skin = (centers + directions * (ROBOT.spheres.radii[:, None] + 0.01)).reshape(-1, 3)
    assert not perceive(skin, ROBOT, READY).scene.obstacles
    moved = perceive(skin, ROBOT, READY + 0.5).scene
    assert moved.obstacles and CollisionChecker(ROBOT, moved).in_collision(READY), "the same skin, of another thing"


def test_what_is_out_of_reach_or_no_number_is_left_aside():
    far = reach(ROBOT) + 0.01
    nan, inf = float("nan"), float("inf")
    points = np.array([[far, 0, 0], [0, 0, -far], [nan, 0.5, 0.5], [0.5, inf, 0.5], [1e30, 0, 0], [-inf, nan, 0]])
    assert not perceive(points.astype(np.float32), ROBOT, READY).scene.obstacles
    assert not perceive(np.empty((0, 3)), ROBOT, READY).scene.obstacles


def test_no_configuration_reaches_beyond_reach():
    q = np.random.default_rng(0).uniform(ROBOT.limits.lower, ROBOT.limits.upper, (2000, ROBOT.num_joints))
    farthest = torch.linalg.vector_norm(forward(ROBOT.chain, torch.as_tensor(q))[..., :3, 3], dim=-1).max()
    assert 0.5 < float(farthest) < reach(ROBOT)


def test_lonely_points_may_be_taken_for_noise():
    points = np.concatenate([np.full((5, 3), 0.505), [[0.505, -0.4, 0.3]]])
    assert len(perceive(points, ROBOT, READY).scene.obstacles) == 2
    assert len(perceive(points, ROBOT, READY, PerceptionSettings(min_points=2)).scene.obstacles) == 1


def test_a_wall_with_a_ball_before_it_is_where_it_is():
    camera = PinholeCamera(320, 240, 260.0, 260.0, 159.5, 119.5)
    # 1 m behind the robot and 0.6 m up, looking along x: optical z is base x, optical x is base -y.
    pose = np.array([[0.0, 0, 1, -1.0], [-1, 0, 0, 0], [0, -1, 0, 0.6], [0, 0, 0, 1]])
    columns, rows = np.meshgrid(np.arange(320), np.arange(240))
    rays = np.stack([(columns - 159.5) / 260, (rows - 119.5) / 260, np.ones_like(rows)], axis=-1)
    ball, radius = np.array([-0.3, 0.2, 1.5]), 0.12
    a, b, c = (rays * rays).sum(-1), rays @ ball, ball @ ball - radius**2
    hit = b * b - a * c
    depth = np.where(hit > 0, (b - np.sqrt(np.maximum(hit, 0))) / a, 1.8)
    scene = perceive(depth_points(depth, camera, pose), ROBOT, READY).scene
    middle = pose[:3, :3] @ ball + pose[:3, 3]
    probes = np.array([middle - [radius, 0, 0], [0.8, -0.3, 0.3], [0.8, 0.5, 0.8], middle - [radius + 0.05, 0, 0]])
    assert in_boxes(probes, scene).tolist() == [True, True, True, False]


def test_a_vga_depth_image_takes_less_than_a_frame_at_20_hz():
    camera = PinholeCamera(640, 480, 525.0, 525.0, 319.5, 239.5)
    pose = np.array([[0.0, 0, 1, -0.9], [-1, 0, 0, 0], [0, -1, 0, 0.6], [0, 0, 0, 1]])
    rng = np.random.default_rng(0)
    coarse = rng.uniform(0.9, 2.0, (12, 16))  # many steps in depth: a cluttered scene
    depth = np.kron(coarse, np.ones((40, 40))).astype(np.float32) * rng.normal(1, 0.002, (480, 640)).astype(np.float32)
    best = np.inf
    for _ in range(5):
        began = time.process_time()
        perceived = perceive(depth_points(depth, camera, pose), ROBOT, READY)
        best = min(best, time.process_time() - began)
    print(f"640x480 depth to {len(perceived.scene.obstacles)} boxes: {best * 1e3:.0f} ms of processor time")
    assert best < 0.15, "50 ms is usual; three times that on a busy machine"
