import numpy as np
import pytest

from genmodels_ros.errors import ErrorCode, GenModelsError
from genmodels_ros.evaluation.augmenter.gate_calibration import OBJECTS, limits_from
from genmodels_ros.evaluation.augmenter.gate_faults import (
    another_frame,
    black,
    noise,
    object_erased,
    object_pasted,
    shifted,
)
from genmodels_ros.evaluation.augmenter.gate_rates import refused
from genmodels_ros.evaluation.augmenter.labelled_frames import LabelledFrames
from genmodels_ros.pipelines.camera.gate_calibration import GateCalibration
from genmodels_ros.pipelines.camera.quality_gate import Verdict
from genmodels_ros.pipelines.camera.scene_agreement import Seen


@pytest.fixture
def frames():
    """Four scenes of one frame; a thing of class 3 stands left in the even ones, right in the odd ones."""
    labels = np.ones((4, 48, 64), np.uint8)
    labels[0::2, 20:36, 6:20] = labels[1::2, 20:36, 40:56] = OBJECTS[0]
    rgb = np.where(labels[..., None] == OBJECTS[0], np.uint8(200), np.uint8(90)).repeat(3, axis=-1)
    return LabelledFrames(rgb, labels, np.full(labels.shape, 2.0, np.float32), 1)


def test_faults_do_what_they_are_called(frames):
    rng, source = np.random.default_rng(0), frames.rgb[0]
    pasted, erased = object_pasted(frames, 0, rng), object_erased(frames, 0, rng)
    assert (pasted[20:36, 40:56] == 200).all() and (pasted[:, :32] == source[:, :32]).all()
    assert (erased < 150).all()
    assert (another_frame(frames, 0, rng) == frames.rgb[3]).all()
    assert np.sort(shifted(frames, 0, rng).ravel()).tolist() == np.sort(source.ravel()).tolist()
    assert black(frames, 0, rng).max() < 6 and np.abs(noise(frames, 0, rng).astype(int) - source).mean() > 30


def test_nothing_is_pasted_onto_another_object_or_erased_where_none_is(frames):
    frames.labels[3] = frames.labels[0]
    assert object_pasted(frames, 0, np.random.default_rng(0)) is None
    frames.labels[0] = 1
    assert object_erased(frames, 0, np.random.default_rng(0)) is None


def verdicts(count=400):
    rng = np.random.default_rng(0)
    names = ("familiarity", "scene")
    return [
        Verdict(1, True, "", {name: rng.uniform(0.5, 1) for name in names} | {"lost_area": 0.02, "new_sureness": 0.0})
        for _ in range(count)
    ]


def test_thresholds_refuse_few_of_what_they_were_set_on():
    found, limits = verdicts(), limits_from(verdicts())
    complaints = [limits.complaints(Seen(v.scores["familiarity"], v.scores["scene"], 3, 0, 0)) for v in found]
    assert 0 < np.mean([bool(one) for one in complaints]) < 0.02
    assert len(limits.complaints(Seen(1.0, 0.1, 3, lost=2, invented=1, lost_area=0.1, new_sureness=0.9))) == 3


def test_a_calibration_is_of_its_weights_only(tmp_path):
    limits_from(verdicts()).save(tmp_path)
    assert GateCalibration.load(tmp_path, "").max_lost_area == 0.02
    for folder, sha256 in ((tmp_path, "other"), (tmp_path / "missing", "")):
        with pytest.raises(GenModelsError) as caught:
            GateCalibration.load(folder, sha256)
        assert caught.value.code == ErrorCode.MODEL_UNAVAILABLE


def test_the_share_refused():
    assert refused([Verdict(1, True), Verdict(0, False, "why")]) == 0.5
