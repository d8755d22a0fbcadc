"""Scans become a few numbers and come back; clutter is turned up and down; a broken scan stands out."""

import numpy as np
import pytest
import torch

from genmodels_ros.data.scan_vectors import ScanFeatures
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.models.checkpoint import Card, save_checkpoint
from genmodels_ros.models.standardised import Standardised
from genmodels_ros.pipelines.mobile.scan_compression import NEAR, ScanCompressor, clutter
from genmodels_ros.training.fitting import FitOptions
from genmodels_ros.training.mobile.scan_compression import HEADINGS, fit_compressor, turned_scans

BEAMS = 24


def rooms(count: int = 400, seed: int = 0) -> np.ndarray:
    """[N, BEAMS] m: square rooms of many sizes seen from their middle, turned anyhow."""
    rng = np.random.default_rng(seed)
    half, heading = rng.uniform(0.6, 3.0, (count, 1)), rng.uniform(0, 2 * np.pi, (count, 1))
    angles = heading + 2 * np.pi * np.arange(BEAMS) / BEAMS
    return (half / np.maximum(np.abs(np.cos(angles)), np.abs(np.sin(angles)))).astype(np.float32)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    features, out = ScanFeatures(beams=12), tmp_path_factory.mktemp("scans")
    options = FitOptions(steps=300, batch_size=64, learning_rate=3e-3, looks=4, device="cpu", out=out)
    compressor, _ = fit_compressor(turned_scans(rooms(), features), features, {"latent": 4, "width": 48}, options)
    return compressor, out


def test_a_code_keeps_most_of_a_scan(fitted):
    scans, compressor = rooms(100, 1), fitted[0]
    truth = compressor.features.ranges(compressor.features.features(scans))
    assert compressor.encode(scans).shape == (100, 4)
    error = np.abs(compressor.reconstruct(scans) - truth).mean()
    assert error < 0.4 * np.abs(truth - truth.mean(0)).mean()


def test_clutter_is_turned_up_and_down(fitted):
    compressor = fitted[0]
    way, z = compressor.clutter_direction(rooms()), compressor.encode(rooms(100, 1))
    less, same, more = (clutter(compressor.decode(z + amount * way)).mean() for amount in (-0.5, 0.0, 0.5))
    assert less < same - 0.1 and more > same + 0.1


def test_a_way_between_two_scans_begins_and_ends_with_them(fitted):
    first, second = rooms(2, 3)
    way = fitted[0].between(first, second, 5)
    np.testing.assert_allclose(way[[0, -1]], fitted[0].reconstruct(np.stack([first, second])), rtol=1e-3)


def test_a_covered_sector_is_an_anomaly(fitted):
    whole, broken = rooms(50, 4), rooms(50, 4)
    broken[:, 4:8] = 0.1
    assert fitted[0].anomaly(broken).min() > np.median(fitted[0].anomaly(whole))


def test_a_checkpoint_gives_the_same_code_again(fitted):
    again = ScanCompressor.from_checkpoint(fitted[1])
    assert again.features == fitted[0].features
    np.testing.assert_allclose(again.encode(rooms(5)), fitted[0].encode(rooms(5)), rtol=1e-5)


def test_a_model_of_something_else_is_refused(tmp_path):
    torch.manual_seed(0)
    model = Standardised.of_family("vae", {"dimension": 12})
    save_checkpoint(tmp_path, model, Card(model="family", config=model.card_config))
    with pytest.raises(GenModelsError) as error:
        ScanCompressor.from_checkpoint(tmp_path)
    assert error.value.code is ErrorCode.MODEL_UNAVAILABLE


def test_clutter_is_the_share_of_near_beams():
    np.testing.assert_allclose(clutter(np.array([[NEAR - 0.1, NEAR + 0.1, 9.0, 0.2]])), [0.5])


def test_turned_scans_are_the_same_scans_at_other_headings():
    scans = rooms(6)
    turned = np.exp(turned_scans(scans, ScanFeatures(beams=BEAMS)).x.numpy())
    assert turned.shape == (6 * HEADINGS, BEAMS)
    np.testing.assert_allclose(np.sort(turned, 1), np.sort(np.tile(scans, (HEADINGS, 1)), 1), rtol=1e-4)
    assert not np.allclose(turned[:6], scans)
