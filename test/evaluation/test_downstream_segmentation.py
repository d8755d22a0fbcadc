import numpy as np
import pytest

from genmodels_ros.evaluation import downstream_segmentation as downstream
from genmodels_ros.evaluation.classical_augmentation import Policy
from genmodels_ros.evaluation.labelled_frames import LabelledFrames, mirrored


def frames(count=8, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 6, (count, 3, 4), dtype=np.uint8).repeat(8, axis=1).repeat(8, axis=2)
    return LabelledFrames(np.stack([40 * labels] * 3, -1), labels, np.full(labels.shape, 3.0, np.float32), 4)


@pytest.fixture
def sets():
    train = frames()
    variants = np.full((len(downstream.TARGETS), *train.rgb.shape), 7, np.uint8)
    held = {domain: frames(8, 1) for domain in downstream.DOMAINS}
    return downstream.Sets(train, variants, variants, held, held)


@pytest.mark.parametrize(("arm", "made"), [("source", 0), ("classical", 0), ("GAN", 4), ("both", 2)])
def test_an_arm_gets_its_share_of_the_augmenters_pictures(sets, arm, made):
    images, labels = downstream.batches(arm, sets, Policy(), np.random.default_rng(0))()
    assert images.shape == (downstream.BATCH, *sets.train.rgb.shape[1:]) and labels.shape == images.shape[:3]
    assert (images == 7).all(axis=(1, 2, 3)).sum() == made


def test_no_arm_touches_the_frames_that_it_draws_from(sets):
    before = sets.train.rgb.copy()
    downstream.batches("classical", sets, Policy(exposure=(0.1, 0.1)), np.random.default_rng(0))()
    assert (sets.train.rgb == before).all()


def test_labels_are_mirrored_with_their_images():
    images, labels = mirrored(frames().rgb, frames().labels, np.random.default_rng(0))
    assert (images[..., 0] == 40 * labels).all() and (labels != frames().labels).any()


def test_arms_start_from_the_same_weights_and_all_are_tested_everywhere(sets):
    protocol = downstream.Protocol(8, 8, 8, seeds=2, base_steps=3, arm_steps=2)
    experiment = downstream.Experiment(sets, protocol, seed=0)
    assert experiment.base(0) is experiment.base(0)
    results = experiment.run(Policy())
    assert set(results) == set(downstream.ARMS)
    assert all(found.shape == (4, 2, 2, 6, 6) for found in results.values())
    for table in (downstream.levels(results, "none"), downstream.differences(results), downstream.classes(results)):
        assert table.rows
