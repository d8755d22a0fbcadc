import numpy as np
import pytest

from genmodels_ros.evaluation.augmenter import completion
from genmodels_ros.evaluation.image_similarity import FeatureDistance
from genmodels_ros.evaluation.options import BenchOptions
from genmodels_ros.models.checkpoint import Card, save_checkpoint
from genmodels_ros.models.gan.inpainter import ImageCompletionGAN


@pytest.fixture
def checkpoint(tmp_path):
    save_checkpoint(tmp_path, ImageCompletionGAN(width=16), Card("image_completion_gan", {"width": 16}))
    return tmp_path


def frames(count=3):
    ramp = np.linspace(0, 255, 80)[None, :, None] * np.ones((60, 1, 3))
    return np.stack([np.roll(ramp, 9 * number, axis=1) for number in range(count)]).astype(np.uint8)


def test_the_truth_itself_scores_best_and_outside_the_hole_nothing_counts():
    truth, mask = frames()[0], np.zeros((60, 80), bool)
    mask[20:40, 30:60] = True
    l1, ssim, distance, sharp = completion.hole_scores(truth, truth, mask, FeatureDistance())
    assert (l1, distance) == (0, 0) and ssim == pytest.approx(1) and sharp == pytest.approx(1)
    far_away = truth.copy()
    far_away[:5] = 0
    assert completion.hole_scores(truth, far_away, mask, FeatureDistance())[0] == 0
    wrong = np.where(mask[..., None], np.uint8(128), truth)
    worse = completion.hole_scores(truth, wrong, mask, FeatureDistance())
    assert worse[0] > 10 and worse[1] < 0.95 and worse[2] > 0 and worse[3] != pytest.approx(1)


@pytest.mark.parametrize("size", completion.HOLES)
def test_a_hole_has_the_share_asked_for(size):
    low, high = completion.HOLES[size]
    for seed in range(5):
        assert low <= completion.hole_of_share(60, 80, (low, high), np.random.default_rng(seed)).mean() <= high


def test_every_method_leaves_alone_what_lies_outside(checkpoint):
    completer = completion.ImageCompleter.from_checkpoint(checkpoint, "cpu", mark=False)
    image, mask = frames()[0], np.zeros((60, 80), bool)
    mask[20:30, 30:50] = True
    for name, fill in completion.methods(completer).items():
        assert np.array_equal(fill(image, mask, 0)[~mask], image[~mask]), name


def test_the_tables_set_the_model_beside_every_other_method(checkpoint, monkeypatch):
    monkeypatch.setattr(completion, "held_out_frames", lambda count, seed: (frames(),))
    monkeypatch.setattr(completion, "SIZES", ((40, 60),))
    quality, speed = completion.tables(BenchOptions(device="cpu", quick=True, checkpoint=checkpoint))
    assert [row[:2] for row in quality.rows[:2]] == [("small", "model"), ("small", "Telea (OpenCV)")]
    assert len(quality.rows) == 2 * 4 and len(speed.rows) == 2 * 4
    assert all(np.isfinite(row[2:6]).all() for row in quality.rows)
