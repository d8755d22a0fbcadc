from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from genmodels_ros.simulation.floor.layouts import demo_floor_plan
from genmodels_ros.simulation.gazebo.figure_mesh import tessellate, walker_obj
from genmodels_ros.simulation.solids import Solid

VOLUMES = {
    Solid("box", (1, 2, 3), (0.2, 0.4, 0.6), 0.3): 0.2 * 0.4 * 0.6,
    Solid("cylinder", (1, 2, 3), (0.4, 0.4, 0.6)): np.pi * 0.04 * 0.6,
    Solid("sphere", (1, 2, 3), (0.2, 0.4, 0.6)): np.pi / 6 * 0.2 * 0.4 * 0.6,
    Solid("capsule", (1, 2, 3), (0.2, 0.2, 0.6)): np.pi * 0.01 * 0.6 + np.pi / 6 * 0.008,
}


def volume(vertices: np.ndarray, faces) -> float:
    """Signed volume of a closed surface (divergence theorem): positive where faces look outwards."""
    total = 0.0
    for face in faces:
        for b, c in pairwise(face[1:]):
            total += np.dot(vertices[face[0]], np.cross(vertices[b], vertices[c])) / 6
    return total


@pytest.mark.parametrize("solid", VOLUMES, ids=lambda solid: solid.shape)
def test_surfaces_are_closed_and_look_outwards(solid):
    vertices, faces = tessellate(solid, 64)
    assert volume(vertices, faces) == pytest.approx(VOLUMES[solid], rel=0.1)
    edges = [(a, b) for face in faces for a, b in zip(face, (*face[1:], face[0]), strict=True)]
    assert sorted(edges) == sorted((b, a) for a, b in edges), "each edge is shared by two faces"
    np.testing.assert_allclose((vertices.min(axis=0) + vertices.max(axis=0)) / 2, solid.center, atol=1e-9)


@pytest.mark.parametrize("walker", [demo_floor_plan().walkers[0], replace(demo_floor_plan().walkers[1], kind="robot")])
def test_a_lidar_meets_the_walkers_cylinder(walker):
    obj, mtl = walker_obj(walker, 0, "somebody")
    vertices = np.array([line.split()[1:] for line in obj.splitlines() if line.startswith("v ")], float)
    assert vertices[:, 2].min() == pytest.approx(0) and vertices[:, 2].max() == pytest.approx(walker.height, abs=0.02)
    away = np.linalg.norm(vertices[:, :2], axis=1)
    assert away[:48].min() == pytest.approx(walker.radius, abs=1e-3) and away.max() < walker.radius + 0.02
    used = {line.split()[1] for line in obj.splitlines() if line.startswith("usemtl")}
    assert used == {line.split()[1] for line in mtl.splitlines() if line.startswith("newmtl")}
    normals = np.array([line.split()[1:] for line in obj.splitlines() if line.startswith("vn ")], float)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1.0, atol=2e-3)
    faces = [[pair.split("//") for pair in line.split()[1:]] for line in obj.splitlines() if line.startswith("f ")]
    for face in faces:
        corners = vertices[[int(corner) - 1 for corner, _ in face]]
        (number,) = {int(normal) for _, normal in face}
        across = np.cross(corners[1] - corners[0], corners[2] - corners[0])
        np.testing.assert_allclose(across / np.linalg.norm(across), normals[number - 1], atol=0.02)
