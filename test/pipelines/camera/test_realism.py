import numpy as np
import pytest

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.pipelines.camera.realism import REALISM, RealismReference


def pictures(level, seed, count=40):
    rng = np.random.default_rng(seed)
    blocks = rng.integers(level, level + 60, (count, 6, 8, 3), dtype=np.uint8)
    return blocks.repeat(16, axis=1).repeat(16, axis=2)


@pytest.fixture(scope="module")
def reference():
    first = {"dark": pictures(10, 0), "bright": pictures(180, 1)}
    return RealismReference.fit(first, {"dark": pictures(10, 2), "bright": pictures(180, 3)})


def test_pictures_of_the_domain_are_near_and_of_another_far(reference):
    near = [reference.distance(picture, "dark") for picture in pictures(10, 4)]
    far = [reference.distance(picture, "dark") for picture in pictures(180, 4)]
    assert np.mean(np.array(near) <= 1.1) > 0.9 and min(far) > 1.5


def test_what_is_read_back_measures_the_same(reference, tmp_path):
    reference.save(tmp_path)
    image = pictures(100, 5)[0]
    again = RealismReference.load(tmp_path)
    assert again.distance(image, "bright") == pytest.approx(reference.distance(image, "bright"), rel=1e-5)
    assert set(again.styles) == {"dark", "bright"}


def test_a_missing_and_a_damaged_file_are_refused(tmp_path):
    for content in (None, b"nonsense"):
        if content:
            (tmp_path / REALISM).write_bytes(content)
        with pytest.raises(GenModelsError) as caught:
            RealismReference.load(tmp_path)
        assert caught.value.code == ErrorCode.MODEL_UNAVAILABLE
