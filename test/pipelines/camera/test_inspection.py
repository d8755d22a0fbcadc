import json

import cv2
import numpy as np
import pytest

from genmodels_ros.data.image_codec import encode_png
from genmodels_ros.data.xmp import encode_synthetic_png
from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.camera.inspection import inspect_image, inspect_paths
from genmodels_ros.pipelines.camera.provenance import MODIFIED
from genmodels_ros.pipelines.camera.watermark import embed

FACTS = {"digital_source_type": MODIFIED, "style": "fog", "seed": 4}


def picture(seed=0, size=(128, 96)):
    coarse = np.random.default_rng(seed).integers(40, 220, (7, 9, 3), dtype=np.uint8)
    return cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "labels").mkdir(), (tmp_path / "deeper").mkdir()
    (tmp_path / "camera.png").write_bytes(encode_png(picture()))
    (tmp_path / "both.png").write_bytes(encode_synthetic_png(embed(picture()), FACTS))
    (tmp_path / "deeper" / "stripped.jpg").write_bytes(cv2.imencode(".jpg", embed(picture()))[1].tobytes())
    (tmp_path / "unmarked.png").write_bytes(encode_png(picture()))
    (tmp_path / "unmarked.json").write_text(json.dumps(FACTS))
    (tmp_path / "small.png").write_bytes(encode_png(picture(size=(20, 20))))
    (tmp_path / "labels" / "both.png").write_bytes(encode_png(np.zeros((4, 4), np.uint8)))
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "camera.json").write_text("[1, 2]")
    return tmp_path


def test_each_image_is_judged_by_its_pixels_and_by_what_is_said_of_it(folder):
    answers = {one.name.removeprefix(f"{folder}/"): one for one in inspect_paths([folder])}
    assert {name: (one.synthetic, one.by_mark, one.by_metadata) for name, one in answers.items()} == {
        "camera.png": (False, False, False),
        "both.png": (True, True, True),
        "deeper/stripped.jpg": (True, True, False),
        "unmarked.png": (True, False, True),
        "small.png": (None, False, False),
        "broken.png": (None, None, False),
    }
    assert answers["both.png"].metadata == FACTS and answers["broken.png"].problem
    assert answers["both.png"].false_alarm < 1e-7 < answers["camera.png"].false_alarm


def test_files_are_named_one_by_one_too_and_a_missing_one_is_refused(folder):
    assert [one.synthetic for one in inspect_paths([folder / "both.png", folder / "camera.png"])] == [True, False]
    for bad in (folder / "nothing.png", folder / "labels" / "nowhere"):
        with pytest.raises(GenModelsError) as raised:
            inspect_paths([folder, bad])
        assert raised.value.code == ErrorCode.INVALID_IMAGE


def test_an_image_in_memory_is_judged_alike():
    assert inspect_image(embed(picture())).synthetic and not inspect_image(picture()).synthetic
    assert inspect_image(picture(), metadata=FACTS).synthetic
