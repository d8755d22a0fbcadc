"""Scenes as arrays of equal length: how shards store them and networks read them.

kind [O] int8: 0 nothing (padding), 1 box, 2 cylinder, 3 sphere
center [O, 3] m; quat_xyzw [O, 4]
size [O, 3] m: box full side lengths; cylinder radius, height, 0; sphere radius, 0, 0
"""

from collections.abc import Sequence

import numpy as np

from genmodels_ros.robots.obstacles import IDENTITY_XYZW, Box, Cylinder, Scene, Sphere

NOTHING, BOX, CYLINDER, SPHERE = range(4)
TOKEN_SIZE = 12


def scene_arrays(scenes: Sequence[Scene], size: int | None = None) -> dict[str, np.ndarray]:
    """`kind`, `center`, `quat_xyzw` and `size`, each [M, O, …], of M scenes, filled up to O obstacles.

    size: O; by default the largest scene's number of obstacles, at least 1. Raises ValueError if a scene has more.
    """
    largest = max((len(scene.obstacles) for scene in scenes), default=0)
    size = max(largest, 1) if size is None else size
    if size < largest:
        raise ValueError(f"size {size} cannot hold {largest} obstacles")
    shape = (len(scenes), size)
    arrays = {
        "kind": np.zeros(shape, np.int8),
        "center": np.zeros((*shape, 3), np.float32),
        "quat_xyzw": np.tile(np.float32(IDENTITY_XYZW), (*shape, 1)),
        "size": np.zeros((*shape, 3), np.float32),
    }
    for i, scene in enumerate(scenes):
        for j, obstacle in enumerate(scene.obstacles):
            arrays["center"][i, j] = obstacle.center
            if isinstance(obstacle, Box):
                arrays["kind"][i, j], arrays["size"][i, j] = BOX, obstacle.dims
                arrays["quat_xyzw"][i, j] = obstacle.quat_xyzw
            elif isinstance(obstacle, Cylinder):
                arrays["kind"][i, j], arrays["size"][i, j] = CYLINDER, (obstacle.radius, obstacle.height, 0)
                arrays["quat_xyzw"][i, j] = obstacle.quat_xyzw
            else:
                arrays["kind"][i, j], arrays["size"][i, j] = SPHERE, (obstacle.radius, 0, 0)
    return arrays


def scene_from_arrays(arrays: dict[str, np.ndarray], index: int) -> Scene:
    """Scene number `index` of scene_arrays, rounded to float32."""
    obstacles = []
    for kind, center, quat_xyzw, size in zip(
        *(arrays[key][index] for key in ("kind", "center", "quat_xyzw", "size")), strict=True
    ):
        if kind == BOX:
            obstacles.append(Box(center, size, quat_xyzw))
        elif kind == CYLINDER:
            obstacles.append(Cylinder(center, size[0], size[1], quat_xyzw))
        elif kind == SPHERE:
            obstacles.append(Sphere(center, size[0]))
    return Scene(tuple(obstacles))


def obstacle_tokens(arrays: dict[str, np.ndarray], yaw: np.ndarray) -> np.ndarray:
    """[M, O, TOKEN_SIZE] float32 what a network is told of each obstacle, the scene turned by -yaw [M] about z.

    Kind (one-hot), centre, and the six entries of the symmetric R diag(h) R^T with half sizes h and orientation R.
    Unlike h and R themselves it is the same for every way to write down the same box or cylinder: less to be learned.
    """
    rotation = rotation_matrices(arrays["quat_xyzw"])
    size, kind = arrays["size"], arrays["kind"]
    cylinder = np.stack([size[..., 0], size[..., 0], size[..., 1] / 2], -1)
    half = np.select([kind[..., None] == k for k in (BOX, CYLINDER, SPHERE)], [size / 2, cylinder, size[..., :1]], 0)
    cos, sin, zero = np.cos(yaw), np.sin(yaw), np.zeros_like(yaw)
    turn = np.stack([cos, sin, zero, -sin, cos, zero, zero, zero, zero + 1], -1).reshape(-1, 1, 3, 3)
    rotation = turn @ rotation
    extent = (rotation * half[..., None, :]) @ np.swapaxes(rotation, -1, -2)
    center = (turn @ arrays["center"][..., None])[..., 0]
    rows, columns = np.triu_indices(3)
    one_hot = kind[..., None] == np.array([BOX, CYLINDER, SPHERE])
    return np.concatenate([one_hot, center, extent[..., rows, columns]], -1).astype(np.float32)


def rotation_matrices(quat_xyzw: np.ndarray) -> np.ndarray:
    """[*, 4] unit quaternions -> [*, 3, 3]."""
    x, y, z, w = np.moveaxis(np.asarray(quat_xyzw, dtype=float), -1, 0)
    entries = [
        1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w),
        2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w),
        2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y),
    ]  # fmt: skip
    return np.stack(entries, -1).reshape(*np.shape(x), 3, 3)
