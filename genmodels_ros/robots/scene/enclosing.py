"""Boxes and cylinders that hold what the collision checker has no solid for: cones, planes, meshes. None of what they
stand for is left out; they are larger by what each function says.
"""

import numpy as np

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.obstacles import LARGEST, Box, Cylinder
from genmodels_ros.robots.scene.placed import quaternion
from genmodels_ros.robots.scene.voxels import fill, merge

SLICES = 8  # of a cone
THICK, WIDE = 0.1, 10.0  # m of a plane's slab
FINEST, CELLS = 0.02, 32  # m of a mesh's voxel, and the most voxels along the longest side of a larger mesh
MOST_BOXES, MOST_TRIANGLES = 100, 50_000  # of a mesh


def cone(height: float, radius: float, id: str = "") -> tuple[Cylinder, ...]:
    """Discs that hold a cone about the z axis, its tip at height / 2, wider by at most radius / SLICES."""
    step = height / SLICES
    middles = [-height / 2 + (k + 0.5) * step for k in range(SLICES)]
    return tuple(Cylinder((0, 0, z), radius * (1 - k / SLICES), step, id=id) for k, z in enumerate(middles))


def slab(coefficients, id: str = "") -> Box:
    """A box THICK behind the plane a x + b y + c z + d = 0, and WIDE around its point nearest to the frame's origin.

    Behind is where (a, b, c) does not point to. Raises GenModelsError(INVALID_OBSTACLE) for what is no plane.
    """
    *normal, offset = (float(value) for value in coefficients)
    length = np.hypot(np.hypot(*normal[:2]), normal[2])  # large numbers do not overflow it
    if not (1e-9 < length < 1e9 and abs(offset) <= LARGEST * length):  # also for NaN
        message = f"Plane {id!r} needs a normal of a length from 1e-9 to 1e9 and a distance within {LARGEST:g} m."
        raise GenModelsError(ErrorCode.INVALID_OBSTACLE, message)
    z = np.array(normal) / length
    x = np.cross(z, np.eye(3)[np.abs(z).argmin()])
    x /= np.linalg.norm(x)
    rotation = np.stack([x, np.cross(z, x), z], axis=1)
    return Box(-z * (offset / length + THICK / 2), (WIDE, WIDE, THICK), quaternion(rotation), id)


def mesh(vertices: np.ndarray, triangles: np.ndarray, id: str = "") -> tuple[Box, ...]:
    """Boxes that hold a mesh of vertices [V, 3] m and triangles [F, 3], and whatever it shuts in.

    They stand out by up to two voxels of FINEST (larger meshes: a CELLS-th of the longest side), more where MOST_BOXES
    make it. Raises GenModelsError(INVALID_OBSTACLE) for what is no mesh.
    """
    vertices, triangles = np.asarray(vertices, float).reshape(-1, 3), np.asarray(triangles, int).reshape(-1, 3)
    _check(vertices, triangles, id)
    corners = vertices[triangles]
    lowest, extent = corners.min(axis=(0, 1)), np.ptp(corners.reshape(-1, 3), axis=0)
    size = max(FINEST, extent.max() / CELLS)
    lower, upper = fill(*merge(_shut_in(_touched((corners - lowest) / size))), MOST_BOXES)
    centers, sides = lowest + (lower + upper) / 2 * size, (upper - lower) * size
    return tuple(Box(center, dims, id=id) for center, dims in zip(centers, sides, strict=True))


def _check(vertices: np.ndarray, triangles: np.ndarray, id: str) -> None:
    if not len(triangles) or len(triangles) > MOST_TRIANGLES:
        message = f"Mesh {id!r} has {len(triangles)} triangles, not 1 to {MOST_TRIANGLES}: simplify it, or send solids."
        raise GenModelsError(ErrorCode.INVALID_OBSTACLE, message)
    if triangles.min() < 0 or triangles.max() >= len(vertices):
        raise GenModelsError(ErrorCode.INVALID_OBSTACLE, f"Mesh {id!r} has a triangle with a corner that it lacks.")
    if not (np.abs(vertices) <= LARGEST).all():
        raise GenModelsError(ErrorCode.INVALID_OBSTACLE, f"Mesh {id!r} has corners beyond {LARGEST:g} m, or NaN.")


def _touched(corners: np.ndarray) -> np.ndarray:
    """Voxels [V, 3] of unit size that hold triangles [F, 3, 3]: those of the boxes around ever smaller halves of
    them.
    """
    found = []
    while len(corners):
        small = np.ptp(corners, axis=1).max(axis=1) <= 0.5
        lower, upper = (np.floor(edge(corners[small], axis=1)).astype(int) for edge in (np.min, np.max))
        ends = np.stack([lower, upper], axis=1)
        found += [ends[:, [i, j, k], [0, 1, 2]] for i in (0, 1) for j in (0, 1) for k in (0, 1)]
        corners = _halved(corners[~small])
    return np.unique(np.concatenate(found), axis=0)


def _halved(corners: np.ndarray) -> np.ndarray:
    """Triangles [2 F, 3, 3] that are triangles [F, 3, 3] cut at the middle of the longest edge."""
    longest = np.linalg.norm(np.roll(corners, -1, axis=1) - corners, axis=2).argmax(axis=1)
    order = (longest[:, None] + np.arange(3)) % 3
    a, b, c = np.take_along_axis(corners, order[..., None], axis=1).transpose(1, 0, 2)
    middle = (a + b) / 2
    return np.concatenate([np.stack([a, middle, c], axis=1), np.stack([middle, b, c], axis=1)])


def _shut_in(voxels: np.ndarray) -> np.ndarray:
    """The voxels and those that no way leads to from outside."""
    shift = voxels.min(axis=0) - 1
    wall = np.zeros(np.ptp(voxels, axis=0) + 3, dtype=bool)
    wall[tuple((voxels - shift).T)] = True
    outside = np.zeros_like(wall)
    outside[0, 0, 0] = True
    count = 0
    while outside.sum() != count:
        count = outside.sum()
        grown = outside.copy()
        for axis in range(3):
            for ahead, behind in ((slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None))):
                into, source = [slice(None)] * 3, [slice(None)] * 3
                into[axis], source[axis] = ahead, behind
                grown[tuple(into)] |= outside[tuple(source)]
        outside = grown & ~wall
    return np.argwhere(~outside) + shift
