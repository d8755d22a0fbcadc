"""Scans become vectors and come back; beams that measured nothing are filled in, those that hit nothing are far."""

import numpy as np
import pytest

from genmodels_ros.data.episodes import Episodes, save_shard
from genmodels_ros.data.scan_vectors import KINDS, ScanFeatures, scans_of_shards
from genmodels_ros.errors import ErrorCode, GenModelsError


def scans(count: int = 6, beams: int = 90, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.3, 11.0, (count, beams)).astype(np.float32)


@pytest.mark.parametrize("kind", KINDS)
def test_ranges_come_back_at_the_beams_that_were_kept(kind):
    features = ScanFeatures(beams=30, kind=kind)
    x = features.features(scans())
    assert x.shape == (6, 30)
    np.testing.assert_allclose(features.ranges(x), scans()[:, ::3], rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_hit_is_far_and_whatever_a_model_makes_is_a_range(kind):
    features = ScanFeatures(beams=4, kind=kind, range_max=8.0)
    far = features.features(np.array([[np.inf, 20.0, 8.0, 1.0]]))
    np.testing.assert_allclose(features.ranges(far), [[8, 8, 8, 1]], rtol=1e-5)
    made = features.ranges(np.array([[-1e9, 1e9, 0.0, -3.0]]))
    assert (made >= features.range_min).all() and (made <= 8).all()


def test_a_beam_that_measured_nothing_takes_its_nearest_neighbour_around_the_circle():
    scan = np.array([[np.nan, 2.0, 3.0, 4.0, np.nan, 0.0, 7.0, np.nan]])
    round_trip = lambda closed: (f := ScanFeatures(8, closed=closed)).ranges(f.features(scan))[0]  # noqa: E731
    np.testing.assert_allclose(round_trip(True), [2, 2, 3, 4, 4, 7, 7, 7], rtol=1e-5)
    scan = np.array([[np.nan, np.nan, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]])
    np.testing.assert_allclose(round_trip(True)[:2], [8, 3], rtol=1e-5)
    np.testing.assert_allclose(round_trip(False)[:2], [3, 3], rtol=1e-5)


def test_an_open_fan_keeps_both_ends():
    features = ScanFeatures(3, closed=False)
    np.testing.assert_allclose(
        features.ranges(features.features(np.array([[1.0, 2, 3, 4, 5]]))), [[1, 3, 5]], rtol=1e-5
    )


def test_scans_with_little_in_them_are_left_out_of_the_lesson_with_their_condition():
    some = scans(8)
    some[2, :60] = np.nan
    data = ScanFeatures(30).vectors(some, np.arange(8.0)[:, None])
    assert data.x.shape == (7, 30) and data.shape == (30,)
    assert data.condition[:, 0].tolist() == [0, 1, 3, 4, 5, 6, 7]


def test_a_dead_lidar_is_refused():
    with pytest.raises(GenModelsError) as error:
        ScanFeatures().features(np.full((1, 90), np.nan))
    assert error.value.code is ErrorCode.INVALID_DATA


@pytest.mark.parametrize("wrong", [{"beams": 0}, {"kind": "square"}, {"range_min": 0.0}, {"range_max": np.inf}])
def test_senseless_features_are_refused(wrong):
    with pytest.raises(GenModelsError) as error:
        ScanFeatures(**wrong)
    assert error.value.code is ErrorCode.INVALID_CONFIG


def test_scans_of_drives_are_read_every_so_often(tmp_path):
    rows, more = scans(10), {"odometry": 3, "twist": 2, "pose": 3, "command": 2}
    arrays = {name: np.zeros((10, columns), np.float32) for name, columns in more.items()}
    episodes = Episodes(
        rows.astype(np.float16), **arrays, touched=np.zeros(10, bool), people=np.zeros((10, 0, 3)), drive=np.zeros(10)
    )
    save_shard(tmp_path / "floor_0.npz", episodes)
    np.testing.assert_allclose(scans_of_shards([tmp_path / "floor_0.npz"], every=4), rows[::4], rtol=1e-3)
