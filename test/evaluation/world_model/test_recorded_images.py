"""Evaluation on a tub: the dump is what the command line promises, and better than copying where motion is plain."""

import json

import cv2
import numpy as np
import pytest

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.evaluation.image_similarity import FeatureDistance, sharpness, ssim
from genmodels_ros.evaluation.world_model.image_baselines import constant_flow
from genmodels_ros.evaluation.world_model.recordings import evaluate_recording

SHIFT, WIDTH = 3, 96  # pixels an image; pixels


@pytest.fixture(scope="module")
def frames():
    rough = np.random.default_rng(0).integers(0, 256, (16, 90, 3), dtype=np.uint8)
    wall = cv2.resize(rough, (480, 64), interpolation=cv2.INTER_CUBIC)
    return [wall[:, SHIFT * i : SHIFT * i + WIDTH].copy() for i in range(32)]


def write_tub(folder, frames, gap_at=None):
    (folder / "images").mkdir(parents=True)
    lines = []
    for i, image in enumerate(frames):
        cv2.imwrite(str(folder / "images" / f"{i}.jpg"), image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
        stamp = 50 * i + (5000 if gap_at is not None and i >= gap_at else 0)
        lines.append(json.dumps({
            "_index": i, "_timestamp_ms": stamp, "cam/image_array": f"{i}.jpg", "user/angle": 0.5, "user/throttle": 0.5
        }))  # fmt: skip
    (folder / "catalog_0.catalog").write_text("\n".join(lines))
    return folder


def test_the_dump_is_consistent_and_the_model_beats_copying(frames, tmp_path):
    tables = evaluate_recording(write_tub(tmp_path / "tub", frames[:25]), device="cpu", dump=tmp_path / "dump.npz")
    with np.load(tmp_path / "dump.npz", allow_pickle=False) as dump:
        starts = dump["start_index"]
        assert starts[0] == 9 and starts[-1] == 14 and dump["horizon_steps"].tolist() == [1, 5, 10]
        assert dump["images_true"].shape == dump["images_pred"].shape == (len(starts), 3, 64, WIDTH, 3)
        assert dump["images_pred"].dtype == np.uint8 and dump["poses_pred"].shape == (len(starts), 3, 3)
        for row in (0, len(starts) - 1):
            for k, steps in enumerate((1, 5, 10)):
                off = [np.abs(dump["images_true"][row, k].astype(int) - frame).mean() for frame in frames]
                assert np.argmin(off) == starts[row] + steps
        assert dump["seconds"][0] == pytest.approx([0.05, 0.25, 0.5])
    similarity, features, _ = tables
    for table, better in ((similarity, 1), (features, -1)):
        copy, _, model = (table.columns.index(name) for name in ("copy last", "constant flow", "model"))
        assert all(better * (row[model] - row[copy]) > 0 for row in table.rows[:2])


def test_no_prediction_reaches_over_a_gap(frames, tmp_path):
    tub = write_tub(tmp_path / "tub", frames, gap_at=16)
    evaluate_recording(tub, device="cpu", context=5, dump=tmp_path / "dump.npz")
    with np.load(tmp_path / "dump.npz", allow_pickle=False) as dump:
        assert set(dump["start_index"]) == {4, 5, 20, 21}


def test_short_tubs_are_refused(frames, tmp_path):
    with pytest.raises(GenModelsError, match="without a gap") as caught:
        evaluate_recording(write_tub(tmp_path / "tub", frames[:12]), device="cpu")
    assert caught.value.code == ErrorCode.NO_OBSERVATION


def test_constant_flow_goes_on(frames):
    onward = constant_flow(frames[0], frames[1], 0.05, 0.05 * np.arange(1, 4))
    for steps in (1, 3):
        inner = slice(8, WIDTH - 8 - SHIFT * steps)
        error = np.abs(onward[steps - 1][:, inner].astype(float) - frames[1 + steps][:, inner]).mean()
        assert error < 0.25 * np.abs(frames[1][:, inner].astype(float) - frames[1 + steps][:, inner]).mean()


def test_measures_of_likeness(frames):
    image, blurred = frames[0], cv2.GaussianBlur(frames[0], (0, 0), 4)
    distance = FeatureDistance()
    assert ssim(image, image) == pytest.approx(1) and distance(image, image) == 0
    noisy = [
        np.clip(image + np.random.default_rng(0).normal(0, size, image.shape), 0, 255).astype(np.uint8)
        for size in (5, 40)
    ]
    assert 1 > ssim(image, noisy[0]) > ssim(image, noisy[1])
    assert 0 < distance(image, noisy[0]) < distance(image, noisy[1])
    assert sharpness(blurred) < 0.8 * sharpness(image) and distance(image, blurred) > 0.01
