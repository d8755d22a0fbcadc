"""Signed distances agree with coal, their gradients with finite differences."""

import coal
import numpy as np
import pytest
import torch

from genmodels_ros.robots.collision.geometry import obstacle_geometry
from genmodels_ros.robots.distance import FAR, ObstacleField, clearance, distances
from genmodels_ros.robots.obstacles import Box, Cylinder, Scene, Sphere
from genmodels_ros.robots.scene_arrays import scene_arrays

SCENE = Scene(
    (
        Box((0.5, 0.1, 0.3), (0.2, 0.4, 0.1), (0.1, 0.2, 0.3, np.sqrt(0.86))),
        Cylinder((-0.3, 0.4, 0.5), 0.1, 0.5, (0.5, 0.5, -0.5, 0.5)),
        Sphere((0.2, -0.5, 0.6), 0.2),
    )
)


@pytest.mark.parametrize("index", range(3))
def test_signed_distances_agree_with_coal(index, rng):
    obstacle = SCENE.obstacles[index]
    shape, placement = obstacle_geometry(obstacle)
    points = obstacle.center + rng.uniform(-0.4, 0.4, (300, 3))
    ours = distances(ObstacleField.from_scene(Scene((obstacle,)), torch.float64), torch.as_tensor(points))[:, 0]
    request, ball, radius = coal.DistanceRequest(), coal.Sphere(0.01), 0.01
    for point, distance in zip(points, ours.numpy() - radius, strict=True):
        result = coal.DistanceResult()
        pose = coal.Transform3s(np.eye(3), point)
        coal.distance(shape, coal.Transform3s(placement.rotation, placement.translation), ball, pose, request, result)
        if distance > 0:  # where shapes overlap coal iterates to a depth of its own
            assert distance == pytest.approx(result.min_distance, abs=1e-6)
        else:
            assert result.min_distance < 1e-6


def test_signed_distances_agree_with_coal_for_any_pair(rng):
    """Random solids and random balls, many of which overlap: the sign is right, and the distance where they do not."""
    request, overlaps = coal.DistanceRequest(), 0
    for _ in range(600):
        quaternion = rng.normal(size=4)
        quaternion /= np.linalg.norm(quaternion)
        center, size = rng.uniform(-0.3, 0.3, 3), rng.uniform(0.01, 0.5, 3)
        obstacle = (Box(center, size, quaternion), Cylinder(center, *size[:2], quaternion), Sphere(center, size[0]))[
            rng.integers(3)
        ]
        point, radius = rng.uniform(-0.4, 0.4, 3), rng.uniform(0.001, 0.2)
        field = ObstacleField.from_scene(Scene((obstacle,)), torch.float64)
        ours = distances(field, torch.as_tensor(point)[None])[0, 0].item() - radius
        shape, placement = obstacle_geometry(obstacle)
        pose = coal.Transform3s(placement.rotation, placement.translation)
        at = coal.Transform3s(np.eye(3), point)
        theirs = coal.distance(shape, pose, coal.Sphere(radius), at, request, coal.DistanceResult())
        overlaps += ours < 0
        assert ours == pytest.approx(theirs, abs=1e-5) if ours > 0 else theirs < 1e-6
    assert 60 < overlaps < 540


def test_gradient_of_clearance_agrees_with_differences(rng):
    field = ObstacleField.from_scene(SCENE, torch.float64)
    points = torch.as_tensor(rng.uniform(-0.8, 0.8, (200, 3))).requires_grad_()
    (gradient,) = torch.autograd.grad(clearance(field, points).sum(), points)
    with torch.no_grad():
        for axis in range(3):
            shift = 1e-6 * torch.eye(3, dtype=torch.float64)[axis]
            difference = (clearance(field, points + shift) - clearance(field, points - shift)) / 2e-6
            close = (difference - gradient[:, axis]).abs() < 1e-5
            assert close.float().mean() > 0.99  # but for points beside an edge between two nearest faces
    torch.testing.assert_close(gradient.norm(dim=-1), torch.ones(200, dtype=torch.float64))


def test_values_are_the_same_with_and_without_a_graph(rng):
    field = ObstacleField.from_scene(SCENE, torch.float64)
    points = torch.as_tensor(rng.uniform(-0.8, 0.8, (200, 3)))
    with_graph = clearance(field, points.clone().requires_grad_()).detach()
    torch.testing.assert_close(clearance(field, points), with_graph)


def test_padding_is_far_and_scenes_stack(rng):
    points = torch.as_tensor(rng.uniform(-0.8, 0.8, (2, 20, 3)), dtype=torch.float32)
    one, empty = ObstacleField.from_scene(SCENE, size=8), ObstacleField.from_scene(Scene(), size=8)
    both = clearance(ObstacleField.stack([one, empty]), points.requires_grad_())
    torch.testing.assert_close(both[0], clearance(ObstacleField.from_scene(SCENE), points[0].detach()))
    assert (both[1] > FAR / 2).all()
    with pytest.raises(ValueError):
        ObstacleField.from_scene(SCENE, size=2)


def test_a_field_of_arrays_is_the_field_of_the_scenes():
    scenes = [SCENE, Scene(), Scene((Sphere((0.1, 0.2, 0.3), 0.05),))]
    expected = ObstacleField.stack([ObstacleField.from_scene(scene, size=4) for scene in scenes])
    field = ObstacleField.from_arrays(scene_arrays(scenes, 4))
    assert field.has_cylinders
    torch.testing.assert_close(field.table, expected.table, atol=1e-6, rtol=1e-6)
