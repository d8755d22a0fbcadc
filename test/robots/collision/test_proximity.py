"""The numpy twins of kinematics and distances agree with the differentiable ones, and no near pair is left out."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from genmodels_ros.robots.collision.placement import body_frames, sphere_points
from genmodels_ros.robots.collision.proximity import Proximity
from genmodels_ros.robots.distance import ObstacleField, distance_and_gradient, distances, signed_distance
from genmodels_ros.robots.kinematics import bodies
from genmodels_ros.robots.obstacles import Box, Cylinder, LinkMargin, Scene, Sphere
from genmodels_ros.robots.spheres import self_distances, sphere_centers

SCENE = Scene(
    (
        Box((0.4, 0.1, 0.5), (0.2, 0.1, 0.3), (0, 0, 0.3826834, 0.9238795)),
        Sphere((0.3, -0.3, 0.6), 0.1),
        Cylinder((0.34, 0.0, 0.45), 0.04, 0.9, (0.5, 0.5, -0.5, 0.5)),
    )
)


@pytest.fixture
def q(panda, rng):
    return rng.uniform(panda.limits.lower, panda.limits.upper, (300, 7))


def test_frames_and_spheres_are_those_of_the_kinematics(panda, q):
    single = torch.tensor(q, dtype=torch.float32)
    frames = body_frames(panda.chain, q)
    expected = torch.stack(bodies(panda.chain, single))[:, :, :3].permute(0, 2, 3, 1)
    np.testing.assert_allclose(frames, expected, atol=2e-6)
    centers = sphere_centers(panda.chain, panda.spheres, single).permute(2, 1, 0)
    np.testing.assert_allclose(sphere_points(frames, panda.spheres), centers, atol=2e-6)


def test_distances_and_gradients_are_those_of_the_differentiable_field(rng):
    table = ObstacleField.from_scene(SCENE).table
    points = rng.uniform(-0.3, 1.2, (500, 3)).astype(np.float32)
    leaves = torch.tensor(points).requires_grad_()
    expected = distances(ObstacleField.from_scene(SCENE), leaves)
    for index in range(3):
        columns = np.repeat(table[index].numpy()[:, None], len(points), axis=1)
        (slope,) = torch.autograd.grad(expected[:, index].sum(), leaves, retain_graph=True)
        distance, gradient = distance_and_gradient(columns, points.T)
        np.testing.assert_allclose(distance, expected[:, index].detach(), atol=1e-6)
        np.testing.assert_allclose(signed_distance(columns, points.T), distance)
        np.testing.assert_allclose(gradient.T, slope, atol=1e-4)


def test_pairs_are_all_that_are_nearer_than_the_reach(panda, q):
    proximity = Proximity(panda, SCENE)
    placed = proximity.place(q)
    centers = sphere_centers(panda.chain, panda.spheres, torch.tensor(q, dtype=torch.float32))
    gaps = distances(ObstacleField.from_scene(SCENE), centers) - panda.spheres.tensor("radii", centers)[:, None]
    wanted = (gaps < 0.05) & torch.as_tensor(panda.spheres.near_obstacles)[:, None]
    pairs = proximity.obstacle_pairs(placed, 0.05)
    found = set(zip(pairs.sphere.tolist(), pairs.obstacle.tolist(), strict=True))
    assert found == {(s * len(q) + m, o) for m, s, o in wanted.nonzero().tolist()} and len(found) > 100
    close = self_distances(panda.spheres, centers) < 0.05
    pairs = proximity.self_pairs(placed, 0.05)
    found = {frozenset(pair) for pair in zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)}
    expected = {frozenset((panda.spheres.pairs[p] * len(q) + m).tolist()) for m, p in close.nonzero().tolist()}
    assert found == expected and len(found) > 100


def test_allowed_pairs_are_not_near_and_padded_spheres_are_nearer(panda, q):
    box, *others = SCENE.obstacles
    bare, letting = Proximity(panda, SCENE), Scene((replace(box, touch_links=("panda_hand",)), *others))
    proximity = Proximity(panda, letting + Scene(margins=(LinkMargin("panda_link7", 0.03),)))
    placed = bare.place(q)

    def near(of, reach):
        pairs = of.obstacle_pairs(placed, reach)
        links = [panda.spheres.links[sphere] for sphere in pairs.sphere // len(q)]
        gaps = of.obstacle_gaps(placed, pairs)
        found = zip(links, pairs.sphere.tolist(), pairs.obstacle.tolist(), gaps.tolist(), strict=True)
        return {(link, sphere, obstacle): gap for link, sphere, obstacle, gap in found}

    found, wide = near(proximity, 0.05), near(bare, 0.08)
    reached = {key: gap - 0.03 * (key[0] == "panda_link7") for key, gap in wide.items()}
    expected = {key: gap for key, gap in reached.items() if gap < 0.05 and (key[0], key[2]) != ("panda_hand", 0)}
    assert found.keys() == expected.keys() and any(key[0] == "panda_hand" for key in found)
    np.testing.assert_allclose([found[key] for key in expected], list(expected.values()), atol=1e-6)


def test_a_scene_without_obstacles_has_no_pairs(panda, q):
    proximity = Proximity(panda, Scene())
    assert not len(proximity.obstacle_pairs(proximity.place(q), 1.0).sphere)
