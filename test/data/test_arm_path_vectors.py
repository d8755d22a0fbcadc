"""Expert paths as vectors: what the shards hold, and the way back to the paths."""

import numpy as np
import pytest

from genmodels_ros.data.arm_path_vectors import arm_path_vectors, save_arm_path_vectors
from genmodels_ros.data.vectors import read_vectors
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.robots.description import load_robot
from genmodels_ros.robots.paths.features import paths_of

ROBOT = load_robot("planar2")
M, N, D = 7, 9, 2


@pytest.fixture
def shards(tmp_path):
    """One shard of M random paths that start and end as a clamped spline must."""
    rng = np.random.default_rng(0)
    points = rng.uniform(-1, 1, (M, N, D)).astype(np.float32)
    points[:, 1], points[:, -2] = points[:, 0], points[:, -1]
    scene = {"kind": np.zeros((M, 1), int), "center": np.zeros((M, 1, 3)), "size": np.zeros((M, 1, 3))}
    np.savez(
        tmp_path / "arm_00000.npz",
        start=points[:, 0],
        goal=points[:, -1],
        control_points=points,
        scene_id=np.arange(M),
        quat_xyzw=np.tile([0.0, 0, 0, 1], (M, 1, 1)),
        **scene,
    )
    return tmp_path, points


def test_paths_come_back_from_the_vectors(shards):
    folder, points = shards
    data = arm_path_vectors(folder, ROBOT)
    assert data.shape == (N - 4, D) and data.condition.shape == (M, 2 * D)
    back = paths_of(points[:, 0], points[:, -1], data.x.reshape(M, N - 4, D).numpy())
    np.testing.assert_allclose(back, points, atol=1e-6)


def test_turning_start_and_goal_together_about_the_base_changes_no_condition(shards):
    folder, _ = shards
    before = arm_path_vectors(folder, ROBOT)
    file = folder / "arm_00000.npz"
    arrays = dict(np.load(file))
    for name in ("start", "goal", "control_points"):
        arrays[name][..., 0] += 0.3
    np.savez(file, **arrays)
    after = arm_path_vectors(folder, ROBOT)
    np.testing.assert_allclose(after.condition, before.condition, atol=1e-6)
    np.testing.assert_allclose(after.x, before.x, atol=1e-6)


def test_the_file_holds_what_was_read(shards, tmp_path):
    folder, _ = shards
    out = tmp_path / "new" / "paths.npz"
    assert save_arm_path_vectors(folder, ROBOT, out) == M
    again, data = read_vectors(out), arm_path_vectors(folder, ROBOT)
    assert again.shape == data.shape and (again.x == data.x).all() and (again.condition == data.condition).all()


def test_a_folder_without_shards_is_refused(tmp_path):
    with pytest.raises(GenModelsError) as error:
        arm_path_vectors(tmp_path, ROBOT)
    assert error.value.code is ErrorCode.MODEL_UNAVAILABLE
