import numpy as np
import pytest

from genmodels_ros.evaluation.augmenter import repainting
from genmodels_ros.evaluation.augmenter.repainting import TEXTURE, Repaintings, sheet, table
from genmodels_ros.models.checkpoint import shipped


def pictures(count, seed=0):
    return np.random.default_rng(seed).integers(60, 180, (count, 48, 64, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def made():
    return Repaintings(pictures(3), np.ones((3, 48, 64), np.uint8), shipped(TEXTURE))


def test_every_arm_at_every_strength_beside_source_and_other_real_frames(made):
    rows = table(made, pictures(6, seed=1)).rows
    assert [row[0] for row in rows[:2]] == ["source", "other real frames"]
    assert [row[:2] for row in rows[2:]] == [(arm, s) for arm in made.arms for s in repainting.STRENGTHS]
    assert np.isfinite([row[2:4] for row in rows]).all() and all(0 <= row[4] <= 1 for row in rows[2:])


def test_labels_steer_the_last_arm_alone(made):
    recoloured, plain, steered = ([one.image for one in made.make(arm)] for arm in made.arms)
    assert all((a != b).any() and (b != c).any() for a, b, c in zip(recoloured, plain, steered, strict=True))


def test_the_distance_of_detail_knows_no_brightness():
    target, source = pictures(12, seed=1), pictures(12, seed=2)
    distances = repainting.Distances(source, target)
    (whole, detail), same = distances(target + 60), distances(target)
    assert whole > same[0] + 100 and detail == pytest.approx(same[1], abs=5)


def test_the_picture_has_a_row_for_each_frame(made):
    real = pictures(3, seed=3)
    assert sheet(made, real).shape[0] > 3 * 240 * 48 // 64
