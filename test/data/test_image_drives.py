"""Recordings of images become drives without gaps, each image with the action of its time."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from genmodels_ros.data.image_drives import Actions, load_drives, split_drives
from genmodels_ros.data.recordings import Command, Recording, StampedImage, open_recording
from genmodels_ros.errors import ErrorCode, GenModelsError


def recording(stamps, sizes=None):
    images = [np.full((12, 16, 3) if sizes is None else (*sizes[i], 3), i, np.uint8) for i in range(len(stamps))]
    commands = tuple(Command(stamp, np.array([0.1 * i, -0.1 * i])) for i, stamp in enumerate(stamps))
    return Recording(
        "tub", Path("made"), commands=commands, num_images=len(stamps),
        images=lambda: iter([StampedImage(stamp, image) for stamp, image in zip(stamps, images, strict=True)]),
    )  # fmt: skip


def test_drives_end_at_gaps_and_where_time_goes_back():
    drives = split_drives(recording([0.0, 0.05, 0.1, 5.0, 5.05, 2.0, 2.05, 2.05]))
    assert [drive.index.tolist() for drive in drives] == [[0, 1, 2], [3, 4], [5, 6], [7]]
    assert all((np.diff(drive.stamps) > 0).all() for drive in drives)


def test_an_image_goes_with_the_action_of_its_time_even_if_the_clock_was_set_back():
    (first, second) = split_drives(recording([10.0, 10.05, 2.0, 2.05]))
    assert first.actions[:, 0] == pytest.approx([0.0, 0.1]) and second.actions[:, 0] == pytest.approx([0.2, 0.3])


def test_actions_hold_until_the_next_are_limited_and_are_zero_before_the_first():
    commands = (Command(1.0, np.array([5.0, -0.5])), Command(2.0, np.array([0.2, 0.0])))
    actions = Actions(Recording("rosbag", Path("made"), commands=commands))
    assert actions.at(np.array([0.5, 1.0, 1.9, 2.5])).tolist() == [[0, 0], [1, -0.5], [1, -0.5], [0.2, 0]]
    assert Actions(Recording("rosbag", Path("made"))).at(3.0).tolist() == [0, 0]


def test_images_of_several_sizes_are_refused():
    with pytest.raises(GenModelsError, match="several sizes") as caught:
        split_drives(recording([0.0, 0.1], sizes=[(12, 16), (24, 32)]))
    assert caught.value.code == ErrorCode.NO_OBSERVATION


def test_all_tubs_of_a_folder_are_found_and_resized(tmp_path):
    for name in ("b", "a"):
        (tmp_path / name / "images").mkdir(parents=True)
        lines = []
        for i in range(3):
            cv2.imwrite(str(tmp_path / name / "images" / f"{i}.jpg"), np.full((12, 16, 3), 50 * i, np.uint8))
            lines.append(json.dumps({"_index": i, "_timestamp_ms": 50 * i, "cam/image_array": f"{i}.jpg"}))
        (tmp_path / name / "catalog_0.catalog").write_text("\n".join(lines))
    drives = load_drives(tmp_path, (6, 8))
    assert [drive.name for drive in drives] == ["a", "b"] and drives[0].images.shape == (3, 6, 8, 3)
    assert [drive.name for drive in load_drives(tmp_path / "a", (6, 8))] == ["a"]
    assert split_drives(open_recording(tmp_path / "a"))[0].images.shape == (3, 12, 16, 3)


def test_a_folder_without_tubs_is_refused(tmp_path):
    with pytest.raises(GenModelsError, match="no Donkey tub"):
        load_drives(tmp_path, (6, 8))
