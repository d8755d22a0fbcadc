"""Drives on random floors: reproducible, resumable, consistent with themselves."""

import numpy as np
import pytest

from genmodels_ros.data.episodes import load_shard, read_card
from genmodels_ros.simulation.floor.episodes import (
    AFTER_TOUCH,
    TIME_STEP,
    _random_base,
    _random_lidar,
    make_shards,
    simulate_floor,
)
from genmodels_ros.simulation.floor.walkers import FASTEST
from genmodels_ros.simulation.scenes import Lidar


@pytest.fixture(scope="module")
def floor():
    return simulate_floor(3, 1, num_people=6)


def test_the_same_seed_gives_the_same_drives():
    a, b, c = simulate_floor(5, 0, steps=40), simulate_floor(5, 0, steps=40), simulate_floor(6, 0, steps=40)
    for name in a.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    assert not np.array_equal(a.scan, c.scan)


def test_rows_are_complete_and_robots_slower_than_their_limits(floor):
    assert len(floor) == 500 and np.isfinite(floor.pose).all() and np.isfinite(floor.command).all()
    assert np.abs(floor.command).max(axis=0) == pytest.approx([0.6, 1.5], abs=0.3)
    same = np.diff(floor.drive) == 0
    speed = np.linalg.norm(np.diff(floor.pose[:, :2], axis=0), axis=1)[same] / TIME_STEP
    assert np.quantile(speed, 0.99) < 0.75


def test_odometry_follows_the_truth_but_drifts(floor):
    """Both start together in each drive; slip parts them slowly."""
    starts = np.flatnonzero(np.diff(floor.drive, prepend=-1))
    np.testing.assert_allclose(floor.odometry[starts], floor.pose[starts], atol=1e-5)
    error = np.linalg.norm(floor.odometry[:, :2] - floor.pose[:, :2], axis=1)
    assert 0 < error.max() < 3


def test_scans_see_the_people(floor):
    """Where somebody stands in front of the robot, with nothing between, the beam towards them ends at them."""
    seen = near = 0
    for row in range(0, len(floor), 5):
        for x, y, radius in floor.people[row]:
            dx, dy = x - floor.pose[row, 0], y - floor.pose[row, 1]
            distance = np.hypot(dx, dy)
            if not np.isfinite(distance) or distance > 1.5:
                continue
            bearing = np.arctan2(dy, dx) - floor.pose[row, 2]
            beam = int(np.rint(np.rad2deg(bearing + np.pi))) % 360
            near += 1
            seen += floor.scan[row, beam] < distance - radius + 0.1
    assert near > 5 and seen >= 0.9 * near


def test_touches_end_drives_soon(floor):
    for drive in np.unique(floor.drive):
        touched = np.flatnonzero(floor.touched[floor.drive == drive])
        if len(touched):
            assert (floor.drive == drive).sum() - touched[0] <= AFTER_TOUCH + 2
    assert floor.touched.any()


def test_a_stopped_run_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr("genmodels_ros.simulation.floor.episodes.FLOOR_STEPS", 30)
    make_shards(out=tmp_path, count=1, seed=2)
    first = (tmp_path / "floor_00000.npz").stat().st_mtime_ns
    make_shards(out=tmp_path, count=2, seed=2)
    assert (tmp_path / "floor_00000.npz").stat().st_mtime_ns == first
    assert len(list(tmp_path.glob("floor_*.npz"))) == 2 and read_card(tmp_path)["floors"] == 2
    assert len(load_shard(tmp_path / "floor_00001.npz")) > 0


def test_lidars_differ_within_bounds():
    lidars = [_random_lidar(np.random.default_rng(i)) for i in range(200)]
    noise = np.array([lidar.noise for lidar in lidars])
    assert noise.min() >= 0.003 and noise.max() <= 0.03
    assert 0.15 < np.mean([lidar.bursts > 0 for lidar in lidars]) < 0.35


def test_missing_beams_are_nan_in_the_shard(monkeypatch):
    monkeypatch.setattr("genmodels_ros.simulation.floor.episodes._random_lidar", lambda rng: Lidar(bursts=0.5))
    scans = simulate_floor(3, 0, steps=60).scan.astype(np.float32)
    missing = np.isnan(scans)
    assert 0.3 < missing.any(axis=1).mean() < 0.7 and missing.mean() < 1 / 8


def test_bases_differ_within_bounds():
    bases = [_random_base(np.random.default_rng(i)) for i in range(200)]
    assert all(0 <= base.latency <= 0.25 and 0 <= base.slip <= 0.15 and base.radius == 0.2 for base in bases)
    assert 0.2 < np.mean([base.skids > 0 for base in bases]) < 0.5


def test_people_are_no_faster_than_people_and_where_they_are_said_to_be(floor):
    speed = np.linalg.norm(np.diff(floor.people[:, :, :2], axis=0), axis=2) / TIME_STEP
    assert np.nanmax(speed) <= FASTEST + 1e-3 and np.nanmax(speed) > 0.5
    radius = floor.people[0, :, 2]
    assert np.nanmin(radius) >= 0.2 and np.nanmax(radius) <= 0.32
