import json
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from genmodels_ros.errors import GenModelsError
from genmodels_ros.evaluation.augmenter.driven_places import AFTER, BEFORE, driving, places, read_drive

TUBS = Path(__file__).resolve().parents[4] / "shared" / "data" / "camera"


def pictures(count, seed=0):
    return np.random.default_rng(seed).integers(0, 255, (count, 24, 32, 3), dtype=np.uint8)


def test_frames_around_a_stop_or_a_reversal_are_left_out():
    throttle = np.full(200, -0.5)  # forward, in this car
    throttle[100] = 0.5
    left_out = np.flatnonzero(~driving(pictures(200), throttle))
    np.testing.assert_array_equal(left_out, np.arange(100 - BEFORE, 100 + AFTER + 1))
    np.testing.assert_array_equal(driving(pictures(200), -throttle), driving(pictures(200), throttle))


def test_a_picture_that_stands_still_is_no_driving_but_one_recorded_twice_is():
    rgb = pictures(200)
    rgb[50] = rgb[49]
    assert driving(rgb, np.ones(200)).all()
    rgb[100:140] = rgb[100]
    kept = driving(rgb, np.ones(200))
    assert not kept[95:145].any() and kept[:85].all() and kept[160:].all()


def write_tub(folder, name, angle, count=150):
    tub = folder / name
    (tub / "images").mkdir(parents=True)
    records = []
    for index, rgb in enumerate(pictures(count, seed=len(name))):
        file = f"{index}_cam_image_array_.jpg"
        cv2.imwrite(str(tub / "images" / file), rgb)
        record = {"cam/image_array": file, "user/angle": angle, "user/throttle": 0.4, "_timestamp_ms": 50 * index}
        records.append(json.dumps({**record, "_index": index}))
    (tub / "catalog_0.catalog").write_text("\n".join(records))
    path = folder / f"{name}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(tub, arcname=name)
    return path


def test_recordings_of_one_place_are_its_parts_and_a_single_one_is_halved(tmp_path):
    paths = [write_tub(tmp_path, name, angle) for name, angle in (("hall_1", -1.0), ("hall_2", 1.0), ("kitchen", 0.5))]
    hall, kitchen = places(paths)
    assert hall.part_names == ("hall_1", "hall_2") and kitchen.name == "kitchen"
    assert (hall.parts[0].steering == -1).all() and (hall.parts[1].steering == 1).all()  # right stays positive
    assert [len(part) for part in kitchen.parts] == [75, 75]
    assert not (kitchen.parts[0].rgb[-1] == kitchen.parts[1].rgb[0]).all()


def test_a_drive_too_short_is_refused_in_one_sentence(tmp_path):
    with pytest.raises(GenModelsError, match="frames of driving"):
        read_drive(write_tub(tmp_path, "short", 0.0, count=40))


@pytest.mark.skipif(not TUBS.exists(), reason="no real recordings beside the repository")
def test_a_real_drive_keeps_most_of_its_frames():
    drive = read_drive(TUBS / "pi_tub_5.tar.gz")
    assert 1000 < len(drive) < 1996 and drive.rgb.shape[1:] == (120, 160, 3)
    assert set(np.unique(drive.steering)) == {-1.0, 0.0, 1.0} and drive.steering.mean() < 0  # driven anticlockwise
