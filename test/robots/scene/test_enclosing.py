"""What stands for a cone, a plane or a mesh holds all of it and little more."""

import numpy as np
import pytest
import torch

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.collision.geometry import hull_faces
from genmodels_ros.robots.distance import ObstacleField, distances
from genmodels_ros.robots.obstacles import Scene
from genmodels_ros.robots.scene.enclosing import CELLS, FINEST, MOST_BOXES, SLICES, THICK, cone, mesh, slab


def depth(solids, points) -> np.ndarray:
    """Signed distance of points [N, 3] to the union of solids; negative inside."""
    field = ObstacleField.from_scene(Scene(tuple(solids)), dtype=torch.float64)
    return distances(field, torch.as_tensor(points, dtype=torch.float64)).amin(dim=-1).numpy()


def test_discs_hold_the_cone(rng):
    height, radius = 0.3, 0.1
    z, angle = rng.uniform(-height / 2, height / 2, 2000), rng.uniform(0, 2 * np.pi, 2000)
    wide = radius * (0.5 - z / height)
    surface = np.stack([wide * np.cos(angle), wide * np.sin(angle), z], axis=1)
    discs = cone(height, radius)
    assert depth(discs, surface).max() <= 1e-9
    outside = surface + np.stack([np.cos(angle), np.sin(angle), 0 * z], 1) * (radius / SLICES + 1e-3)
    assert depth(discs, outside).min() > 0
    assert depth(discs, [[0, 0, height / 2 + 1e-3], [0, 0, -height / 2 - 1e-3]]).min() > 0


@pytest.mark.parametrize("coefficients", [(0, 0, 1, 0.05), (0, 0, -2, 1.0), (1, 2, -3, 0.3), (0, -1, 0, 0)])
def test_a_plane_is_solid_behind_its_face_alone(coefficients, rng):
    normal, offset = np.array(coefficients[:3]), coefficients[3]
    length = np.linalg.norm(normal)
    points = rng.uniform(-1, 1, (500, 3))
    points -= np.outer((points @ normal + offset) / length**2, normal)
    ahead = normal / length * 1e-3
    assert depth([slab(coefficients)], points - ahead).max() < 0
    assert depth([slab(coefficients)], points - normal / length * (THICK - 1e-3)).max() < 0
    assert depth([slab(coefficients)], points + ahead).min() > 0


def ball(radius=0.2) -> tuple[np.ndarray, np.ndarray]:
    points = np.random.default_rng(3).normal(size=(300, 3))
    points *= radius / np.linalg.norm(points, axis=1, keepdims=True)
    return hull_faces(points)


def on(vertices, triangles, rng, count=5000) -> np.ndarray:
    """Points [count, 3] on the triangles of a mesh."""
    weights = rng.dirichlet(np.ones(3), count)
    return np.einsum("nk,nkd->nd", weights, vertices[triangles[rng.integers(0, len(triangles), count)]])


def test_boxes_hold_a_mesh_and_what_it_shuts_in(rng):
    vertices, triangles = ball()
    boxes = mesh(vertices + 0.5, triangles, "ball")
    assert len(boxes) <= MOST_BOXES and all(box.id == "ball" for box in boxes)
    assert depth(boxes, on(vertices, triangles, rng) + 0.5).max() < 1e-6
    inside = rng.normal(size=(200, 3))
    inside *= 0.15 / np.linalg.norm(inside, axis=1, keepdims=True)
    assert depth(boxes, inside + 0.5).max() < 0
    clear = 0.2 + 3 * np.sqrt(3) * max(FINEST, 0.4 / CELLS)
    far = inside / 0.15 * clear
    assert depth(boxes, far + 0.5).min() > -0.02, "joined boxes may stand out further, but not all of them do"
    assert np.median(depth(boxes, far + 0.5)) > 0.02


def test_an_open_mesh_stays_open(rng):
    """A box without a lid: its room is free."""
    corners = np.array([[x, y, z] for z in (0, 1) for x in (0, 1) for y in (0, 1)], float) * [0.6, 0.4, 0.3]
    faces = [(0, 1, 3, 2), (0, 1, 5, 4), (2, 3, 7, 6), (0, 2, 6, 4), (1, 3, 7, 5)]
    triangles = np.array([t for a, b, c, d in faces for t in ((a, b, c), (a, c, d))])
    boxes = mesh(corners, triangles)
    assert depth(boxes, [[0.3, 0.2, 0.15]]).min() > 0.05
    assert depth(boxes, on(corners, triangles, rng)).max() < 1e-6


def test_a_flat_mesh_is_a_thin_box():
    boxes = mesh([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], [[0, 1, 2], [0, 2, 3]])
    assert len(boxes) == 1 and boxes[0].dims[2] <= 2 / CELLS


NAN = float("nan")


@pytest.mark.parametrize(
    "make",
    [
        lambda: slab((0, 0, 0, 1)),
        lambda: slab((0, 0, 1, NAN)),
        lambda: slab((1e300, 1e300, 1, 0)),
        lambda: slab((0, 0, 1, 1e9)),
        lambda: slab((NAN, 0, 1, 0)),
        lambda: mesh([[0, 0, 0]], []),
        lambda: mesh([], []),
        lambda: mesh([[0, 0, 0], [1, 0, 0]], [[0, 1, 2]]),
        lambda: mesh([[0, 0, 0], [1, 0, 0], [0, 1, NAN]], [[0, 1, 2]]),
        lambda: mesh([[0, 0, 0], [1, 0, 0], [0, 1e30, 0]], [[0, 1, 2]]),
        lambda: mesh(np.zeros((3, 3)), np.zeros((100_000, 3), int)),
        lambda: cone(0.1, -1.0),
        lambda: cone(NAN, 1.0),
    ],
)
def test_what_is_none_is_refused(make):
    with pytest.raises(GenModelsError) as error:
        make()
    assert error.value.code == ErrorCode.INVALID_OBSTACLE and error.value.message.endswith(".")


def test_a_point_of_a_mesh_is_a_small_box():
    boxes = mesh(np.zeros((3, 3)), [[0, 1, 2]])
    assert len(boxes) == 1 and boxes[0].dims.max() <= 2 * FINEST
