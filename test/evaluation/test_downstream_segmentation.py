from dataclasses import replace

import numpy as np
import pytest

from genmodels_ros.evaluation import downstream_segmentation as downstream
from genmodels_ros.evaluation.classical_augmentation import Policy
from genmodels_ros.evaluation.downstream_segmentation import Choice
from genmodels_ros.evaluation.labelled_frames import LabelledFrames, mirrored
from genmodels_ros.evaluation.synthetic_share import SHARES, affordable_share


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


@pytest.mark.parametrize("share", [1 / 16, 1 / 2])
@pytest.mark.parametrize(
    ("arm", "classical", "made"), [("source", 0, 0), ("classical", 1, 0), ("GAN", 0, 1), ("both", 0.5, 0.5)]
)
def test_an_arm_gets_its_share_of_either_kind_of_pictures(sets, arm, classical, made, share):
    black = Policy(exposure=(1e-9, 1e-9))
    draw = downstream.batches(arm, sets, Choice(black, {"GAN": share, "classical": share}), np.random.default_rng(0))
    images, labels = (np.concatenate(part) for part in zip(*(draw() for _ in range(200)), strict=True))
    assert images.shape == (200 * downstream.BATCH, *sets.train.rgb.shape[1:]) and labels.shape == images.shape[:3]
    for level, wanted in ((7, made), (0, classical)):
        assert (images == level).all(axis=(1, 2, 3)).mean() == pytest.approx(wanted * share, abs=0.03)


def test_each_arm_has_a_share_of_its_own_and_both_and_unmarked_have_the_gans():
    choice = Choice(shares={"GAN": 0.1, "classical": 0.3})
    assert [choice.share(arm) for arm in downstream.ARMS] == [0, 0.3, 0.1, 0.1, 0.1]


@pytest.mark.parametrize(
    ("losses", "chosen", "tried"),
    [
        ((0.1, -0.2, 0.5, 0.6), 1 / 4, 4),
        ((0.7, 0, 0, 0), 1 / 16, 1),
        ((0.1, 0.2, 0.9, 0.3), 1 / 8, 3),
        ((0, 0, 0, 0), 1 / 2, 4),
    ],
)
def test_the_share_is_the_last_before_one_that_costs_too_much(losses, chosen, tried):
    share, looked_at = affordable_share(dict(zip(SHARES, losses, strict=True)).get)
    assert share == chosen and tuple(looked_at) == SHARES[:tried]


def test_choices_are_made_on_validation_frames_alone(sets, monkeypatch):
    tested = []
    monkeypatch.setattr(downstream, "tested", lambda model, frames: tested.append(frames) or np.ones((2, 6, 6)))
    monkeypatch.setattr(downstream, "POLICIES", {"none": Policy()})
    validation = {domain: frames(8, 2) for domain in downstream.DOMAINS}
    experiment = downstream.Experiment(
        replace(sets, validation=validation), downstream.Protocol(8, 8, 8, 1, 1, 1, 1), 0
    )
    choice, found = experiment.choose()
    assert all(any(one is frame for frame in validation.values()) for one in tested) and tested
    assert choice.shares == dict.fromkeys(("classical", "GAN"), 1 / 2) and len(found) == 2  # nothing lost here


def test_no_arm_touches_the_frames_that_it_draws_from(sets):
    before = sets.train.rgb.copy()
    downstream.batches("classical", sets, Choice(Policy(exposure=(0.1, 0.1))), np.random.default_rng(0))()
    assert (sets.train.rgb == before).all()


def test_labels_are_mirrored_with_their_images():
    images, labels = mirrored(frames().rgb, frames().labels, np.random.default_rng(0))
    assert (images[..., 0] == 40 * labels).all() and (labels != frames().labels).any()


def test_arms_start_from_the_same_weights_and_all_are_tested_everywhere(sets):
    protocol = downstream.Protocol(8, 8, 8, seeds=2, base_steps=3, arm_steps=2)
    experiment = downstream.Experiment(sets, protocol, seed=0)
    assert experiment.base(0) is experiment.base(0)
    results = experiment.run(Choice())
    assert set(results) == set(downstream.ARMS)
    assert all(found.shape == (4, 2, 2, 6, 6) for found in results.values())
    for table in (downstream.levels(results), downstream.differences(results), downstream.classes(results)):
        assert table.rows
