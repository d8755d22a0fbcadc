"""What spheres prove clear is clear, for one scene or several."""

import numpy as np
import torch

from genmodels_ros.robots.collision.checker import CollisionChecker
from genmodels_ros.robots.collision.geometry import link_points, load_geometry
from genmodels_ros.robots.distance import FAR, ObstacleField
from genmodels_ros.robots.obstacles import Box, Cylinder, Scene, Sphere
from genmodels_ros.robots.setup.sphere_fitting import Solid
from genmodels_ros.robots.spheres import obstacle_distances, self_distances, sphere_centers

SCENE = Scene(
    (
        Box((0.5, 0.1, 0.3), (0.2, 0.4, 0.1), (0.1, 0.2, 0.3, np.sqrt(0.86))),
        Cylinder((-0.3, 0.4, 0.5), 0.1, 0.5, (0.5, 0.5, -0.5, 0.5)),
        Sphere((0.2, -0.5, 0.6), 0.2),
    )
)


def configurations(robot, count, seed=0):
    rng = np.random.default_rng(seed)
    return torch.as_tensor(rng.uniform(robot.limits.lower, robot.limits.upper, size=(count, robot.num_joints)))


def test_spheres_do_not_bloat_the_arm(panda):
    """Few spheres, and none sticks out of its link by more than 25 mm (but for the base's, which stands still)."""
    assert len(panda.spheres) <= 70
    spheres = panda.source.settings["spheres"]
    for link, corners in link_points(*load_geometry(panda.source.urdf, panda.source.folder)).items():
        assert Solid.around(corners).slack(np.array(spheres[link])) < (0.04 if link == "panda_link0" else 0.025), link


def test_batched_scenes_and_padding_change_nothing(panda):
    one, empty = ObstacleField.from_scene(SCENE, size=8), ObstacleField.from_scene(Scene(), size=8)
    centers = sphere_centers(panda.chain, panda.spheres, configurations(panda, 6).float()).reshape(2, 3, -1, 3)
    both = obstacle_distances(panda.spheres, centers, ObstacleField.stack([one, empty]))
    torch.testing.assert_close(both[0], obstacle_distances(panda.spheres, centers[0], ObstacleField.from_scene(SCENE)))
    assert (both[1] > FAR / 2).all()


def test_clear_spheres_prove_a_clear_robot(panda):
    q = configurations(panda, 1000)
    centers = sphere_centers(panda.chain, panda.spheres, q)
    gap = obstacle_distances(panda.spheres, centers, ObstacleField.from_scene(SCENE, torch.float64)).amin(-1)
    clear = (gap > 0) & (self_distances(panda.spheres, centers).amin(-1) > 0)
    assert 0.1 < clear.double().mean() < 0.9
    checker = CollisionChecker(panda, SCENE)
    assert not any(checker.in_collision(row) for row in q[clear].numpy())
    bounds = zip(q[clear][:50].numpy(), gap[clear][:50].numpy(), strict=True)
    assert all(checker.clearance(row) >= bound - 1e-6 for row, bound in bounds)


def test_self_distances_know_the_ready_pose_and_a_folded_one(panda):
    ready, folded = torch.as_tensor(panda.ready), torch.as_tensor(panda.ready).clone()
    folded[[1, 3, 5]] = torch.tensor([1.7, -3.0, 0.0], dtype=torch.float64)
    gaps = self_distances(panda.spheres, sphere_centers(panda.chain, panda.spheres, torch.stack([ready, folded])))
    assert gaps[0].min() > 0 > gaps[1].min()
