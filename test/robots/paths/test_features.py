"""What networks see does not change when arm and scene turn together, and paths survive the way there and back."""

import numpy as np
import pytest
import torch

from genmodels_ros.robots.description import load_robot, load_robot_from_description
from genmodels_ros.robots.distance import ObstacleField
from genmodels_ros.robots.obstacles import Box, Cylinder, Scene, Sphere
from genmodels_ros.robots.paths.features import (
    OVERLAP,
    PathGeometry,
    deviation,
    num_path_features,
    paths_of,
    query_features,
)
from genmodels_ros.robots.scene_arrays import rotation_matrices, scene_arrays
from genmodels_ros.robots.spheres import obstacle_distances, sphere_centers


@pytest.fixture(scope="module")
def robot():
    return load_robot("panda")


def scene(yaw: float = 0.0) -> Scene:
    quat_xyzw = np.array([0, 0, np.sin(yaw / 2), np.cos(yaw / 2)])
    turn = rotation_matrices(quat_xyzw)
    return Scene(
        (
            Box(turn @ [0.5, 0.2, 0.3], (0.2, 0.3, 0.4), quat_xyzw),
            Cylinder(turn @ [0.4, -0.4, 0.2], 0.1, 0.5),
            Sphere(turn @ [0.3, 0.0, 0.9], 0.1),
        )
    )


def test_paths_and_deviations_are_the_same_thing():
    rng = np.random.default_rng(0)
    start, goal, away = rng.normal(size=(5, 7)), rng.normal(size=(5, 7)), rng.normal(size=(5, 12, 7))
    paths = paths_of(start, goal, away)
    assert paths.shape == (5, 16, 7)
    for end in (0, 1):
        np.testing.assert_array_equal(paths[:, end], start)
        np.testing.assert_array_equal(paths[:, -1 - end], goal)
    np.testing.assert_allclose(deviation(paths), away, atol=1e-12)


def test_turning_arm_and_scene_together_changes_no_feature(robot):
    start, goal = robot.ready[None], robot.ready[None] + [[0.8, 0.3, 0.1, 0.2, 0.0, -0.4, 0.3]]
    turned = np.array([0.6, 0, 0, 0, 0, 0, 0])
    plain = query_features(robot, start, goal, [scene()], 12)
    other = query_features(robot, start + turned, goal + turned, [scene(0.6)], 12)
    for name in plain.__dataclass_fields__:
        np.testing.assert_allclose(getattr(plain, name), getattr(other, name), atol=2e-5, err_msg=name)


@pytest.mark.parametrize("up", [1, -1])
def test_the_symmetry_holds_whichever_way_the_first_joint_turns(up):
    source = load_robot("planar2").source
    urdf = source.urdf.replace('<axis xyz="0 0 1"/>', f'<axis xyz="0 0 {up}"/>', 1)
    arm = load_robot_from_description(urdf, source.settings)
    start, goal, turned = np.array([[0.1, 0.3]]), np.array([[0.9, -0.4]]), np.array([[0.6 * up, 0.0]])
    plain = query_features(arm, start, goal, [scene()], 12)
    other = query_features(arm, start + turned, goal + turned, [scene(0.6)], 12)
    for name in plain.__dataclass_fields__:
        np.testing.assert_allclose(getattr(plain, name), getattr(other, name), atol=2e-5, err_msg=name)


def test_an_arm_that_does_not_turn_about_the_vertical_is_seen_as_it_stands():
    source = load_robot("planar2").source
    arm = load_robot_from_description(source.urdf.replace("0 0 1", "0 1 0", 1), source.settings)
    features = query_features(arm, np.array([[0.4, 0.3]]), np.array([[0.8, 0.3]]), [scene()], 12)
    half = (arm.limits.upper - arm.limits.lower) / 2
    np.testing.assert_allclose(features.endpoints[0], [0.4, 0.3, 0.8, 0.3] / np.tile(half, 2), rtol=1e-5)


def test_features_show_where_the_straight_line_collides(robot):
    """A sphere put where the hand passes half-way lowers the last body's distance most in the middle."""
    start = robot.ready[None] - [[1.2, 0, 0, 0, 0, 0, 0]]
    goal = robot.ready[None] + [[1.2, 0, 0, 0, 0, 0, 0]]
    blocked = query_features(robot, start, goal, [Scene((Sphere((0.31, 0, 0.55), 0.1),))], 12)
    assert blocked.path_features.shape == (1, 12, num_path_features(robot))
    distance = blocked.path_features[0, :, -8]
    assert int(distance.argmin()) in range(3, 9) and distance.min() < 0 < distance[0]
    push = blocked.path_features[0, :, -7:].abs().sum(-1)
    assert push[5] > 2 * push[0]


def test_empty_scenes_and_scenes_of_different_size_go_together(robot):
    ends = np.repeat(robot.ready[None], 2, 0)
    features = query_features(robot, ends, ends + 0.1, [Scene(), scene()], 12)
    assert features.obstacle_mask.sum(1).tolist() == [0, 3]
    assert all(getattr(features, name).isfinite().all() for name in features.__dataclass_fields__)
    alone = query_features(robot, ends[1:], ends[1:] + 0.1, [scene()], 12)
    np.testing.assert_allclose(features.path_features[1:], alone.path_features, atol=1e-6)


def queries(robot):
    start, goal = np.repeat(robot.ready[None], 2, 0), robot.ready + np.array([[0.9, 0.3, 0, 0.4, 0, 0, 0], [-0.8] * 7])
    return start, goal, [scene(), Scene((Sphere((0.31, 0, 0.55), 0.1),))]


def test_the_push_is_the_gradient_of_the_overlap(robot):
    """Against finite differences of the spheres' distances, on the straight line."""
    start, goal, scenes = queries(robot)
    push = query_features(robot, start, goal, scenes, 12).path_features[..., -7:].double()
    line = torch.as_tensor(paths_of(start, goal, np.zeros((2, 12, 7)))[:, 2:-2])
    field = ObstacleField.from_arrays(scene_arrays(scenes))
    field = ObstacleField(field.table.double(), field.has_cylinders)

    def overlap(q):
        gaps = obstacle_distances(robot.spheres, sphere_centers(robot.chain, robot.spheres, q), field)
        return (OVERLAP - gaps).clamp(min=0).sum(-1)

    step = 1e-6 * torch.eye(7, dtype=torch.float64)
    slope = torch.stack([(overlap(line + h) - overlap(line - h)) / 2e-6 for h in step], dim=-1)
    assert slope.abs().amax() > 1
    torch.testing.assert_close(push, slope.clamp(-3, 3), atol=2e-3, rtol=2e-3)


def test_geometry_along_curves_is_that_of_the_line_without_deviation_and_moves_with_it(robot):
    start, goal, scenes = queries(robot)
    geometry = PathGeometry.of_queries(robot, start, goal, scenes)
    line = query_features(robot, start, goal, scenes, 12).path_features
    straight = geometry(torch.zeros(2, 1, 12, 7))[:, 0]
    # between the control points next to the ends and the curve itself there is a little way along the line
    torch.testing.assert_close(straight[:, 2:-2, :24], line[:, 2:-2, :24], atol=0.02, rtol=0)
    # balls around several spheres are nearer to the obstacles, never farther
    assert (straight[:, 2:-2, 24:31] <= line[:, 2:-2, 24:31] + 0.05).all()
    assert (straight[..., 24:31] - line[..., 24:31]).abs().mean() < 0.15
    away = torch.zeros(2, 3, 12, 7)
    away[:, 1, :, 3], away[:, 2, :, 0] = 0.4, 0.4
    features = geometry(away)
    assert features.shape == (2, 3, 12, num_path_features(robot))
    torch.testing.assert_close(features[:, 0], straight)
    assert (features[:, 1:] - features[:, :1]).abs().amax(-1).amin() > 0.01


def test_paths_of_one_query_do_not_see_the_scene_of_another(robot):
    start, goal, scenes = queries(robot)
    away = 0.3 * torch.randn(2, 4, 12, 7, generator=torch.Generator().manual_seed(0))
    together = PathGeometry.of_queries(robot, start, goal, scenes)(away)
    for i in range(2):
        alone = PathGeometry.of_queries(robot, start[i : i + 1], goal[i : i + 1], scenes[i : i + 1])(away[i : i + 1])
        torch.testing.assert_close(together[i], alone[0], atol=1e-5, rtol=1e-4)
