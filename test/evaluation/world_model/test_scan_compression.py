"""The benchmark's parts on made-up scans; the whole of it is a command."""

import numpy as np
import pytest

from genmodels_ros.data.scan_vectors import ScanFeatures
from genmodels_ros.evaluation.options import BenchOptions
from genmodels_ros.evaluation.world_model import scan_compression
from genmodels_ros.evaluation.world_model.scan_compression import Components, Floors, bench, faults, usable
from genmodels_ros.evaluation.world_model.scan_compression_sheet import sheet
from genmodels_ros.training.fitting import FitOptions
from genmodels_ros.training.mobile.scan_compression import fit_compressor, turned_scans


def scans(count: int = 80, seed: int = 0) -> np.ndarray:
    """[N, 360] m: smooth outlines."""
    rng, angles = np.random.default_rng(seed), 2 * np.pi * np.arange(360) / 360
    waves = sum(rng.normal(0, 0.4, (count, 1)) * np.cos(k * angles + rng.uniform(0, 6, (count, 1))) for k in (1, 2, 3))
    return np.exp(0.7 + waves).clip(0.2, 11).astype(np.float32)


def test_components_lose_less_the_more_there_are_and_nothing_with_all():
    x = np.random.default_rng(0).normal(size=(200, 6)) @ np.random.default_rng(1).normal(size=(6, 6))
    components = Components(x)
    errors = [np.square(components.reconstruct(x, count) - x).mean() for count in range(7)]
    assert errors == sorted(errors, reverse=True) and errors[6] < 1e-12
    assert errors[0] == pytest.approx(x.var(axis=0).mean())


def test_faults_break_scans_and_leave_the_given_ones_alone():
    given = scans(20)
    for broken in faults(given, np.random.default_rng(0)).values():
        assert broken.shape == given.shape and not np.allclose(broken, given)
    np.testing.assert_array_equal(given, scans(20))


def test_scans_without_half_of_their_beams_are_not_used():
    some = scans(4)
    some[1, :200] = np.nan
    some[2, :100] = np.nan
    assert len(usable(some)) == 3


def test_the_tables_hold_both_codes_at_every_size_and_agree_with_the_scans(monkeypatch):
    monkeypatch.setattr(scan_compression, "QUICK_STEPS", 8)
    monkeypatch.setattr(scan_compression, "read_floors", lambda options: Floors(scans(), scans(30, 1), "made up"))
    codes, attribute, anomaly = bench(BenchOptions(quick=True, device="cpu"))
    kept = {(row[0], row[1]): row[5] for row in codes.rows}
    assert kept["principal components", 16] < kept["principal components", 4] < kept["mean of all scans", 0]
    assert sum(name.startswith("VAE, beta") for name, _ in kept) == 4
    assert codes.rows[1][3] == 90 and codes.rows[1][4] == 15  # 360 / 4, 60 / 4
    assert len(attribute.rows) == len(scan_compression.AMOUNTS)
    assert all(0 <= cell <= 1 for row in anomaly.rows for cell in row[1:])


def test_the_picture_shows_three_strips():
    features = ScanFeatures(beams=12)
    options = FitOptions(steps=4, batch_size=32, looks=2, device="cpu")
    compressor, _ = fit_compressor(turned_scans(scans(), features), features, {"latent": 3, "width": 8}, options)
    picture = sheet(compressor, scans(), scans(20, 1))
    assert picture.dtype == np.uint8 and picture.ndim == 3 and picture.std() > 10
